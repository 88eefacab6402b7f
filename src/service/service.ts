/**
 * Puts the parts of a service together, in the order in which they need each other, and takes them apart again in the
 * opposite one. No other file knows all of them.
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { Anchorer } from "../anchor/anchorer.ts";
import type { Auditor } from "../audit/running/auditor.ts";
import { DEV_CHAIN_ID } from "../devchain/devchain.ts";
import { KeyringErasing } from "../encryption/erasing.ts";
import type { Keyring } from "../encryption/keyring.ts";
import { SegmentCipher } from "../encryption/keyring-cipher.ts";
import { Health } from "../health.ts";
import { createApp } from "../http/app.ts";
import { lookAtAdminKey } from "../http/auth/admin-key.ts";
import { KeyRing } from "../http/auth/api-keys.ts";
import { planOfText } from "../http/routes/events/filter-text.ts";
import type { HttpLimits } from "../http/services.ts";
import { IntakePool, intakeThreads } from "../ingest/intake/pool.ts";
import { createSalts } from "../ingest/intake/salts.ts";
import type { ListenersOptions } from "../ingest/listeners/listeners.ts";
import { RuleBook } from "../ingest/rules/rule-book.ts";
import { SourceBook } from "../ingest/sources/source-counts.ts";
import { openContentKey } from "../keys/content-key.ts";
import { SecretBox } from "../keys/secret-box.ts";
import { MarkFolder } from "../ledger/marks/folder.ts";
import { Marks } from "../ledger/marks/marks.ts";
import { LedgerRegistry } from "../ledger/registry.ts";
import { Sealer } from "../ledger/seal/seal.ts";
import { Timekeeper } from "../ledger/timekeeper.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Hash } from "../merkle/hash.ts";
import type { ServedCertificate } from "../net/tls/reload-certificate.ts";
import { createProcessMetrics } from "../process-metrics.ts";
import { Erasures } from "../retention/erasure/erasures.ts";
import { finalSize } from "../retention/final-size.ts";
import { Retention } from "../retention/retention.ts";
import { replaceFile } from "../store/durable-file.ts";
import type { LevelStore } from "../store/level-store.ts";
import { openArchiver } from "./archiving/open-archiver.ts";
import type { ServiceArchiver } from "./archiving/service-archiver.ts";
import { type ChainFacts, chainsOf, type OpenedChains, openChains } from "./chains/chains.ts";
import { contractFiles } from "./chains/contract-files.ts";
import { beat, signNow } from "./chains/heartbeat.ts";
import { adminKeyFile, type Config, indexFolder, marksFolder } from "./config.ts";
import { StoreEncryption } from "./encryption.ts";
import { openHash } from "./hashing.ts";
import { Indexes } from "./indexes.ts";
import { OpenedParts } from "./opened-parts.ts";
import { openCertificate, openListeners, openServers } from "./servers.ts";
import { httpLimits, queueLimits } from "./settings/limits.ts";
import { misspeltOf } from "./settings/misspelt.ts";
import { damageOf, describeHanging, openFolder, openStorage } from "./storage.ts";
import { openAccess, openAccessLedger } from "./watching/access.ts";
import { countAudits, openAuditor } from "./watching/auditing.ts";
import { openLog } from "./watching/log.ts";
import { openAlerts } from "./watching/open-alerts.ts";

/** A service that runs. */
export type Service = {
  /** That of plain HTTP where there is one. */
  readonly url: string;
  /** All of them. */
  readonly urls: readonly string[];
  /** Its listeners for syslog, each as its transport and address. */
  readonly syslog: readonly string[];
  /** What it is for and when it ends, where there is one. */
  readonly certificate: Pick<ServedCertificate, "names" | "endsAt"> | undefined;
  /** Whether the key for administrators was made by this start. */
  readonly isFirstStart: boolean;
  /** Id of the key-encryption key that its keys are wrapped by; undefined when its store is in clear. */
  readonly keyEncryptionKey: string | undefined;
  /** Who signs for its ledgers; whoever gets a proof has to know it from somebody else than the proof. */
  readonly signer: string;
  readonly chains: readonly ChainFacts[];
  readonly close: () => Promise<void>;
  /** What keeps it from closing, in words, as far as that is known. */
  readonly unfinished: () => string | undefined;
};

