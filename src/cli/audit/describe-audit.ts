/** What an audit of a stopped service came to, in words. */

import { basename } from "node:path";
import type { WithheldCounts } from "../../audit/checks/entries.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { FileDamage } from "../../store/leveldb/inspect.ts";
import type { SampleClaim } from "../../verify/report/audit-report.ts";
import { counted } from "../terminal/numbers.ts";
import { type Audited, skippedIn } from "./offline-audit.ts";
import { describeFindings } from "./sample-flags.ts";

const FINDINGS_SHOWN = 50;
/** What clocks may differ by. */
const AHEAD_MS = 60_000;
const CHAIN_HINT = [
  "  --rpc names a node of a chain; the embedded one runs inside of the service, which compares with it (--url).",
];
const BESIDE = ["claims", "memory", "anchors", "index", "archives", "keys"];

/** Times of blocks tell when entries were there; the ledger's own, when its machine thought so. */
function aheadOf({ signedAt }: SignedCheckpoint): string[] {
  const signedAtMs = signedAt * 1000;
  if (signedAtMs - Date.now() <= AHEAD_MS) return [];
  const until = new Date(signedAtMs).toISOString();
  return [
    `  Its newest entries say ${until}, which is ahead of this machine's clock: one was recorded under a clock that was`,
    "  wrong, and since then times stand still. The blocks of its anchors have the right ones.",
  ];
}

export function inWords({ path, detail }: FileDamage): { readonly file: string; readonly detail: string } {
  return { file: basename(path), detail };
}

export function describeFiles(folder: string, files: readonly FileDamage[]): string[] {
  if (files.length === 0) return [];
  const lines = files.slice(0, FINDINGS_SHOWN).map(({ detail }) => `  ${detail}`);
  return [
    `${folder}: NOT whole, ${files.length} of its files are damaged; \`holdfast recover\` shows what can be kept.`,
    ...lines,
  ];
}

export function describeValues(values: readonly string[]): string[] {
  if (values.length === 0) return [];
  return [
    `NOT whole: ${values.length} values are damaged.`,
    ...values.slice(0, FINDINGS_SHOWN).map((name) => `  ${name}`),
  ];
}

export function describeAudit({ record, full, sample }: Audited): string[] {
  const { report, looked, byDigest, left } = full;
  const { head, entries, tiles, checkpoints, findings } = report;
  const read = `${counted(entries, "entry", "entries")}, ${counted(tiles, "tile")} and ${counted(checkpoints, "checkpoint")}`;
  const done = `${read} were read and hashed again`;
  if (head === undefined && findings.length === 0) return [`${record.name}: empty, so that nothing was proved.`];
  const skipped = skippedIn(looked);
  const beside = [
    ...describeLooked(looked),
    ...skipped.map(({ check, why }) => `  NOT looked at: ${check}: ${why}.`),
    ...(skipped.some(({ why }) => why.includes("no endpoint of chain")) ? CHAIN_HINT : []),
  ];
  if (findings.length > 0 || head === undefined) {
    const count = findings.length + left;
    return [`${record.name}: NOT whole, ${count} findings. ${done}.`, ...describeFindings(findings, left), ...beside];
  }
  const state = sample === undefined ? "whole" : "nothing wrong was found in a sample";
  return [
    `${record.name}: ${state}. ${done}; size ${head.size}, root ${head.root}.`,
    ...describeSample(sample),
    ...describeByDigest(byDigest),
    ...aheadOf(head),
    ...beside,
  ];
}

/** How much of what stands beside the entries. */
function describeLooked(looked: Audited["full"]["looked"]): string[] {
  const beside = looked.filter(({ check, looked: count }) => BESIDE.includes(check) && count > 0);
  if (beside.length === 0) return [];
  return [`  Beside them: ${beside.map(({ check, looked: count }) => `${check} ${count}`).join(", ")}.`];
}

function describeSample(sample: SampleClaim | undefined): string[] {
  if (sample === undefined) return [];
  const { of, drawn, damaged, foundPpm } = sample;
  const percent = (foundPpm / 10_000).toFixed(2);
  return [
    `  ${drawn} of ${of} entries were drawn: of ${damaged} damaged ones at least one would be among them with ${percent} %.`,
  ];
}

function describeByDigest({ withheld, pruned }: WithheldCounts): string[] {
  if (withheld + pruned === 0) return [];
  return [`  By digest only: ${withheld} entries with members withheld or erased, ${pruned} pruned.`];
}
