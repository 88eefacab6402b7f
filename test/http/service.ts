/**
 * A whole service for the tests of the API: the app on a real server at a free port of the loopback, over a real
 * ledger and a store in memory. The store can be handed to the next service, as after a restart.
 */

import type { AddressInfo } from "node:net";
import type * as z from "zod";
import { ACCESS_LEDGER } from "../../src/access/access.ts";
import { AccessRecorder } from "../../src/access/recorder.ts";
import { Alerts } from "../../src/alerts/alerts.ts";
import { WatcherBook, type WatcherSetting } from "../../src/alerts/watchers/watcher-book.ts";
import { planChecks } from "../../src/audit/check-plan.ts";
import type { AnchorWitness } from "../../src/audit/checks/anchors.ts";
import { Auditor } from "../../src/audit/running/auditor.ts";
import { Health } from "../../src/health.ts";
import { CODES, isCode } from "../../src/http/api/codes.ts";
import { SCHEMAS, type SchemaName } from "../../src/http/api/schemas.ts";
import { createApp } from "../../src/http/app.ts";
import { KeyRing } from "../../src/http/auth/api-keys.ts";
import { trustedProxies } from "../../src/http/auth/client-address.ts";
import type { Role } from "../../src/http/auth/roles.ts";
import { planOfText } from "../../src/http/routes/events/filter-text.ts";
import { closeServer, createServer, openConnections, type Server } from "../../src/http/server.ts";
import { type ChainStatus, type HecAck, HTTP_LIMITS, type HttpLimits, type Services } from "../../src/http/services.ts";
import { IntakePool } from "../../src/ingest/intake/pool.ts";
import { createSalts } from "../../src/ingest/intake/salts.ts";
import { RuleBook } from "../../src/ingest/rules/rule-book.ts";
import { SourceBook } from "../../src/ingest/sources/source-counts.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { SecretBox } from "../../src/keys/secret-box.ts";
import type { EntryRange } from "../../src/ledger/index-ranges.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger, type LedgerLimits } from "../../src/ledger/ledger.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { createMetrics } from "../../src/metrics.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { Erasures } from "../../src/retention/erasure/erasures.ts";
import { Retention } from "../../src/retention/retention.ts";
import { LedgerExistsError, type Store } from "../../src/store/store.ts";
import { MemoryIndexStore } from "../query/index/memory-index.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { requireDescribed } from "./described.ts";
import { scheme, secure } from "./wire/transport.ts";

/** Signs for every ledger of such a service. */
export const SIGNER = keySigner(`0x${"11".repeat(32)}`);
const OWNER = keySigner(`0x${"22".repeat(32)}`).address;

export type Logged = { readonly level: string; readonly fields: object; readonly message: string };

export type Running = {
  readonly url: string;
  readonly port: number;
  readonly store: Store;
  readonly ledgers: Services["ledgers"];
  readonly keys: KeyRing;
  readonly sources: SourceBook;
  readonly indexer: (name: string) => Indexer | undefined;
  readonly rules: RuleBook;
  readonly retention: Retention;
  readonly auditor: Auditor;
  readonly alerts: Alerts;
  readonly watchers: WatcherBook;
  readonly server: Server;
  /** What the service wrote to its log. */
  readonly logged: Logged[];
  readonly health: Health;
  /** What the chains are said to have; a test sets it. */
  readonly chains: Map<Hex, readonly ChainStatus[]>;
  readonly clock: { now: number };
  readonly access: AccessRecorder | undefined;
  /** Makes a key and returns its text. */
  key(roles: readonly Role[], source: string, ledgers?: readonly string[]): Promise<string>;
  close(): Promise<void>;
};

export type Options = {
  readonly store?: Store;
  readonly limits?: Partial<HttpLimits>;
  readonly ledgerLimits?: Partial<LedgerLimits>;
  readonly intakes?: IntakePool;
  readonly misspelt?: Services["misspelt"];
  readonly keysInQuery?: boolean;
  readonly hecAck?: HecAck;
  readonly encryption?: Services["encryption"];
  readonly witnesses?: readonly AnchorWitness[];
  /** Whether it records who reads and changes what. */
  readonly access?: boolean;
  readonly proxies?: readonly string[];
  readonly watchers?: readonly WatcherSetting[];
};

