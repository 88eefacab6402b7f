/**
 * What a service can be told: by environment variables, and by one JSON file (HOLDFAST_CONFIG) for what does not fit
 * there. docs/configuration.md is the page about it. Unknown names are refused, so that a typing error is not a default.
 */

import { join, resolve } from "node:path";
import { z } from "zod";
import type { WatcherSetting } from "../alerts/watchers/watcher-book.ts";
import { POLICY } from "../anchor/policy.ts";
import { Vocabulary } from "../entry/misspelt.ts";
import { HEC_ACKS, type HecAck, HTTP_LIMITS } from "../http/services.ts";
import type { ListenerSettings } from "../ingest/listeners/listeners.ts";
import { readWrittenJson } from "../json/read.ts";
import { QUEUE_LIMITS } from "../ledger/append/queue.ts";
import { addressFault } from "../merkle/address.ts";
import { DATA_DEFAULT, LEDGER_DEFAULT } from "../net/service-defaults.ts";
import { RETENTION_DEFAULTS } from "../retention/retention.ts";
import { readTextFile } from "../store/text-file.ts";
import { EXPLORER_EXPECTED, type Explorer, readExplorer } from "../verify/evm/explorers.ts";
import { type Listening, readListening, TLS_DEFAULTS } from "./listening.ts";
import { access, proxies } from "./settings/access-settings.ts";
import { type AlertsConfig, alerts, readAlerts } from "./settings/alert-settings.ts";
import { type ArchiveConfig, archive } from "./settings/archive-settings.ts";
import { type AuditConfig, audit } from "./settings/audit-settings.ts";
import { type EncryptionConfig, encryption, readEncryption } from "./settings/encryption-settings.ts";
import { isServiceLink } from "./settings/injected-variables.ts";
import { ConfigError, describeSettings, settings } from "./settings/setting-errors.ts";
import { readSyslog, SYSLOG_DEFAULTS } from "./settings/syslog-settings.ts";
import { readWatchers, watchersForm } from "./settings/watcher-settings.ts";

const wei = z.string().regex(/^\d+$/, "expected wei as decimal digits").transform(BigInt);
const address = z.string().check(({ value, issues }) => {
  const fault = addressFault(value);
  if (fault === undefined) return;
  const form = "expected an address of 40 hex digits with 0x";
  const message = fault === "form" ? form : "expected the capitals of EIP-55 in an address (is a digit wrong?)";
  issues.push({ code: "custom", input: value, message });
});
const seconds = z.number().positive().max(31_536_000);
/** Where people look at a chain; pages and command line link there. */
const explorer = z.string().transform((text, context) => {
  const found = readExplorer(text);
  if (found !== undefined) return found;
  context.addIssue({ code: "custom", message: `expected ${EXPLORER_EXPECTED}` });
  return z.NEVER;
});

const KEY_FORMS =
  'one of {"keystore", "passwordFile" or "passwordEnv"}, {"remote", "address"}, {"file"}, {"env"}, see docs/configuration.md';

/** Where a private key is: an encrypted JSON key store, a file or variable with hex, or a signer in another process. */
const keySource = z.union(
  [
    settings({
      keystore: z.string(),
      passwordFile: z.string().optional(),
      passwordEnv: z.string().optional(),
      address: address.optional(),
    }),
    settings({ file: z.string(), address: address.optional() }),
    settings({ env: z.string(), address: address.optional() }),
    settings({ remote: z.url(), address }),
  ],
  `expected ${KEY_FORMS}`,
);

const chain = settings({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected 1 to 32 of a-z, 0-9, '-'"),
  /** JSON-RPC endpoints, the preferred one first. */
  rpc: z.array(z.url()).min(1),
  chainId: z.int().positive(),
  /** Where LedgerAnchor is; its usual address when left out. */
  contract: address.optional(),
  payer: keySource,
  explorer: explorer.optional(),
  finality: z
    .union(
      [z.enum(["finalized", "safe"]), settings({ confirmations: z.int().positive().max(10_000) })],
      'expected "finalized", "safe" or {"confirmations": a number of blocks}',
    )
    .default(POLICY.finality),
  /** Anchor at the latest this long after an entry was recorded. */
  intervalS: seconds.default(POLICY.intervalMs / 1000),
  /** Anchor as soon as this many entries wait. */
  entriesMax: z.int().positive().default(POLICY.entriesMax),
  /** Anchor also when nothing changed, this often; 0 never does. */
  heartbeatS: z
    .number()
    .nonnegative()
    .default(POLICY.heartbeatMs / 1000),
  /** Readiness fails when the oldest unanchored entry is older; 0 means three intervals and two minutes. */
  lagMaxS: z.number().nonnegative().default(0),
  feeMaxWei: wei.default(POLICY.feeMaxWei),
  budgetPerDayWei: wei.default(POLICY.budgetPerDayWei),
  /** Rollups without a public mempool re-price instead of bumping. */
  mempool: z.boolean().default(POLICY.mempool),
  pollMs: z.int().positive().max(600_000).default(POLICY.pollMs),
});