/**
 * Starts a service.
 * @throws StoreLockedError, RecoveryError, AnchorStartError, KeyError … with what to do, after closing what was opened
 */
export async function startService(config: Config, version: string): Promise<Service> {
  const opened = new OpenedParts();
  const log = openLog(config.logLevel);
  try {
    return await start(config, version, { opened, log });
  } catch (error) {
    // Why it did not start is what somebody has to be told, whatever does not close besides.
    await opened
      .closeAll()
      .catch((err: unknown) => log.error({ err }, "not everything that was opened could be closed"));
    throw error;
  }
}

type Begun = { readonly opened: OpenedParts; readonly log: Logger };

async function start(config: Config, version: string, begun: Begun): Promise<Service> {
  const ground = await openGround(config, version, begun);
  const registry = await openLedgers(config, ground);
  const anchorer = await openAnchorer(ground, registry);
  const { opened, log, health, store, hash, indexes, sources, rules, retention, erasures, auditor } = ground;
  const { signer, setups, facts, certificate } = ground;
  const contentKey = await openContent(config, ground, registry);
  const { keys, isFirstStart } = await openKeys(config, ground, contentKey);
  const limits = httpLimits(config);
  const metrics = countAudits(createProcessMetrics(), auditor, () => registry.list());
  const salts = createSalts();
  const alerts = await openAlerts(config.alerts, {
    ...ground,
    ...config,
    registry,
    salts,
    now: Date.now,
    indexer: (name) => indexes.get(name),
    anchoring: () => anchorer.status(),
  });
  const app = createApp({
    ...(await openAccess(registry, { ...ground, config, version, secret: contentKey })),
    store,
    alerts,
    encryption: ground.keyring,
    ledgers: registry,
    keys,
    sources,
    intakes: opened.adopt(openIntakes(log), (each) => each.close()),
    limits,
    log,
    health,
    hash,
    version,
    contractFile: contractFiles(setups, { log, now: Date.now }),
    hstsS: config.tls?.hstsS ?? 0,
    now: Date.now,
    salts,
    rules,
    retention,
    erasures,
    auditor,
    metrics,
    contentKey,
    misspelt: misspeltOf(config, registry, log),
    hecAck: config.hecAck,
    keysInQuery: config.keysInQuery,
    indexer: (name) => indexes.get(name),
    anchoring: () => anchorer.status(),
    chains: (ledgerId) => chainsOf(anchorer, config, ledgerId),
  });
  const urls = await openServers(app, { config, certificate, limits, telling: { metrics, log }, opened });
  const preparation = { hash, salts, contentKey };
  const syslog = await listen(config, ground, { registry, preparation, limits, metrics });
  anchorer.start();
  if (alerts !== undefined) opened.adopt(alerts, (each) => each.stop()).start();
  for (const each of [retention.pruner, auditor]) opened.adopt(each, () => each.stop()).start();
  return {
    syslog,
    url: urls[0] as string,
    urls,
    certificate,
    isFirstStart,
    keyEncryptionKey: ground.keyring?.wrappedBy.id,
    signer: checksumAddress(signer.address),
    chains: facts,
    close: () => opened.closeAll(),
    unfinished: () => describeHanging(store),
  };
}

/** What listeners for syslog need besides. */
type ListenParts = Pick<ListenersOptions, "preparation" | "metrics"> & {
  readonly registry: LedgerRegistry;
  readonly limits: HttpLimits;
};

function listen(config: Config, ground: Ground, parts: ListenParts): Promise<readonly string[]> {
  const { opened, rules, sources, health, log, certificate } = ground;
  const { registry, limits, preparation, metrics } = parts;
  return openListeners(config, opened, {
    preparation,
    limits: limits.event,
    rules,
    rawBytesMax: limits.requestBytesMax,
    ledger: (name) => registry.get(name),
    now: Date.now,
    sources,
    health,
    log,
    metrics,
    certificate,
  });
}

