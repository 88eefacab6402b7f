/**
 * The reckoning: a service that runs without a fault is asked for everything that was ever acknowledged, old bundles are
 * verified against it, more is recorded, and the stopped store is audited.
 */

import { fromHex, type Hex } from "../../../src/merkle/bytes.ts";
import { keccak256 } from "../../../src/merkle/hash.ts";
import { checkConsistency } from "../../../src/merkle/proof.ts";
import type { Bundle } from "../../../src/verify/bundle/bundle.ts";
import { verifyBundle } from "../../../src/verify/verify.ts";
import { runCommand } from "../../cli/run-command.ts";
import type { ServiceProcess } from "../service-process.ts";
import { isClear, tailOf } from "./telling.ts";
import type { Findings } from "./verdict.ts";
import { type Receipt, type Witness, within } from "./witness.ts";

type Listed = Receipt & { readonly event: { readonly id: string } };
type Page = { readonly events: readonly Listed[]; readonly next: string | null };
type Signed = { readonly size: number; readonly root: Hex };

const PAGE = 1000;
/** An index that has to be built again takes a moment. */
const INDEX_MS = 20_000;
const STOP_MS = 20_000;
/** Besides the list, every so-many-th event and the last ones are asked for one by one. */
const ASK_EVERY = 25;
const ASK_LAST = 5;

/** Asks a running service for everything, and records a little more. */
export async function reckon(service: ServiceProcess, witness: Witness, findings: Findings): Promise<void> {
  for (const [ledger, receipts] of witness.acknowledged) {
    const listed = await readAll(service, ledger, witness, findings);
    await compareAll(service, ledger, receipts, listed, findings);
    await askSome(service, ledger, receipts, findings);
    for (const { ids } of witness.open.filter((each) => each.ledger === ledger)) {
      const there = ids.filter((id) => listed.has(id)).length;
      if (there !== 0 && there !== ids.length)
        findings.add("wrong", `of a request of ${ids.length} to ${ledger}, ${there} are there`);
    }
    await compareBundles(service, ledger, witness, findings);
    await recordMore(service, ledger, listed.size, witness, findings);
  }
}

async function compareAll(
  service: ServiceProcess,
  ledger: string,
  receipts: ReadonlyMap<string, Receipt>,
  listed: ReadonlyMap<string, Receipt>,
  findings: Findings,
): Promise<void> {
  const missing: Receipt[] = [];
  for (const [id, expected] of receipts) {
    const found = listed.get(id);
    if (found === undefined) missing.push(expected);
    else if (found.index !== expected.index || found.leafHash !== expected.leafHash)
      findings.add("moved", `${id} of ${ledger} was acknowledged at ${expected.index}, and is at ${found.index}`);
  }
  const [first] = missing;
  if (first === undefined) return;
  const text = `${missing.length} of ${receipts.size} acknowledged events of ${ledger} are in no list, from index ${first.index}`;
  const { status } = await service.ask(`GET /v1/ledgers/${ledger}/events/${first.index}`);
  findings.add(status === 200 ? "wrong" : "lost", `${text}; the first one is answered with ${status}`);
}

/** Every event of a ledger by its id. */
async function readAll(
  service: ServiceProcess,
  ledger: string,
  witness: Witness,
  findings: Findings,
): Promise<Map<string, Receipt>> {
  const found = new Map<string, Receipt>();
  let after = "";
  do {
    const page = await readPage(service, `GET /v1/ledgers/${ledger}/events?order=asc&limit=${PAGE}${after}`, findings);
    for (const { index, leafHash, event } of page.events) {
      if (index !== found.size) findings.add("wrong", `${ledger}: expected index ${found.size} next, got ${index}`);
      if (found.has(event.id)) findings.add("wrong", `${event.id} is in ${ledger} twice`);
      witness.seen(ledger, { index, leafHash }, findings);
      found.set(event.id, { index, leafHash });
    }
    after = page.next === null ? "" : `&after=${encodeURIComponent(page.next)}`;
  } while (after !== "");
  return found;
}

async function readPage(service: ServiceProcess, request: string, findings: Findings): Promise<Page> {
  for (const until = Date.now() + INDEX_MS; ; ) {
    const answer = await service.ask(request);
    if (answer.status === 200) return JSON.parse(answer.text) as Page;
    if (Date.now() < until && answer.text.includes("index_behind")) continue;
    findings.add("wrong", `${request}: expected 200, got ${answer.status}: ${answer.text}`);
    return { events: [], next: null };
  }
}