/** Of larger events some could be recorded that no verifier reads: `memberValuesMax` in verify/bundle/bundle.ts. */
export const EVENT_BYTES_MAX = 4 * 1024 * 1024;

const limits = settings({
  eventBytes: z.int().positive().max(EVENT_BYTES_MAX).default(HTTP_LIMITS.event.bytesMax),
  requestBytes: z.int().positive().default(HTTP_LIMITS.requestBytesMax),
  foreignBytes: z.int().positive().default(HTTP_LIMITS.foreignBytesMax),
  /** How old the signature of a webhook may be. */
  signatureS: z
    .number()
    .positive()
    .max(86_400)
    .default(HTTP_LIMITS.signatureToleranceMs / 1000),
  batchEvents: z.int().positive().max(1_000_000).default(HTTP_LIMITS.batchMax),
  queueEvents: z.int().positive().default(QUEUE_LIMITS.queueEventsMax),
  queueBytes: z.int().positive().default(QUEUE_LIMITS.queueBytesMax),
});

const ledgerName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected 1 to 64 of a-z, 0-9, '.', '_', '-'");

const ledgerSettings = settings({
  /** What is done about events with a member whose name is nearly a known one. */
  misspelt: z.enum(["warn", "refuse"]).optional(),
});

/** What may be taken away, and when. */
const retention = settings({
  /** How long a policy waits that shortens something; 0 lets it be in force at once. */
  delayS: z
    .number()
    .nonnegative()
    .max(31_536_000)
    .default(RETENTION_DEFAULTS.delayMs / 1000),
  /** How often it is looked whether something is due. */
  intervalS: seconds.default(RETENTION_DEFAULTS.intervalMs / 1000),
  /** How long after a ledger's last archive the next one is made. */
  archiveEveryS: z
    .number()
    .nonnegative()
    .max(31_536_000)
    .default(RETENTION_DEFAULTS.archiveEveryMs / 1000),
});

const hecAck = z.enum(HEC_ACKS);

/** What a key for TLS is kept in, and how it is used; docs/operations.md#tls. */
const tls = settings({
  listen: z.string().optional(),
  cert: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  clientCa: z.string().min(1).optional(),
  clients: z.enum(["optional", "required"]).default(TLS_DEFAULTS.clients),
  hstsS: z.int().nonnegative().max(63_072_000).default(TLS_DEFAULTS.hstsS),
});

const syslogListener = settings({
  transport: z.enum(["tcp", "tls", "udp"]),
  listen: z.string(),
  ledger: ledgerName.optional(),
  source: z.string().min(1).max(256).default(SYSLOG_DEFAULTS.source),
  /** Of a message that is read as one. */
  messageBytes: z.int().min(1024).max(16_777_216).default(SYSLOG_DEFAULTS.messageBytes),
  /** Whether the name in a client's certificate is the source. */
  sourceFromCertificate: z.boolean().default(SYSLOG_DEFAULTS.sourceFromCertificate),
});

