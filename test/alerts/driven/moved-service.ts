/** A service whose clock a test moves: its own parts, real requests over HTTP, an anchorer over a chain in memory, and all rules of alerts over it. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";
import type { Alert } from "../../../src/alerts/alert.ts";
import type { Alerts } from "../../../src/alerts/alerts.ts";
import { Anchorer } from "../../../src/anchor/anchorer.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { keySigner } from "../../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { toHex } from "../../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../../src/merkle/checkpoint.ts";
import { type AlertParts, openAlerts } from "../../../src/service/watching/open-alerts.ts";
import { type WordBody, wordStatement } from "../../../src/watch/word.ts";
import { OWNER, PAYER, quiet } from "../../anchor/world.ts";
import { FakeChain } from "../../chain/fake-chain.ts";
import { type Answer, ask, event, type Question, type Running, startService } from "../../http/service.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { until } from "../../until.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** The one whose words count. */
const WATCHER = keySigner(new Uint8Array(32).fill(21));
const CONFIG = {
  intervalS: 60,
  without: [],
  silentAfterS: { billing: "never" as const },
  searches: [],
  channels: [],
};

type Parts = {
  readonly service: Running;
  readonly alerts: Alerts;
  readonly anchorer: Anchorer;
  readonly chain: FakeChain;
  /** Of an administrator, the source `billing`. */
  readonly key: string;
};

export class MovedService {
  readonly service: Running;
  readonly alerts: Alerts;
  readonly chain: FakeChain;
  readonly #parts: Parts;
  #words = 0;

  private constructor(parts: Parts) {
    this.service = parts.service;
    this.alerts = parts.alerts;
    this.chain = parts.chain;
    this.#parts = parts;
  }

  /** Ends with the test. @param access whether accesses are recorded @param without names of rules that nobody wants */
  static async open(t: TestContext, access = true, without: string[] = []): Promise<MovedService> {
    const watchers = [{ ledger: "main", name: "auditor", key: WATCHER.address, everyMs: MINUTE }];
    const service = await startService({ access, proxies: ["127.0.0.1"], watchers });
    t.after(() => service.close());
    const chain = new FakeChain();
    for (const { address } of [PAYER, OWNER]) chain.fund(address);
    const anchorer = await openAnchorer(service, chain);
    const alerts = (await openAlerts({ ...CONFIG, without }, await partsOf(service, anchorer))) ?? assert.fail();
    const key = await service.key(["admin"], "billing");
    const moved = new MovedService({ service, alerts, anchorer, chain, key });
    await moved.look();
    return moved;
  }

  get now(): number {
    return this.service.clock.now;
  }

  /** Lets time pass, and has all look that look by themselves in a service: anchoring, retention, the index, and then the rules. */
  async look(ms = MINUTE): Promise<void> {
    const { service, anchorer, alerts, chain } = this.#parts;
    const { clock, ledgers, retention, indexer } = service;
    clock.now += ms;
    await anchorer.step();
    chain.mine();
    for (const { record } of ledgers.list()) await retention.pruner.prune(record.id);
    const isIndexed = ({ record, size }: Ledger) => indexer(record.name)?.watermark === size;
    await until("the index to have all", () => ledgers.list().every(isIndexed));
    await alerts.evaluate();
  }

  async pass(ms: number, stepMs: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) await this.look(stepMs);
  }

  ask(target: string, question: Question = {}): Promise<Answer> {
    return ask(this.service, target, { key: this.#parts.key, ...question });
  }

  /** Records one event of this moment, or several. */
  async send(...events: readonly object[]): Promise<void> {
    const body = events.length === 1 ? events[0] : events;
    const answer = await this.ask("POST /v1/ledgers/main/events", { body: body as object });
    assert.equal(answer.status, 201, answer.text);
  }

  /** An event of this moment. */
  event(more: object = {}): object {
    return event({ time: new Date(this.now).toISOString(), ...more });
  }

  events(count: number, more: object = {}): object[] {
    return Array.from({ length: count }, () => this.event(more));
  }

  /** Has the whole ledger audited. */
  async audit(): Promise<void> {
    const answer = await this.ask("POST /v1/ledgers/main/audits", { body: { kind: "whole" } });
    assert.equal(answer.status, 202, answer.text);
    const { id } = this.ledger.record;
    await until("the audit to end", () => this.service.auditor.list(id).waiting.length === 0);
  }

  /** A word of the watcher, about the ledger as it is. */
  async say(outcome: WordBody["outcome"], ...findings: WordBody["findings"]): Promise<void> {
    const { record, size } = this.ledger;
    const body: WordBody = {
      format: "holdfast/watcher-word@1",
      ledgerId: record.id,
      number: ++this.#words,
      at: this.now,
      outcome,
      size,
      rootHash: toHex(await this.ledger.root(size)),
      findings,
    };
    const word = { ...body, signature: await WATCHER.signWord(wordStatement(body)) };
    const answer = await ask(this.service, "POST /v1/ledgers/main/watchers/auditor/word", { body: word });
    assert.equal(answer.status, 200, answer.text);
  }

  get ledger(): Ledger {
    return this.service.ledgers.get("main") ?? assert.fail("expected the ledger main");
  }

  firing(rule: string, subject: string): Alert | undefined {
    return this.alerts.book.firing().find((each) => each.rule === rule && each.subject === subject);
  }

  over(rule: string, subject: string): readonly Alert[] {
    return this.alerts.book.over().filter((each) => each.rule === rule && each.subject === subject);
  }
}

function openAnchorer({ store, ledgers, clock }: Running, chain: FakeChain): Promise<Anchorer> {
  return Anchorer.open({
    store,
    chains: [{ name: "chain", chain, payer: PAYER, owners: [OWNER], policy: { intervalMs: HOUR } }],
    ledgers: () => ledgers.list(),
    seal: async (ledger: Ledger) => ledger.head as SignedCheckpoint,
    clock: { now: () => clock.now, sleep: async () => undefined },
    random: () => 0,
    log: quiet,
  });
}

async function partsOf(service: Running, anchorer: Anchorer): Promise<AlertParts> {
  const { sources, ledgers, keys, health, clock, indexer, auditor, retention, watchers, access } = service;
  return {
    data: tmpdir(),
    now: () => clock.now,
    health,
    log: quiet,
    sources,
    registry: ledgers,
    keys,
    accesses: access,
    anchoring: () => anchorer.status(),
    indexer,
    auditor,
    retention,
    watchers,
    hash: await fastKeccak256(),
    salts: createSalts(),
    // What it tells is looked at in the book, not in a ledger.
    store: new MemoryStore(),
    ledger: "none",
  };
}
