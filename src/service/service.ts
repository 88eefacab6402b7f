/**
 * Puts the parts of a service together, in the order in which they need each other, and takes them apart again in the
 * opposite one. No other room knows all of them.
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { createApp } from "../http/app.ts";
import { lookAtAdminKey } from "../http/auth/admin-key.ts";
import { KeyRing } from "../http/auth/api-keys.ts";
import type { HttpLimits } from "../http/services.ts";
import { IntakePool, intakeThreads } from "../ingest/intake/pool.ts";
import { createSalts } from "../ingest/intake/salts.ts";
import type { ListenersOptions } from "../ingest/listeners/listeners.ts";
import { openContentKey } from "../keys/content-key.ts";
import { SecretBox } from "../keys/secret-box.ts";
import type { LedgerRegistry } from "../ledger/registry.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { ServedCertificate } from "../net/tls/reload-certificate.ts";
import { createProcessMetrics } from "../process-metrics.ts";
import { replaceFile } from "../store/durable-file.ts";
import { type ChainFacts, chainsOf } from "./chains/chains.ts";
import { contractFiles } from "./chains/contract-files.ts";
import { adminKeyFile, type Config } from "./config.ts";
import { type Begun, openGround, type ServiceGround } from "./opening/ground.ts";
import { openAnchorer, openLedgers } from "./opening/open-ledgers.ts";
import { OpenedParts } from "./opening/opened-parts.ts";
import { openListeners, openServers } from "./servers.ts";
import { httpLimits } from "./settings/limits.ts";
import { misspeltOf } from "./settings/misspelt.ts";
import { describeHanging } from "./storage.ts";
import { openAccess } from "./watching/access.ts";
import { countAudits } from "./watching/auditing.ts";
import { openLog } from "./watching/log.ts";
import { openAlerts } from "./watching/open-alerts.ts";
import { openWatchers } from "./watching/open-watchers.ts";

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
  const anchoring = () => anchorer.status();
  const tracing = await openAccess(registry, { ...ground, config, version, secret: contentKey });
  const accesses = tracing.access;
  const around = { ...config, ...ground, registry, keys, accesses, salts, now: Date.now, anchoring };
  const watchers = await openWatchers(config, { ...around, limits });
  const alerts = await openAlerts(config.alerts, { ...around, watchers, indexer: (name) => indexes.get(name) });
  const app = createApp({
    ...tracing,
    store,
    alerts,
    watchers,
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
    anchoring,
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

function listen(config: Config, ground: ServiceGround, parts: ListenParts): Promise<readonly string[]> {
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

/** What goes into the digests of contents. */
async function openContent({ data }: Config, { store, hash, log }: ServiceGround, registry: LedgerRegistry) {
  const isUsed = registry.list().some(({ size, record }) => size > 0 && record.readOnly !== true);
  return openContentKey(join(data, "keys", "content.key"), { store, hash, log, isUsed });
}

/** The keys of the API, with one that may administer. */
async function openKeys({ data }: Config, { opened, log, health, store, time }: ServiceGround, contentKey: Uint8Array) {
  const seal = new SecretBox(contentKey, "holdfast webhook secrets");
  const keys = opened.adopt(await KeyRing.open(store, () => time.now(), health, seal), (each) => each.close());
  const isFirstStart = await keys.createAdmin((text) => replaceFile(adminKeyFile(data), `${text}\n`));
  await lookAtAdminKey(adminKeyFile(data), keys, log);
  return { keys, isFirstStart };
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