const file = settings({
  listen: z.string().optional(),
  data: z.string().min(1).optional(),
  tls: tls.prefault({}),
  syslog: z.array(syslogListener).default([]),
  /** The ledger that a first start makes. */
  ledger: ledgerName.default(LEDGER_DEFAULT),
  /** Settings of ledgers by their names, those that are made later too. */
  ledgers: z.record(ledgerName, ledgerSettings).default({}),
  archive: archive.optional(),
  /** What people are told of; docs/alerts.md. */
  alerts: alerts.prefault({}),
  /** Watchers elsewhere that may say what they see; docs/watcher.md. */
  watchers: watchersForm(address).default([]),
  /** Signs checkpoints; generated in the data folder when only the embedded chain is used. */
  signer: keySource.optional(),
  /** Whose ledgers these are, on every chain: a key opens them there, an address alone leaves that to its holder. */
  owner: z.union([...keySource.options, settings({ address })], `expected {"address"} or ${KEY_FORMS}`).optional(),
  chains: z.array(chain).default([]),
  /** Anchor interval on the embedded chain. */
  embeddedIntervalS: seconds.default(5),
  /** Where people look at the embedded chain; its pages may read there. */
  embeddedExplorer: explorer.optional(),
  /** An idle connection is kept for so long; longer than the balancer in front keeps its own. */
  keepAliveS: z
    .number()
    .positive()
    .max(86_400)
    .default(HTTP_LIMITS.idleMs / 1000),
  limits: limits.prefault({}),
  retention: retention.prefault({}),
  /** Audits that the service makes by itself. */
  audit: audit.prefault({}),
  /** What it means that a client of Splunk's is acknowledged. */
  hecAck: hecAck.default("recorded"),
  /** Whether foreign senders may show their key as `?access_token=`, which ends up in the logs of whatever is between. */
  keysInQuery: z.boolean().default(false),
  /** What events are encrypted with at rest; docs/encryption.md. */
  encryption: encryption.prefault({}),
  /** Who reads and changes what is recorded; docs/access.md. */
  access: access.prefault({}),
  proxies: proxies.default([]),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});

export type KeySource = z.infer<typeof keySource>;
export type ChainConfig = z.infer<typeof chain>;
export type LimitsConfig = z.infer<typeof limits>;

export type Config = Listening & {
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Name of the ledger that a first start makes. */
  readonly ledger: string;
  readonly syslog: readonly ListenerSettings[];
  readonly ledgers: Readonly<Record<string, z.infer<typeof ledgerSettings>>>;
  readonly archive: ArchiveConfig | undefined;
  readonly alerts: AlertsConfig;
  readonly watchers: readonly WatcherSetting[];
  readonly signer: KeySource | undefined;
  readonly owner: KeySource | { readonly address: string } | undefined;
  /** Empty means: run the embedded chain. */
  readonly chains: readonly ChainConfig[];
  readonly embeddedIntervalS: number;
  readonly embeddedExplorer: Explorer | undefined;
  readonly keepAliveS: number;
  readonly limits: LimitsConfig;
  readonly retention: z.infer<typeof retention>;
  readonly audit: AuditConfig;
  readonly hecAck: HecAck;
  readonly keysInQuery: boolean;
  readonly encryption: EncryptionConfig;
  readonly access: z.infer<typeof access>;
  /** Addresses and networks. */
  readonly proxies: readonly string[];
  readonly logLevel: z.infer<typeof file>["logLevel"];
};

/** Environment variables that mean something here. */
const VARIABLES = [
  "HOLDFAST_CONFIG",
  "HOLDFAST_LISTEN",
  "HOLDFAST_DATA",
  "HOLDFAST_LOG",
  "HOLDFAST_HEC_ACK",
  "HOLDFAST_EXPLORER",
  "HOLDFAST_ENCRYPTION",
  "HOLDFAST_ENCRYPTION_KEY_FILE",
  "HOLDFAST_TLS_LISTEN",
  "HOLDFAST_TLS_CERT",
  "HOLDFAST_TLS_KEY",
  "HOLDFAST_TLS_CLIENT_CA",
  "HOLDFAST_SYSLOG_TCP",
  "HOLDFAST_SYSLOG_TLS",
  "HOLDFAST_SYSLOG_UDP",
  "HOLDFAST_SYSLOG_LEDGER",
  "HOLDFAST_SYSLOG_SOURCE",
];
/** Variables of the command line, which a service ignores. */
const CLIENT_VARIABLES = ["HOLDFAST_URL", "HOLDFAST_KEY", "HOLDFAST_RPC", "HOLDFAST_LAUNCHER"];

