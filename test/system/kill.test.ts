/**
 * kill -9 in the middle of a load, again and again on one data folder: whatever was answered is there, where and as it
 * was answered, and the chain is reached as if nothing had happened.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { verifyOptionsOf } from "../../src/cli/verify.ts";
import { fromHex, type Hex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { checkConsistency } from "../../src/merkle/proof.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { verifyBundle } from "../../src/verify/verify.ts";
import { runCli } from "../cli/run-cli.ts";
import { event, isAlive, type ServiceProcess, World, waitFor } from "./service-process.ts";

/** Five see an anchor cut off at both kinds of places twice; `npm run test:kills` does it ten times. */
const KILLS = Number(process.env.KILLS ?? 5);
const BATCH = 25;
const SINGLE_WRITERS = 6;
const BATCH_WRITERS = 2;
/** Clients keep each so-many-th bundle. */
const KEEP_EVERY = 7;
const MINED = "embedded: the transaction was mined";
/** Between requests of a writer that waits for the chain. */
const PAUSE_MS = 30;
/** Anchors are on their way all the time. */
const config = { embeddedIntervalS: 0.3 };

type Receipt = { readonly index: number; readonly leafHash: string };
type Request = { readonly ids: readonly string[] };
type Page = {
  readonly events: readonly (Receipt & { readonly event: { readonly id: string } })[];
  readonly next: string | null;
};
type Checkpoint = { readonly size: number; readonly root: Hex };

/** What clients know: what was answered, and what they sent without getting an answer. */
class Clients {
  readonly acknowledged = new Map<string, Receipt>();
  readonly bundles: Bundle[] = [];
  unanswered: Request[] = [];
  #singles = 0;