async function askSome(
  service: ServiceProcess,
  ledger: string,
  receipts: ReadonlyMap<string, Receipt>,
  findings: Findings,
): Promise<void> {
  const all = [...receipts.values()];
  const some = all.filter((_, i) => i % ASK_EVERY === 0 || i >= all.length - ASK_LAST);
  for (const { index, leafHash } of some) {
    const answer = await service.ask(`GET /v1/ledgers/${ledger}/events/${index}/bundle`);
    const what = `the bundle of event ${index} of ${ledger}`;
    if (answer.status !== 200) {
      findings.add(answer.status === 404 ? "lost" : "wrong", `${what}: ${answer.status} ${answer.text}`);
      continue;
    }
    const bundle = JSON.parse(answer.text) as Bundle;
    if (bundle.entry.leafHash !== leafHash) findings.add("moved", `${what} is another event's`);
    await expectVerified(bundle, what, findings);
  }
}

async function expectVerified(bundle: Bundle, what: string, findings: Findings): Promise<void> {
  const verdict = await verifyBundle(bundle, { offline: true, expected: { signers: [bundle.ledger.signer] } });
  if (verdict.outcome !== "verified") findings.add("wrong", `${what}: ${verdict.outcome}, ${verdict.summary}`);
}

/** Bundles from before still verify, and the ledger of today extends the tree that they are of. */
async function compareBundles(
  service: ServiceProcess,
  ledger: string,
  witness: Witness,
  findings: Findings,
): Promise<void> {
  const head = await service.json<Signed>(200, `GET /v1/ledgers/${ledger}/checkpoint`);
  witness.signed(ledger, head, findings);
  for (const old of witness.bundles.filter((each) => each.ledger.name === ledger)) {
    await expectVerified(old, `an old bundle of event ${old.entry.index} of ${ledger}`, findings);
    const { size, root } = old.checkpoint;
    const { status, text } = await service.ask(`GET /v1/ledgers/${ledger}/consistency?from=${size}&to=${head.size}`);
    if (status !== 200) {
      findings.add("lost", `consistency of ${ledger} from ${size} to ${head.size}: ${status} ${text}`);
      continue;
    }
    const { path } = JSON.parse(text) as { readonly path: readonly Hex[] };
    const roots = { fromRoot: fromHex(root), toRoot: fromHex(head.root) };
    try {
      checkConsistency(keccak256, { from: size, to: head.size, ...roots, path: path.map((node) => fromHex(node)) });
    } catch (error) {
      findings.add("forked", `${ledger} of ${head.size} does not extend the ${size} of a bundle: ${error}`);
    }
  }
}

async function recordMore(
  service: ServiceProcess,
  ledger: string,
  size: number,
  witness: Witness,
  findings: Findings,
): Promise<void> {
  for (const count of [1, 3]) {
    if (await witness.send(service, ledger, count, findings)) continue;
    findings.add("stuck", `${ledger} takes nothing after the fault, at size ${size}`);
    return;
  }
}

/** Stops a service as an operator does. */
export async function stopNicely(service: ServiceProcess, findings: Findings): Promise<void> {
  const end = await within(STOP_MS, service.stop("SIGTERM"));
  if (end === "late") {
    findings.add("hung", `SIGTERM did not end the service within ${STOP_MS} ms`);
    await service.stop("SIGKILL");
  } else if (end.status !== 0) isClear(end, findings);
}

/** Audits the store of a service that has ended, which has to be whole, and to have everything; by this checkout, whatever is tried. */
export async function auditWhole(data: string, witness: Witness, findings: Findings): Promise<void> {
  const { status, stdout, stderr } = await runCommand(["audit", "--data", data, "--json"]);
  if (status !== 0) {
    findings.add("wrong", `audit of what is whole ends with ${status}: ${tailOf(stdout + stderr)}`);
    return;
  }
  const { ledgers } = JSON.parse(stdout) as { ledgers: readonly { name: string; entries: number }[] };
  for (const [ledger, receipts] of witness.acknowledged) {
    const { entries = 0 } = ledgers.find(({ name }) => name === ledger) ?? {};
    if (entries < receipts.size)
      findings.add("lost", `audit finds ${entries} entries in ${ledger} whole, of ${receipts.size} acknowledged`);
  }
}
