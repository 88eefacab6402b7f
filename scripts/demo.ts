/**
 * `npm run demo`: real events through the whole loop, in a service of its own or one that runs: sent over HTTP, recorded,
 * anchored, final; then one of them proved by the command line and by the contract. It prints a page of what happened in
 * this run, and ends with status 1 when anything was not as it should be.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Bundle } from "../src/verify/bundle/bundle.ts";
import { anchorOf, askContract, type ContractWord, type Judgement, judge, tamper } from "./demo/checks.ts";
import { checkStored, makeDeliveries, type Recorded, sendAll } from "./demo/deliveries.ts";
import { type Anchor, type LedgerState, page } from "./demo/page.ts";
import { ask, DemoError, type Service, startOwn, useRunning } from "./demo/service.ts";

const CONCURRENCY = 16;
const FINAL_MS = 600_000;
const POLL_MS = 50;
const USAGE =
  "node scripts/demo.ts [--limit <deliveries>] [--concurrency <n>] [--url <service> --key-file <file> --rpc <chain>]";

const { values: flags } = parseArgs({
  options: {
    limit: { type: "string" },
    concurrency: { type: "string", default: String(CONCURRENCY) },
    url: { type: "string" },
    "key-file": { type: "string" },
    rpc: { type: "string" },
  },
});

function count(text: string, what: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new DemoError(`expected a number after --${what}, got ${text}; ${USAGE}`);
  return Number(text);
}

async function openService(): Promise<Service> {
  const { url, "key-file": keyFile, rpc } = flags;
  if (url === undefined && keyFile === undefined && rpc === undefined) return startOwn();
  if (url === undefined || keyFile === undefined || rpc === undefined) {
    throw new DemoError(`expected --url, --key-file and --rpc together, got only some of them; ${USAGE}`);
  }
  return useRunning(url, keyFile, rpc);
}

/** Waits for a height of the ledger on its chain. @returns milliseconds since `began` */
async function waitUntil(service: Service, began: number, reached: (ledger: LedgerState) => boolean): Promise<number> {
  for (;;) {
    if (reached(await ask<LedgerState>(service, "/v1/ledgers/main"))) return performance.now() - began;
    if (performance.now() - began > FINAL_MS) throw new DemoError("expected everything to be final by now, it is not");
    await sleep(POLL_MS);
  }
}

/** Anchors that were made while the demo ran. */
async function anchorsSince(service: Service, sizeBefore: number): Promise<Anchor[]> {
  const path = `/v1/ledgers/main/anchors?after=${sizeBefore}&limit=100`;
  return (await ask<{ anchors: Anchor[] }>(service, path)).anchors;
}

function check(isSo: boolean, expected: string): void {
  if (!isSo) throw new DemoError(`expected ${expected}`);
}

type Proved = {
  readonly good: Judgement;
  readonly bad: Judgement;
  readonly word: ContractWord;
};

async function prove(service: Service, bundle: Bundle): Promise<Proved> {
  const text = JSON.stringify(bundle, null, 2);
  const good = await judge(service, "bundle.json", text);
  check(good.status === 0 && good.verdict.status === "final", `a bundle that verifies, got: ${good.verdict.summary}`);
  const bad = await judge(service, "tampered.json", tamper(text));
  check(bad.status === 1, `status 1 for a changed bundle, got ${bad.status}`);
  const word = await askContract(service, bundle);
  check(word.isEvent, "the contract to know the event");
  check(!word.isChangedEvent, "the contract to refuse a changed event");
  check(word.root === bundle.checkpoint.root, `root ${bundle.checkpoint.root} in the contract, got ${word.root}`);
  return { good, bad, word };
}

async function demonstrate(service: Service): Promise<string> {
  const deliveries = makeDeliveries(flags.limit === undefined ? undefined : count(flags.limit, "limit"));
  const before = await ask<LedgerState>(service, "/v1/ledgers/main");
  const concurrency = count(flags.concurrency, "concurrency");
  // In two parts, the first of which is anchored before the second is sent: the second anchor extends the first.
  const half = Math.ceil(deliveries.length / 2);
  const first = await sendAll(service, deliveries.slice(0, half), concurrency);
  const reached = before.size + half;
  await waitUntil(service, performance.now(), ({ anchoredSize }) => anchoredSize >= reached);
  const second = await sendAll(service, deliveries.slice(half), concurrency);
  const answered = performance.now();
  const recorded = [...first.recorded, ...second.recorded];
  const size = (recorded.at(-1) as Recorded).index + 1;
  const anchoredMs = await waitUntil(service, answered, ({ anchoredSize }) => anchoredSize >= size);
  const finalMs = await waitUntil(service, answered, ({ finalSize }) => finalSize >= size);
  await checkStored(service, recorded);
  const proven = recorded[Math.floor(recorded.length / 2)] as Recorded;
  const bundle = await ask<Bundle>(service, `/v1/ledgers/main/events/${proven.index}/bundle`);
  check(bundle.entry.leafHash === proven.leafHash, "the leaf hash of the answer in the bundle");
  const anchors = await anchorsSince(service, before.size);
  const after = await ask<LedgerState>(service, "/v1/ledgers/main");
  const times = { sentMs: first.ms + second.ms, anchoredMs, finalMs };
  const proved = await prove(service, bundle);
  return page({
    service,
    recorded,
    concurrency,
    times,
    anchors,
    ledger: after,
    bundle,
    anchor: anchorOf(bundle),
    ...proved,
  });
}

async function main(): Promise<number> {
  let service: Service | undefined;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => void service?.stop().finally(() => process.exit(1)));
  }
  try {
    service = await openService();
    const text = await demonstrate(service);
    await service.stop();
    process.stdout.write(text);
    return 0;
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    await service?.stop().catch((failure: Error) => process.stderr.write(`demo: ${failure.message}\n`));
    return 1;
  }
}

process.exitCode = await main();