  /** Sends a request. @throws when it was refused; what is cut off is noted */
  async send(service: ServiceProcess, { ids }: Request): Promise<boolean> {
    let answer: Awaited<ReturnType<ServiceProcess["ask"]>>;
    try {
      answer = await post(service, ids);
    } catch {
      this.unanswered.push({ ids });
      return false;
    }
    assert.ok(answer.status === 201 || answer.status === 200, `${answer.status}: ${answer.text}`);
    const body = JSON.parse(answer.text) as Bundle & { readonly receipts: readonly Receipt[] };
    const receipts = ids.length > 1 ? body.receipts : [body.entry];
    if (ids.length === 1 && this.#singles++ % KEEP_EVERY === 0) this.bundles.push(body);
    for (const [i, id] of ids.entries()) {
      const { index, leafHash } = receipts[i] as Receipt;
      this.acknowledged.set(id, { index, leafHash });
    }
    return true;
  }

  /** Writers send until the service is gone; it is killed once so much was answered. */
  async load(service: ServiceProcess, run: number): Promise<void> {
    const quota = this.acknowledged.size + 20 + 30 * run;
    // Every other time not before something of this run was mined, so that anchoring is cut off at other places.
    const isTime = () => this.acknowledged.size >= quota && (run % 2 === 0 || service.output.includes(MINED));
    const write = async (writer: number, count: number): Promise<void> => {
      for (let round = 0; ; round++) {
        const ids = Array.from({ length: count }, (_, part) => `${run}-${writer}-${round}-${part}`);
        if (!(await this.send(service, { ids }))) return;
        if (isTime()) process.kill(service.pid, "SIGKILL");
        else if (this.acknowledged.size >= quota) await sleep(PAUSE_MS);
      }
    };
    const writers = Array.from({ length: SINGLE_WRITERS + BATCH_WRITERS }, (_, writer) =>
      write(writer, writer < SINGLE_WRITERS ? 1 : BATCH),
    );
    await Promise.all(writers);
    const { signal } = await service.stop("SIGKILL");
    assert.equal(signal, "SIGKILL");
  }

  /** What nobody knows the end of is there whole or not at all, and sending it again makes it be there once. */
  async sendAgain(service: ServiceProcess): Promise<void> {
    const open = this.unanswered;
    this.unanswered = [];
    for (const { ids } of open) {
      const found = await Promise.all([ids.at(0), ids.at(-1)].map((id) => isThere(service, id as string)));
      assert.equal(found[0], found[1], "a request is there whole or not at all");
      assert.ok(await this.send(service, { ids }));
    }
  }
}

function post(service: ServiceProcess, ids: readonly string[]) {
  const target = "POST /v1/ledgers/main/events";
  if (ids.length === 1) return service.ask(target, event(ids[0] as string));
  const lines = ids.map((id) => JSON.stringify(event(id))).join("\n");
  return service.ask(target, lines, { "Content-Type": "application/x-ndjson" });
}

async function isThere(service: ServiceProcess, id: string): Promise<boolean> {
  return (await service.json<Page>(200, `GET /v1/ledgers/main/events?id=${id}`)).events.length > 0;
}

/** Every event by its id. @throws unless the indexes have no gap and no id is there twice */
async function readAll(service: ServiceProcess): Promise<Map<string, Receipt>> {
  const found = new Map<string, Receipt>();
  let after = "";
  do {
    const page = await service.json<Page>(200, `GET /v1/ledgers/main/events?order=asc&limit=1000${after}`);
    for (const { index, leafHash, event } of page.events) {
      assert.equal(index, found.size, "the indexes have no gap");
      assert.ok(!found.has(event.id), `${event.id} is there once`);
      found.set(event.id, { index, leafHash });
    }
    after = page.next === null ? "" : `&after=${encodeURIComponent(page.next)}`;
  } while (after !== "");
  return found;
}

async function checkOldBundle(service: ServiceProcess, old: Bundle, head: Checkpoint): Promise<void> {
  assert.equal((await verifyBundle(old, { offline: true })).checks, "passed");
  const { size, root } = old.checkpoint;
  const query = `from=${size}&to=${head.size}`;
  const { path } = await service.json<{ path: Hex[] }>(200, `GET /v1/ledgers/main/consistency?${query}`);
  const roots = { fromRoot: fromHex(root), toRoot: fromHex(head.root) };
  checkConsistency(keccak256, { from: size, to: head.size, ...roots, path: path.map((node) => fromHex(node)) });
}

test("kill -9 again and again during a load of concurrent posts loses nothing that was answered", async (t) => {
  const world = new World(t);
  const clients = new Clients();
  for (let run = 0; run < KILLS; run++) {
    const service = await world.start({ config });
    await clients.sendAgain(service);
    const { chainPid } = service;
    await clients.load(service, run);
    await waitFor("the chain of the killed service to end", () => !isAlive(chainPid));
  }
  const service = await world.start({ config });
  await clients.sendAgain(service);
  const found = await readAll(service);
  for (const [id, receipt] of clients.acknowledged) assert.deepEqual(found.get(id), receipt, id);
  assert.equal(found.size, clients.acknowledged.size);
  t.diagnostic(`${found.size} events, ${clients.bundles.length} bundles kept`);

  const head = await service.json<Checkpoint>(200, "GET /v1/ledgers/main/checkpoint");
  assert.equal(head.size, found.size);
  assert.ok(clients.bundles.length > KILLS);
  for (const bundle of clients.bundles) await checkOldBundle(service, bundle, head);
  await waitFor("everything to be final", async () => {
    return (await service.json<{ finalSize: number }>(200, "GET /v1/ledgers/main")).finalSize === head.size;
  });
  for (const { entry } of clients.bundles.slice(0, 3)) {
    const bundle = await service.json<Bundle>(200, `GET /v1/ledgers/main/events/${entry.index}/bundle`);
    const verdict = await verifyBundle(
      bundle,
      verifyOptionsOf({ rpc: [service.node], development: true, finality: "finalized" }),
    );
    assert.deepEqual([verdict.outcome, verdict.status], ["verified", "final"], verdict.summary);
    assert.deepEqual([bundle.entry.leafHash, bundle.checkpoint.size], [entry.leafHash, head.size]);
  }
  assert.equal((await service.stop()).status, 0);
  const audit = await runCli(["audit", "--data", service.data, "--json"]);
  assert.equal(audit.status, 0, audit.stdout + audit.stderr);
});