/** What ledgers, anchoring and the API stand on. */
type Ground = Begun &
  Pick<OpenedChains, "signer" | "owner" | "setups" | "facts"> & {
    readonly health: Health;
    readonly store: LevelStore;
    readonly hash: Hash;
    readonly indexes: Indexes;
    readonly sources: SourceBook;
    readonly rules: RuleBook;
    readonly retention: Retention;
    readonly erasures: Erasures;
    readonly auditor: Auditor;
    readonly archiver: ServiceArchiver | undefined;
    readonly time: Timekeeper;
    readonly marks: Marks;
    readonly certificate: ServedCertificate | undefined;
    /** Where the store is encrypted. */
    readonly keyring: Keyring | undefined;
  };

async function openGround(config: Config, version: string, begun: Begun): Promise<Ground> {
  const { opened, log } = begun;
  const health = new Health(log);
  // Before anything else is opened: what is wrong with it has nothing to do with the store.
  const certificate = await openCertificate(config, { opened, log, health });
  await openFolder(config, log);
  // First of all: it keeps a second process out, before that one touches anything else.
  const hash = await openHash(log);
  const encryption = new StoreEncryption({
    settings: config.encryption,
    data: config.data,
    env: process.env,
    health,
    log,
    hash,
  });
  opened.adopt(encryption, (each) => each.close());
  const { openCipher } = encryption;
  const { store, patrol } = await openStorage(config, { health, log, openCipher });
  opened.adopt(store, (each) => each.close());
  opened.adopt(patrol, (each) => each.stop());
  const closeLater = (close: () => Promise<void>) => opened.defer(close);
  const chains = await openChains(config, { log, health, store, closeLater });
  const directory = indexFolder(config.data);
  const cipher = encryption.cipher && new SegmentCipher(encryption.cipher);
  const indexes = opened.adopt(await Indexes.open({ directory, log, health, cipher }), (each) => each.close());
  const sources = opened.adopt(await SourceBook.open(store, Date.now, health), (each) => each.close());
  const time = opened.adopt(new Timekeeper({ health }), (each) => each.close());
  const telling = { store, hash, salts: createSalts(), now: () => time.now(), health };
  const rules = new RuleBook(telling);
  const governance = openGovernance(config, telling, { chains, indexes, encryption });
  const keyring = encryption.cipher?.keyring;
  const auditor = openAuditor({
    ...telling,
    config,
    version,
    log,
    indexes,
    signer: chains.signer,
    keys: keyring,
    witnesses: chains.setups.map(({ chain }) => chain),
    env: process.env,
  });
  const marks = opened.adopt(await openMarks(config, hash, health), (each) => each.close());
  return {
    ...begun,
    ...chains,
    health,
    store,
    hash,
    indexes,
    sources,
    rules,
    ...governance,
    auditor,
    time,
    marks,
    certificate,
    keyring,
  };
}

type Telling = ConstructorParameters<typeof RuleBook>[0] & {
  readonly store: LevelStore;
  readonly health: Health;
  readonly now: () => number;
};
type Beside = Pick<Ground, "indexes"> & { readonly chains: OpenedChains; readonly encryption: StoreEncryption };

/** What is kept for how long, and what is erased of it. */
function openGovernance(config: Config, telling: Telling, { chains, indexes, encryption }: Beside) {
  const { store, hash } = telling;
  const planOf = planOfText;
  const chainIds = chains.setups.map(({ chain }) => chain.chainId);
  const archiver = openArchiver(config, process.env, { store, hash, erasures: (id) => erasures.list(id).length });
  const retention = new Retention({
    ...telling,
    archiver,
    planOf,
    delayMs: config.retention.delayS * 1000,
    finalSize: (ledgerId) => finalSize(store, ledgerId, chainIds),
    index: indexes,
    intervalMs: config.retention.intervalS * 1000,
    archiveEveryMs: config.retention.archiveEveryS * 1000,
  });
  const keys = encryption.cipher && new KeyringErasing(encryption.cipher);
  const erasures = new Erasures({ ...telling, planOf, holds: retention.holds, index: indexes, keys });
  return { archiver, retention, erasures };
}

