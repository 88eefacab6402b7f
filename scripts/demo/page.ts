/** What happened in a run of the demo, as a page for people. Every figure was measured in that run. */

import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import type { ContractWord, Judgement } from "./checks.ts";
import type { Recorded } from "./deliveries.ts";
import type { Service } from "./service.ts";

export type LedgerState = {
  readonly id: string;
  readonly owner: string;
  readonly signer: string;
  readonly size: number;
  readonly root: string;
  readonly anchoredSize: number;
  readonly finalSize: number;
};

export type Anchor = { readonly size: number; readonly gasUsed: number; readonly transactionHash: string };

/** Milliseconds: from the first request to the last answer, and from there on. */
export type Times = { readonly sentMs: number; readonly anchoredMs: number; readonly finalMs: number };

export type Facts = {
  readonly service: Service;
  readonly recorded: readonly Recorded[];
  readonly concurrency: number;
  readonly times: Times;
  readonly anchors: readonly Anchor[];
  readonly ledger: LedgerState;
  readonly bundle: Bundle;
  /** The anchor that proves the bundle. */
  readonly anchor: BundleAnchor;
  readonly good: Judgement;
  readonly bad: Judgement;
  readonly word: ContractWord;
};

type Row = readonly [label: string, ...lines: readonly string[]];

const LABEL_WIDTH = 12;
const STEPS_WIDTH = 90;

/** The page. */
export function page(facts: Facts): string {
  const rows = [...sent(facts), ...anchored(facts), ...proved(facts)];
  const lines = rows.flatMap(([label, ...texts]) =>
    texts.map((text, i) => `${(i === 0 ? label : "").padEnd(LABEL_WIDTH)}${text}`),
  );
  return `\nFrom real events to a proof that needs no trust in who recorded them\n\n${lines.join("\n")}\n\n`;
}

function sent({ service, recorded, concurrency, times }: Facts): Row[] {
  const bytes = recorded.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const kinds = new Set(recorded.map(({ kind }) => kind)).size;
  const latencies = recorded.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const rate = number((1000 * recorded.length) / times.sentMs);
  const started: Row[] =
    service.startMs === undefined
      ? []
      : [["Service", `up in ${seconds(service.startMs)}, with its own chain, contract and keys, nothing configured`]];
  return [
    ...started,
    [
      "Sent",
      `${number(recorded.length)} GitHub webhook deliveries of ${kinds} kinds, ${number(bytes)} bytes, ${concurrency} at a time`,
      `all answered 201, recorded and on disk: ${rate} a second, p50 ${at(latencies, 0.5)}, p99 ${at(latencies, 0.99)}`,
      "every text is there byte for byte, as the member _raw",
    ],
  ];
}

function anchored({ times, anchors, ledger, anchor }: Facts): Row[] {
  const gas = anchors.map(({ size, gasUsed }) => `${number(gasUsed)} for size ${number(size)}`).join(", ");
  return [
    [
      "Anchored",
      `all in a block ${seconds(times.anchoredMs)} after the last answer, final after ${seconds(times.finalMs)}`,
      `gas of ${anchors.length === 1 ? "the anchor" : `the ${anchors.length} anchors`}: ${gas}`,
    ],
    ["Ledger", `main, id ${ledger.id}`, `size ${number(ledger.size)}, root ${ledger.root}`],
    ["Contract", `${anchor.contract} on chain ${anchor.chainId}`],
    [
      "Transaction",
      anchor.transactionHash,
      `in block ${number(anchor.blockNumber)} of ${new Date(anchor.blockTime * 1000).toISOString()}`,
    ],
  ];
}

function proved({ recorded, bundle, good, bad, word }: Facts): Row[] {
  const { index } = bundle.entry;
  const { kind } = recorded.find((each) => each.index === index) ?? { kind: "" };
  const { event, steps } = good.verdict;
  const actor = event?.actor as { readonly type: string; readonly id: string; readonly name?: string } | undefined;
  const passed = steps.filter(({ state }) => state === "passed").map(({ name }) => name);
  const failed = bad.verdict.steps.find(({ state }) => state === "failed");
  return [
    [
      "Proved",
      `event ${number(index)}: ${event?.action} by ${actor?.type} ${actor?.name ?? actor?.id}, a delivery of "${kind}"`,
      `a bundle of ${number(JSON.stringify(bundle).length)} bytes, path of ${bundle.inclusion.path.length} hashes in a tree of ${number(bundle.inclusion.size)}`,
    ],
    [
      "holdfast",
      `verify bundle.json                    exit ${good.status}, ${seconds(good.ms)}: ${good.verdict.cell.word}`,
      `${passed.length} of ${steps.length} steps passed:`,
      ...wrap(passed.join(", "), STEPS_WIDTH).map((line) => `  ${line}`),
      `the same with one letter changed      exit ${bad.status}: FAILED at ${failed?.name}`,
    ],
    [
      "contract",
      `rootAt(ledger, ${number(bundle.checkpoint.size)})`.padEnd(38) +
        (word.root === bundle.checkpoint.root ? "the same root" : "another root"),
      `verifyEvent(event)                    ${word.isEvent}, ${number(word.gas)} gas in a transaction of its own`,
      `verifyEvent(event, a letter changed)  ${word.isChangedEvent}`,
    ],
    [
      "Not proved",
      "that what GitHub said is true; and a chain on one's own machine convinces nobody else:",
      "docs/configuration.md says how to anchor to one that others trust",
    ],
  ];
}

function wrap(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}(?: |$)`, "g"))?.map((line) => line.trimEnd()) ?? [];
}

function at(sorted: readonly number[], share: number): string {
  const place = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return `${(sorted[place] as number).toFixed(1)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en");
}
