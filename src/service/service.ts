/**
 * Puts the parts of a service together, in the order in which they need each other, and takes them apart again in the
 * opposite one. No other file knows all of them.
 */

import { stat } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { Anchorer } from "../anchor/anchorer.ts";
import { DEV_CHAIN_ID } from "../devchain/devchain.ts";
import { checkEvent } from "../entry/event.ts";
import { ownMembers, prepareEntry } from "../entry/prepare.ts";
import { Health } from "../health.ts";
import { createApp } from "../http/app.ts";
import { lookAtAdminKey } from "../http/auth/admin-key.ts";
import { KeyRing } from "../http/auth/api-keys.ts";
import { IntakePool, intakeThreads } from "../http/intake/pool.ts";
import { createSalts } from "../http/intake/salts.ts";
import { closeServer, createServer } from "../http/server.ts";
import { HTTP_LIMITS, type HttpLimits } from "../http/services.ts";
import { placesFor } from "../http/wire/connection-places.ts";
import { openContentKey } from "../keys/content-key.ts";
import type { CheckpointSigner } from "../keys/signer.ts";
import { fastKeccak256 } from "../ledger/keccak-wasm.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MarkFolder } from "../ledger/marks/folder.ts";
import { Marks } from "../ledger/marks/marks.ts";
import { LedgerRegistry } from "../ledger/registry.ts";
import { Sealer } from "../ledger/seal/seal.ts";
import { Timekeeper } from "../ledger/timekeeper.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Checkpoint, SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { createMetrics } from "../metrics.ts";
import { hostInUrl } from "../net/listen-address.ts";
import { closeToOthers, makeFolder, replaceFile } from "../store/durable-file.ts";
import { type ChainFacts, chainsOf, openChains } from "./chains.ts";
import { adminKeyFile, type Config, marksFolder } from "./config.ts";
import { Indexes } from "./indexes.ts";
import { damageOf, describeHanging, openStorage } from "./storage.ts";

