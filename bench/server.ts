/**
 * Parts that bench/http.ts puts under load, each in a process of its own: a bare Express echo, or the API over LevelDB without
 * a chain. Prints its port; ends when its standard input does.
 */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { WatcherBook } from "../src/alerts/watchers/watcher-book.ts";
import { Auditor } from "../src/audit/running/auditor.ts";
import { Health } from "../src/health.ts";
import { createApp } from "../src/http/app.ts";
import { KeyRing } from "../src/http/auth/api-keys.ts";
import { planOfText } from "../src/http/routes/events/filter-text.ts";
import { createServer, openConnections } from "../src/http/server.ts";
import { HTTP_LIMITS } from "../src/http/services.ts";
import { IntakePool, intakeThreads } from "../src/ingest/intake/pool.ts";
import { createSalts } from "../src/ingest/intake/salts.ts";
import { RuleBook } from "../src/ingest/rules/rule-book.ts";
import { SourceBook } from "../src/ingest/sources/source-counts.ts";
import { keySigner } from "../src/keys/local-signer.ts";
import { fastKeccak256 } from "../src/ledger/keccak/keccak-wasm.ts";
import { LedgerRegistry } from "../src/ledger/registry.ts";
import { createMetrics } from "../src/metrics.ts";
import { Erasures } from "../src/retention/erasure/erasures.ts";
import { Retention } from "../src/retention/retention.ts";
import { LevelStore } from "../src/store/level-store.ts";

function quiet(): void {
  return;
}

function echo() {
  const app = express();
  app.use(express.json());
  app.post("/echo", (req, res) => {
    res.json(req.body);
  });
  return { server: createHttpServer(app), key: "", close: async () => undefined };
}

async function holdfast() {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
  const store = await LevelStore.open(join(folder, "store"));
  const hash = await fastKeccak256();
  const signer = keySigner(randomBytes(32), hash);
  const ledgers = await LedgerRegistry.open({ store, signer, owner: signer.address, hash });
  const main = await ledgers.create({ name: "main" });
  const salts = createSalts();
  const rules = new RuleBook({ store, hash, salts });
  await rules.follow(main);
  const planOf = planOfText;
  const index = { forgetAll: async () => undefined, compact: async () => undefined };
  const retention = new Retention({ store, hash, salts, now: Date.now, planOf, finalSize: () => 0, delayMs: 0, index });
  await retention.follow(main);
  const { holds } = retention;
  const erasures = new Erasures({
    store,
    hash,
    salts,
    now: Date.now,
    planOf,
    holds,
    index: { ...index, forgetAll: async () => undefined },
  });
  await erasures.follow(main);
  const keys = await KeyRing.open(store);
  const { text: key } = await keys.create({ roles: ["admin"], source: "bench" });
  const log = { debug: quiet, info: quiet, warn: console.error, error: console.error };
  const intakes = new IntakePool(intakeThreads(availableParallelism()));
  intakes.start();
  const sources = await SourceBook.open(store);
  const metrics = createMetrics();
  const auditor = new Auditor({
    store,
    hash,
    salts,
    signer: keySigner(new Uint8Array(32).fill(1)),
    version: "bench",
    now: Date.now,
    plan: { wholeMs: 0, sampleMs: 0, share: 1 },
    checksOf: async () => ({ remembered: [], more: [] }),
  });
  const watchers = await WatcherBook.open({
    store,
    hash,
    salts,
    log,
    watchers: [],
    now: Date.now,
    toleranceMs: 0,
    ledger: () => undefined,
  });
  const app = createApp({
    store,
    watchers,
    ledgers,
    keys,
    sources,
    intakes,
    hash,
    log,
    health: new Health(log),
    limits: HTTP_LIMITS,
    salts,
    rules,
    retention,
    erasures,
    auditor,
    metrics,
    chains: () => [],
    indexer: () => undefined,
    anchoring: async () => [],
    now: Date.now,
    version: "bench",
  });
  const close = async () => {
    await intakes.close();
    await sources.close();
    await ledgers.close();
    await store.close();
    await rm(folder, { recursive: true });
  };
  const connections = openConnections(HTTP_LIMITS, { metrics, log });
  return { server: createServer(app, HTTP_LIMITS, { metrics, log, connections }), key, close };
}

const { server, key, close } = process.argv[2] === "echo" ? echo() : await holdfast();
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, key }));
});
process.stdin.resume().on("end", () => {
  server.close();
  server.closeAllConnections();
  void close().then(() => process.exit(0));
});