/** Starts a service with the ledger `main`. */
export async function startService(options: Options = {}): Promise<Running> {
  const store = options.store ?? new MemoryStore();
  const clock = { now: 1_790_000_000_000 };
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const hash = await fastKeccak256();
  const indexers = new Map<string, Indexer>();
  const salts = createSalts();
  const rules = new RuleBook({ store, hash, salts, now: () => clock.now });
  const chains: Running["chains"] = new Map();
  const now = () => clock.now;
  const finalSize = (id: Hex) =>
    Math.min(...(chains.get(id) ?? []).map((each) => each.finalSize), Number.MAX_SAFE_INTEGER);
  const index = {
    forgetAll: async (name: string, ranges: readonly EntryRange[]) => await indexers.get(name)?.forgetAll(ranges),
    compact: async () => undefined,
  };
  const planOf = planOfText;
  const retention = new Retention({ store, hash, salts, now, planOf, finalSize, delayMs: 86_400_000, index });
  const erasures = new Erasures({
    store,
    hash,
    salts,
    now,
    planOf,
    holds: retention.holds,
    index: { ...index, forgetAll: async (name, ranges) => await indexers.get(name)?.forgetAll(ranges) },
  });
  const auditor = new Auditor({
    store,
    hash,
    salts,
    now,
    signer: SIGNER,
    version: "0.0.0-test",
    plan: { wholeMs: 0, sampleMs: 0, share: 1 },
    checksOf: async (_, kind) =>
      planChecks(kind, { remembered: [], witnesses: options.witnesses ?? [], now, archives: undefined }),
  });
  const ledgers = await openLedgers(
    store,
    indexers,
    clock,
    [rules, retention, erasures, auditor],
    options.ledgerLimits,
  );
  auditor.start();
  const seal = new SecretBox(new Uint8Array(32).fill(7), "tests");
  const keys = await KeyRing.open(store, () => clock.now, undefined, seal);
  const sources = await SourceBook.open(store, () => clock.now);
  const logged: Logged[] = [];
  const note = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const intakes = options.intakes ?? new IntakePool(1);
  const log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  const health = new Health(log);
  const metrics = createMetrics();
  const alerts = await Alerts.open({
    store,
    hash,
    salts,
    now,
    health,
    log,
    rules: [],
    channels: [],
    look: async () => ({ now: clock.now, conditions: [], countEvents: async () => 0 }),
    ledger: () => undefined,
  });
  const access = options.access === true ? await openAccess(store, ledgers, { hash, salts, now, health }) : undefined;
  const watchers = await WatcherBook.open({
    store,
    hash,
    salts,
    log,
    now,
    watchers: options.watchers ?? [],
    toleranceMs: limits.signatureToleranceMs,
    ledger: () => ledgers.get(ACCESS_LEDGER),
  });
  const app = createApp({
    access,
    watchers,
    proxies: options.proxies && trustedProxies(options.proxies),
    log,
    health,
    store,
    ledgers,
    keys,
    sources,
    intakes,
    limits,
    hash,
    version: "0.0.0-test",
    salts,
    rules,
    retention,
    erasures,
    auditor,
    alerts,
    now: () => clock.now,
    chains: (ledgerId) => chains.get(ledgerId) ?? [],
    indexer: (name) => indexers.get(name),
    anchoring: async () => [],
    metrics,
    ...(options.misspelt !== undefined && { misspelt: options.misspelt }),
    ...(options.keysInQuery !== undefined && { keysInQuery: options.keysInQuery }),
    ...(options.hecAck !== undefined && { hecAck: options.hecAck }),
    encryption: options.encryption,
  });
  const connections = openConnections(limits, { metrics, log });
  const server = createServer(app, limits, { metrics, log, connections, ...secure });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    store,
    ledgers,
    keys,
    indexer: (name) => indexers.get(name),
    sources,
    rules,
    retention,
    auditor,
    alerts,
    watchers,
    server,
    logged,
    health,
    chains,
    clock,
    access,
    async key(roles, source, names) {
      const { text } = await keys.create({ roles, source, ...(names !== undefined && { ledgers: names }) });
      return text;
    },
    async close() {
      await closeServer(server, 0);
      await auditor.stop();
      await intakes.close();
      await access?.close();
      for (const indexer of indexers.values()) await indexer.stop();
      await erasures.close();
      for (const ledger of ledgers.list()) await ledger.close();
      await keys.close();
      await sources.close();
    },
  };
}