/**
 * Reads the configuration from environment variables and the file that HOLDFAST_CONFIG names.
 * @throws ConfigError that says which setting, what was expected and what came
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  checkNames(env);
  const input = env.HOLDFAST_CONFIG ? readFile(env.HOLDFAST_CONFIG) : {};
  const parsed = file.safeParse(input);
  if (!parsed.success) {
    throw new ConfigError(`${env.HOLDFAST_CONFIG}: ${describeSettings(parsed.error.issues, input)}`);
  }
  const { listen, tls: ofTls, data, ...rest } = parsed.data;
  const names = rest.chains.map((each) => each.name);
  if (new Set(names).size < names.length)
    throw new ConfigError(`"chains": expected different names, got ${names.join(", ")}`);
  for (const name of ["signer", "owner"] as const) {
    if (rest.chains.length > 0 && rest[name] === undefined) {
      throw new ConfigError(`expected "${name}" beside "chains", see docs/configuration.md, got none`);
    }
  }
  const logLevel = readChoice("HOLDFAST_LOG", env.HOLDFAST_LOG ?? rest.logLevel, file.shape.logLevel.unwrap().options);
  const ack = readChoice("HOLDFAST_HEC_ACK", env.HOLDFAST_HEC_ACK ?? rest.hecAck, HEC_ACKS);
  const listening = readListening(env, listen, ofTls);
  const around = { ledger: rest.ledger, hasCertificate: listening.tls !== undefined };
  return {
    ...rest,
    ...listening,
    syslog: readSyslog(env, rest.syslog, around),
    encryption: readEncryption(env, rest.encryption),
    data: resolve(env.HOLDFAST_DATA ?? data ?? DATA_DEFAULT),
    archive: rest.archive,
    alerts: readAlerts(rest.alerts),
    watchers: readWatchers(rest.watchers, rest.ledger),
    signer: rest.signer,
    owner: rest.owner,
    embeddedExplorer: embeddedExplorerOf(env.HOLDFAST_EXPLORER, rest),
    hecAck: ack,
    logLevel,
  };
}

/** @throws ConfigError for one that is no explorer, and where it would mean nothing */
function embeddedExplorerOf(
  text: string | undefined,
  { embeddedExplorer, chains }: Pick<z.infer<typeof file>, "embeddedExplorer" | "chains">,
): Explorer | undefined {
  const found = text === undefined ? embeddedExplorer : readExplorer(text);
  if (text !== undefined && found === undefined) {
    throw new ConfigError(`HOLDFAST_EXPLORER: expected ${EXPLORER_EXPECTED}, got ${JSON.stringify(text.slice(0, 80))}`);
  }
  if (found === undefined || chains.length === 0) return found;
  const name = text === undefined ? '"embeddedExplorer"' : "HOLDFAST_EXPLORER";
  throw new ConfigError(`${name}: expected no chains beside it, got some; each of those has an "explorer" of its own`);
}

/** @throws ConfigError when a variable has none of the values that it may have */
function readChoice<Choice extends string>(variable: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new ConfigError(`expected one of ${choices.join(", ")} in ${variable}, got ${JSON.stringify(value)}`);
}

/** Where a first start leaves the admin key. */
export function adminKeyFile(data: string): string {
  return join(data, "admin.key");
}

/** Where its marks are. */
export function marksFolder(data: string): string {
  return join(data, "marks");
}

/** Where the index for search is. */
export function indexFolder(data: string): string {
  return join(data, "index");
}

/** Where the store of a service is. */
export function storeFolder(data: string): string {
  return join(data, "store");
}

/** @throws ConfigError for a name that means nothing, and for one that was set to nothing */
function checkNames(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of VARIABLES) {
    // Often a variable that was not set, in whatever started this: with the default, another ledger would be begun.
    if (env[name] === "")
      throw new ConfigError(`expected a value in ${name}, got nothing; leave it out for the default`);
  }
  for (const name of Object.keys(env)) {
    if (!name.startsWith("HOLDFAST_") || VARIABLES.includes(name) || CLIENT_VARIABLES.includes(name)) continue;
    if (isServiceLink(name, env)) continue;
    // Passwords and keys are named by the configuration itself.
    if (/_(PASSWORD|KEY)$/.test(name)) continue;
    const meant = new Vocabulary(Object.fromEntries(VARIABLES.map((each) => [each, true]))).nearest(name);
    const question = meant === undefined ? "" : `; is ${meant} meant?`;
    throw new ConfigError(`expected one of ${VARIABLES.join(", ")}, got the variable ${name}${question}`);
  }
}

function readFile(path: string): unknown {
  try {
    return readWrittenJson(readTextFile(path));
  } catch (cause) {
    throw new ConfigError(`HOLDFAST_CONFIG: expected a JSON file at ${path}, got: ${(cause as Error).message}`, {
      cause,
    });
  }
}
