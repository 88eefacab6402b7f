/**
 * `npm run demo`: real events through the whole loop, in a service of its own or one that runs: sent over HTTP, recorded,
 * anchored, final; then one of them proved by the command line and by the contract. It prints a page of what happened in
 * this run, and ends with status 1 when anything was not as it should be. A service of its own goes on running, so that
 * its pages can be looked at, until a signal ends it.
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { stopAsked } from "../src/cli/terminal/process.ts";
import { shellWord } from "../src/cli/terminal/shell-word.ts";
import type { Bundle } from "../src/verify/bundle/bundle.ts";
import { anchorOf, askContract, type ContractWord, type Judgement, judge, tamper } from "./demo/checks.ts";
import { checkStored, makeDeliveries, type Recorded, sendAll } from "./demo/deliveries.ts";
import { type Anchor, type LedgerState, page } from "./demo/page.ts";
import { ask, DemoError, type OwnService, type Service, startOwn, useRunning } from "./demo/service.ts";

const CONCURRENCY = 16;
const FINAL_MS = 600_000;
const POLL_MS = 50;
const USAGE = `npm run demo -- [options]

  --limit <n>         so many deliveries instead of all, spread over all kinds
  --concurrency <n>   requests at a time (${CONCURRENCY})
  --once              end when all is shown, and remove the data
  --url <service> --key-file <file> --rpc <chain>
                      a service that runs already, an API key for it, and a node of its chain
  --help              this
`;

type Flags = {
  readonly limit?: string;
  readonly concurrency: string;
  readonly once: boolean;
  readonly url?: string;
  readonly "key-file"?: string;
  readonly rpc?: string;
  readonly help: boolean;
};

/** @throws DemoError for arguments that it does not know */
function readFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        limit: { type: "string" },
        concurrency: { type: "string", default: String(CONCURRENCY) },
        once: { type: "boolean", default: false },
        url: { type: "string" },
        "key-file": { type: "string" },
        rpc: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new DemoError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function count(text: string, what: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new DemoError(`expected a number after --${what}, got ${text}\n\n${USAGE}`);
  return Number(text);
}

async function openService({ url, "key-file": keyFile, rpc }: Flags): Promise<Service> {
  if (url === undefined && keyFile === undefined && rpc === undefined) return startOwn();
  if (url === undefined || keyFile === undefined || rpc === undefined) {
    throw new DemoError(`expected --url, --key-file and --rpc together, got only some of them\n\n${USAGE}`);
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

async function demonstrate(service: Service, flags: Flags): Promise<string> {
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

/** What can be looked at from now on, and where. */
function whereabouts({ url, folder }: Service, own: OwnService): string {
  return `The service runs on. Look at it:

  pages       ${url}/
  API key     ${shellWord(own.adminKeyFile)}, a file; the pages ask for what is in it
  verifier    ${url}/verify.html
  proofs      ${shellWord(join(folder, "bundle.json"))} verifies, tampered.json beside it does not
  data        ${shellWord(join(folder, "data"))}

Ctrl-C ends it and keeps the data. Later: HOLDFAST_DATA=${shellWord(join(folder, "data"))} npm start
`;
}

/** Waits until somebody has looked enough. @throws DemoError when the service ends by itself */
async function stayOpen(service: Service, own: OwnService, stopped: Promise<unknown>): Promise<void> {
  process.stdout.write(whereabouts(service, own));
  const ended = await Promise.race([stopped.then(() => undefined), own.ended]);
  if (ended !== undefined) throw new DemoError(`expected the service to run on, it ended with status ${ended}`);
  await own.stop();
  process.stdout.write(
    `\nThe service has ended. Its data are in ${shellWord(service.folder)}; remove that when you like.\n`,
  );
}

async function main(): Promise<number> {
  let service: Service | undefined;
  let isShown = false;
  try {
    const flags = readFlags();
    if (flags.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const stopped = stopAsked();
    service = await openService(flags);
    // Who stops the demo before it has shown anything wants nothing of it.
    const shown = await Promise.race([stopped.then(() => undefined), demonstrate(service, flags)]);
    if (shown === undefined) throw new DemoError("stopped before it was done; its data are removed");
    process.stdout.write(shown);
    isShown = true;
    if (service.own !== undefined && !flags.once) await stayOpen(service, service.own, stopped);
    else await service.discard();
    return 0;
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    // What has been shown stays to be looked at.
    if (!isShown)
      await service?.discard().catch((failure: Error) => process.stderr.write(`demo: ${failure.message}\n`));
    return 1;
  }
}

// What a stopped demonstration still waits for must not keep the process.
process.exit(await main());