/** Every ledger of the store, and the one that each service has. */
async function openLedgers(config: Config, ground: Ground): Promise<LedgerRegistry> {
  const { opened, log, health, store, hash, indexes, sources, rules, retention, erasures } = ground;
  const { archiver, time, marks, signer, owner, auditor } = ground;
  const registry = await LedgerRegistry.open({
    store,
    signer,
    owner,
    hash,
    rotate: true,
    limits: queueLimits(config),
    admit: (ledgerId) => marks.admit(ledgerId),
    clock: () => time.now(),
    onDamage: (ledgerId, cause) => health.report(`damage/${ledgerId}`, cause && damageOf(ledgerId), cause),
    onTileMade: (ledgerId, tile, why) =>
      log.warn({ ledgerId, tile, why }, "a tile was made again from the entries under it; run an audit"),
    onOpen: async (ledger) => {
      if (ledger.record.readOnly !== true) await marks.follow(ledger);
      time.follow(ledger);
      await indexes.follow(ledger);
      sources.follow(ledger);
      await rules.follow(ledger);
      archiver?.follow(ledger);
      await retention.follow(ledger);
      await erasures.follow(ledger);
      await auditor.follow(ledger);
      ledger.onStop((cause) => log.error({ err: cause, ledger: ledger.record.name }, "the ledger stopped"));
    },
  });
  opened.adopt(registry, (each) => each.close());
  opened.adopt(erasures, (each) => each.close());
  if (registry.get(config.ledger) === undefined) await registry.create({ name: config.ledger });
  await openAccessLedger(config, registry);
  return registry;
}

/** What anchors them; it does not run yet. */
async function openAnchorer(ground: Ground, registry: LedgerRegistry): Promise<Anchorer> {
  const { opened, log, health, store, hash, time, signer, setups } = ground;
  const sealer = opened.adopt(new Sealer({ store }), (each) => each.close());
  const anchorer = await Anchorer.open({
    store,
    chains: setups,
    log,
    health,
    // Of one that is to be read the chain may have more: it goes on elsewhere.
    ledgers: () => registry.list().filter(({ record }) => record.readOnly !== true),
    seal: async (ledger) => (await sealer.seal(ledger)).checkpoint,
    resign: (_, { ledgerId, size, root }) => signNow(signer, { ledgerId, size, root }, time.now()),
    heartbeat: (ledger) => beat(ledger, hash, time.now()),
  });
  opened.adopt(anchorer, (each) => each.stop());
  // The embedded chain goes by this machine's clock.
  time.start(() => anchorer.newestBlocks().filter(({ chainId }) => chainId !== DEV_CHAIN_ID));
  return anchorer;
}

/** What goes into the digests of contents. */
async function openContent({ data }: Config, { store, hash, log }: Ground, registry: LedgerRegistry) {
  const isUsed = registry.list().some(({ size, record }) => size > 0 && record.readOnly !== true);
  return openContentKey(join(data, "keys", "content.key"), { store, hash, log, isUsed });
}

/** The keys of the API, with one that may administer. */
async function openKeys({ data }: Config, { opened, log, health, store, time }: Ground, contentKey: Uint8Array) {
  const seal = new SecretBox(contentKey, "holdfast webhook secrets");
  const keys = opened.adopt(await KeyRing.open(store, () => time.now(), health, seal), (each) => each.close());
  const isFirstStart = await keys.createAdmin((text) => replaceFile(adminKeyFile(data), `${text}\n`));
  await lookAtAdminKey(adminKeyFile(data), keys, log);
  return { keys, isFirstStart };
}

async function openMarks({ data }: Config, hash: Hash, health: Health): Promise<Marks> {
  return new Marks({ folder: await MarkFolder.open(marksFolder(data)), hash, health });
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