async function openAccess(
  store: Store,
  ledgers: Services["ledgers"],
  { hash, salts, now, health }: Pick<Services, "hash" | "salts" | "now" | "health">,
): Promise<AccessRecorder> {
  const ledger = ledgers.get(ACCESS_LEDGER) ?? (await ledgers.create({ name: ACCESS_LEDGER }));
  // It is told when a test flushes: no timer runs.
  return await AccessRecorder.open({ store, ledger, recording: { hash, salts }, now, health, windowMs: 60_000 });
}

async function openLedgers(
  store: Store,
  indexers: Map<string, Indexer>,
  clock: { now: number },
  followers: readonly { follow(ledger: Ledger): Promise<void> }[],
  limits?: Partial<LedgerLimits>,
): Promise<Services["ledgers"]> {
  const hash = await fastKeccak256();
  const open = async (record: Parameters<Store["addLedger"]>[0]) => {
    const options = { store, record, signer: SIGNER, hash, clock: () => clock.now };
    const ledger = await Ledger.open({ ...options, ...(limits !== undefined && { limits }) });
    const indexer = await Indexer.open({ store, indexStore: new MemoryIndexStore(), ledger });
    indexer.start();
    for (const each of followers) await each.follow(ledger);
    indexers.set(record.name, indexer);
    return ledger;
  };
  const byName = new Map<string, Ledger>();
  for (const record of await store.ledgers()) byName.set(record.name, await open(record));
  const registry: Services["ledgers"] = {
    get: (name) => byName.get(name),
    list: () => [...byName.values()],
    async create({ name, label = labelOf(name) }) {
      if (byName.has(name)) throw new LedgerExistsError(`expected a new name, got ${name}`);
      const id = deriveLedgerId(OWNER, label);
      const record = { id, name, label, owner: OWNER, signer: SIGNER.address, createdAt: clock.now };
      await store.addLedger(record);
      const ledger = await open(record);
      byName.set(name, ledger);
      return ledger;
    },
  };
  if (byName.size === 0) await registry.create({ name: "main" });
  return registry;
}

/** An event as the smallest sender makes it, with more members when given. */
export function event(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { action: "user.login", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" }, ...more };
}

/** What a request is answered with; `as` checks a JSON body against a published form. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  as<Name extends SchemaName>(name: Name): z.output<(typeof SCHEMAS)[Name]>;
};

export type Question = {
  readonly key?: string;
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: object | string | Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Sends a request and reads the whole answer, which has to be as the published description says. */
export async function ask({ url }: Pick<Running, "url">, target: string, question: Question = {}): Promise<Answer> {
  const { key, body, type = "application/json", headers = {} } = question;
  const [method, path] = target.split(" ") as [string, string];
  const isPlain = typeof body === "object" && !(body instanceof Uint8Array);
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "Content-Type": type }),
      ...headers,
    },
    ...(body !== undefined && { body: isPlain ? JSON.stringify(body) : (body as string) }),
  });
  const text = await response.text();
  requireDescribed(method, path, { status: response.status, headers: response.headers, text });
  const as = <Name extends SchemaName>(name: Name) => {
    const parsed = SCHEMAS[name].safeParse(JSON.parse(text));
    if (!parsed.success) throw new TypeError(`expected a ${name}, got ${text}: ${parsed.error.message}`);
    return parsed.data as z.output<(typeof SCHEMAS)[Name]>;
  };
  return { status: response.status, headers: response.headers, text, as };
}

/** The code of a problem, checked to be a whole one. */
export function codeOf(answer: Answer): string {
  if (answer.headers.get("content-type") !== "application/problem+json") {
    // A foreign protocol has a body, and now and then a status, of its own.
    const code = answer.headers.get("holdfast-code") ?? "";
    return isCode(code) ? `${CODES[code][0]} ${code}` : `no problem: ${answer.status} ${answer.text}`;
  }
  const problem = answer.as("Problem");
  return `${problem.status === answer.status ? answer.status : "two statuses"} ${problem.code}`;
}