/** A service that runs. */
export type Service = {
  readonly url: string;
  /** Whether the key for administrators was made by this start. */
  readonly isFirstStart: boolean;
  /** Who signs for its ledgers; whoever gets a proof has to know it from somebody else than the proof. */
  readonly signer: string;
  readonly chains: readonly ChainFacts[];
  readonly close: () => Promise<void>;
  /** What keeps it from closing, in words, as far as that is known. */
  readonly unfinished: () => string | undefined;
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was opened so far, and how to close it, the newest first. */
class Opened {
  readonly #closers: (() => Promise<void>)[] = [];

  add<T>(part: T, close: (part: T) => Promise<void>): T {
    this.#closers.unshift(() => close(part));
    return part;
  }

  /** Closes everything, also when something of it fails to close; the failures are thrown at the end. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0)) await close().catch((error: unknown) => failures.push(error));
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(messageOf).join("; "));
  }
}

/** Of the data folder, which may itself be open. */
const PRIVATE_FOLDERS = ["store", "index", "marks", "keys", "chain"];
/** Who the service is in events of its own. */
const SERVICE = "holdfast";
/** Requests that have begun may take this long when the service stops; process managers kill after 10 s. */
const STOP_MS = 8000;
/**
 * Starts a service.
 * @throws StoreLockedError, RecoveryError, AnchorStartError, KeyError … with what to do, after closing what was opened
 */
export async function startService(config: Config, version: string): Promise<Service> {
  const opened = new Opened();
  const log = pino({
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  try {
    return await start(config, version, { opened, log });
  } catch (error) {
    // Why it did not start is what somebody has to be told, whatever does not close besides.
    await opened.close().catch((err: unknown) => log.error({ err }, "not everything that was opened could be closed"));
    throw error;
  }
}

type Begun = { readonly opened: Opened; readonly log: Logger };

async function start(config: Config, version: string, { opened, log }: Begun): Promise<Service> {
  const health = new Health(log);
  await openFolder(config, log);
  // First of all: it keeps a second process out, before that one touches anything else.
  const { store, patrol } = await openStorage(config, health, log);
  opened.add(store, (each) => each.close());
  opened.add(patrol, (each) => each.stop());
  const hash = await fastKeccak256();
  const closeLater = (close: () => Promise<void>) => void opened.add(close, (each) => each());
  const { signer, owner, setups, facts } = await openChains(config, { log, health, store, closeLater });
  const directory = join(config.data, "index");
  const indexes = opened.add(await Indexes.open({ directory, log, health }), (each) => each.close());
  const time = opened.add(new Timekeeper({ health }), (each) => each.close());
  const marks = opened.add(await openMarks(config, hash, health), (each) => each.close());
  const { queueEvents: queueEventsMax, queueBytes: queueBytesMax } = config.limits;
  const registry = await LedgerRegistry.open({
    store,
    signer,
    owner,
    hash,
    rotate: true,
    limits: { queueEventsMax, queueBytesMax },
    admit: (ledgerId) => marks.admit(ledgerId),
    clock: () => time.now(),
    onDamage: (ledgerId, cause) => health.report(`damage/${ledgerId}`, cause && damageOf(ledgerId), cause),
    onTileMade: (ledgerId, tile, why) =>
      log.warn({ ledgerId, tile, why }, "a tile was made again from the entries under it; run an audit"),
    onOpen: async (ledger) => {
      await marks.follow(ledger);
      time.follow(ledger);
      await indexes.follow(ledger);
      ledger.onStop((cause) => log.error({ err: cause, ledger: ledger.record.name }, "the ledger stopped"));
    },
  });
  opened.add(registry, (each) => each.close());
  if (registry.get(config.ledger) === undefined) await registry.create({ name: config.ledger });
  const sealer = opened.add(new Sealer({ store }), (each) => each.close());
  const anchorer = await Anchorer.open({
    store,
    chains: setups,
    log,
    health,
    ledgers: () => registry.list(),
    seal: async (ledger) => (await sealer.seal(ledger)).checkpoint,
    resign: (_, { ledgerId, size, root }) => signNow(signer, { ledgerId, size, root }, time.now()),
    heartbeat: (ledger) => beat(ledger, hash, time.now()),
  });
  opened.add(anchorer, (each) => each.stop());
  // The embedded chain goes by this machine's clock.
  time.start(() => anchorer.newestBlocks().filter(({ chainId }) => chainId !== DEV_CHAIN_ID));
  const keys = opened.add(await KeyRing.open(store, () => time.now(), health), (each) => each.close());
  const isUsed = registry.list().some(({ size }) => size > 0);
  const isFirstStart = await keys.createAdmin((text) => replaceFile(adminKeyFile(config.data), `${text}\n`));
  await lookAtAdminKey(adminKeyFile(config.data), keys, log);
  const limits = httpLimits(config);
  const intakes = opened.add(openIntakes(log), (each) => each.close());
  const metrics = createMetrics({ ofProcess: true });
  const app = createApp({
    store,
    ledgers: registry,
    keys,
    intakes,
    limits,
    log,
    health,
    hash,
    version,
    now: Date.now,
    salts: createSalts(),
    metrics,
    contentKey: await openContentKey(join(config.data, "keys", "content.key"), { store, hash, log, isUsed }),
    indexer: (name) => indexes.get(name),
    anchoring: () => anchorer.status(),
    chains: (ledgerId) => chainsOf(anchorer, config, ledgerId),
  });
  const server = createServer(app, limits, { metrics, log });
  const url = await listen(server, config);
  opened.add(server, (each) => closeServer(each, STOP_MS));
  anchorer.start();
  return {
    url,
    isFirstStart,
    signer: checksumAddress(signer.address),
    chains: facts,
    close: () => opened.close(),
    unfinished: () => describeHanging(store),
  };
}

async function openFolder({ data }: Config, log: Logger): Promise<void> {
  await makeFolder(data);
  for (const name of PRIVATE_FOLDERS) await closeToOthers(join(data, name));
  if (process.platform === "win32" || ((await stat(data)).mode & 0o077) === 0) return;
  log.warn({ data }, "others on this machine may look into the data folder, where events lie in clear: chmod 700");
}

async function openMarks({ data }: Config, hash: Hash, health: Health): Promise<Marks> {
  return new Marks({ folder: await MarkFolder.open(marksFolder(data)), hash, health });
}

/** Records that nothing happened, so that it can be anchored, and silence is not taken for a stopped service. */
async function beat(ledger: Ledger, hash: Hash, now: number): Promise<void> {
  const actor = { type: "system", id: SERVICE } as const;
  const event = checkEvent({ action: "holdfast.heartbeat", time: new Date(now).toISOString(), actor });
  const own = ownMembers({ _source: { format: SERVICE, source: SERVICE } });
  const entry = prepareEntry(event, { hash, salts: createSalts(), own });
  await ledger.append({ entries: [entry], source: SERVICE });
}

/** The threads for large bodies, already started, so that the first body need not wait for one. */
function openIntakes(log: Logger): IntakePool {
  const intakes = new IntakePool(intakeThreads(availableParallelism()), {
    onDeath: (err) =>
      log.error({ err }, "a thread that takes in requests ended; what it had was refused, not recorded"),
  });
  intakes.start();
  return intakes;
}

async function signNow(
  signer: CheckpointSigner,
  tree: Omit<Checkpoint, "signedAt">,
  now: number,
): Promise<SignedCheckpoint> {
  const checkpoint = { ...tree, signedAt: Math.floor(now / 1000) };
  return { ...checkpoint, signature: await signer.sign(checkpoint) };
}

function httpLimits({ limits, keepAliveS }: Config): HttpLimits {
  const event = { ...HTTP_LIMITS.event, bytesMax: limits.eventBytes };
  const connectionsMax = placesFor(HTTP_LIMITS.connectionsMax);
  return {
    ...HTTP_LIMITS,
    event,
    connectionsMax,
    requestBytesMax: limits.requestBytes,
    batchMax: limits.batchEvents,
    idleMs: keepAliveS * 1000,
  };
}

function listen(server: Server, { host, port }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const { address, port: bound } = server.address() as AddressInfo;
      resolve(`http://${hostInUrl(address)}:${bound}`);
    });
  });
}
