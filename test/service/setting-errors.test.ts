/** What is said of a setting that cannot be used: its name, what was expected and what came, and never a secret. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { openChains } from "../../src/service/chains/chains.ts";
import { readConfig } from "../../src/service/config.ts";
import { ConfigError } from "../../src/service/settings/setting-errors.ts";

const ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const SLIP = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee";
/** What must never be repeated. */
const SECRET = "https://user:hunter2@node.example/v3/k3y";
const PRIVATE_KEY = "4c0883a69102937d6231471b5dbb6204fe512961708279f1d7a1f0ab8c3d2e11";

type Fields = Readonly<Record<string, unknown>>;

const CHAIN: Fields = { name: "a", rpc: ["http://127.0.0.1:1"], chainId: 5, payer: { env: "PAYER_KEY" } };
const BASE: Fields = { signer: { env: "SIGNER_KEY" }, owner: { address: ADDRESS }, chains: [CHAIN] };

const KEYS = `one of {"keystore", "passwordFile" or "passwordEnv"}, {"remote", "address"}, {"file"}, {"env"}, see docs/configuration.md`;
const HIDDEN = (text: string) => `a text of ${text.length} characters, which may be secret`;

/** Of the file: the setting, what is in it, and what is said. */
const SETTINGS: readonly (readonly [string, unknown, string])[] = [
  ["listen", 4600, `"listen": expected a text, got 4600`],
  ["listen", "4600", `expected "listen" as host:port or [IPv6 address]:port, such as 127.0.0.1:4600, got "4600"`],
  ["data", "", `"data": expected a text that is not empty, got ""`],
  [
    "tls.listen",
    "4600",
    `expected "tls.listen" as host:port or [IPv6 address]:port, such as 127.0.0.1:4600, got "4600"`,
  ],
  ["tls.cert", "", `"tls.cert": expected a text that is not empty, got ""`],
  ["tls.key", "", `"tls.key": expected a text that is not empty, got ""`],
  ["tls.key", "a.pem", "expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY together, got only HOLDFAST_TLS_KEY"],
  [
    "tls.clientCa",
    "a.pem",
    "expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY beside HOLDFAST_TLS_CLIENT_CA, got neither",
  ],
  [
    "archive",
    { recipients: ["ssh-ed25519 AAAA"] },
    `"archive.recipients[0]": expected a public key of age, age1…, got "ssh-ed25519 AAAA"`,
  ],
  ["retention.delayS", -1, `"retention.delayS": expected a number of at least 0, got -1`],
  ["access", "none", `"access": expected "off" or an object with windowS, got "none"`],
  ["access.windowS", 0.5, `"access.windowS": expected a number of at least 1, got 0.5`],
  ["proxies", ["10.0.0.0/33"], `"proxies[0]": expected an address or a network such as 10.0.0.0/8, got "10.0.0.0/33"`],
  ["retention.intervalS", 0, `"retention.intervalS": expected a number above 0, got 0`],
  ["syslog", {}, `"syslog": expected a list, got an empty object`],
  [
    "syslog",
    [{ transport: "relp", listen: "127.0.0.1:1" }],
    `"syslog[0].transport": expected "tcp", "tls" or "udp", got "relp"`,
  ],
  [
    "syslog",
    [{ transport: "tcp", listen: "5514" }],
    `expected "syslog[0].listen" as host:port or [IPv6 address]:port, such as 127.0.0.1:4600, got "5514"`,
  ],
  [
    "syslog",
    [{ transport: "tls", listen: "127.0.0.1:1" }],
    `expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY beside "syslog[0].listen", got neither`,
  ],
  [
    "embeddedExplorer",
    "my explorer",
    `"embeddedExplorer": expected an explorer such as https://basescan.org or otterscan+http://localhost:5100 (etherscan, blockscout, otterscan), got "my explorer"`,
  ],
  ["tls.clients", "never", `"tls.clients": expected "optional" or "required", got "never"`],
  ["tls.hstsS", -1, `"tls.hstsS": expected a number of at least 0, got -1`],
  ["logLevel", "loud", `"logLevel": expected "trace", "debug", "info", "warn", "error" or "silent", got "loud"`],
  ["ledger", "Main", `"ledger": expected 1 to 64 of a-z, 0-9, '.', '_', '-', got "Main"`],
  ["ledgers", [], `"ledgers": expected an object, got a list of 0`],
  ["ledgers", { "Pay roll": {} }, `"ledgers": expected 1 to 64 of a-z, 0-9, '.', '_', '-' as a name, got "Pay roll"`],
  ["ledgers.NAME.misspelt", "ignore", `"ledgers.payroll.misspelt": expected "warn" or "refuse", got "ignore"`],
  ["signer", "my key", `"signer": expected ${KEYS}, got ${HIDDEN("my key")}`],
  ["signer", { keyfile: "a" }, `"signer": expected ${KEYS}, got an object with "keyfile"`],
  ["signer", { file: 5 }, `"signer.file": expected a text, got 5`],
  ["signer", { env: "A", passwordEnv: "B" }, `"signer": expected only env, address, got "passwordEnv"`],
  [
    "signer",
    { keystore: "a", passwordfile: "b" },
    `"signer": expected only keystore, passwordFile, passwordEnv, address, got "passwordfile"`,
  ],
  ["signer", { remote: "http://127.0.0.1:9000" }, `"signer.address": expected a text, got nothing`],
  [
    "signer",
    { remote: "k3y", address: ADDRESS },
    `"signer.remote": expected a URL such as http://127.0.0.1:8545, got ${HIDDEN("k3y")}`,
  ],
  [
    "signer",
    { file: "a", address: SLIP },
    `"signer.address": expected the capitals of EIP-55 in an address (is a digit wrong?), got "${SLIP}"`,
  ],
  [
    "owner",
    { address: SLIP },
    `"owner.address": expected the capitals of EIP-55 in an address (is a digit wrong?), got "${SLIP}"`,
  ],
  [
    "owner",
    { address: ADDRESS.slice(0, -1) },
    `"owner.address": expected an address of 40 hex digits with 0x, got "${ADDRESS.slice(0, -1)}"`,
  ],
  ["owner", { address: 7 }, `"owner.address": expected a text, got 7`],
  [
    "owner",
    { address: PRIVATE_KEY },
    `"owner.address": expected an address of 40 hex digits with 0x, got ${HIDDEN(PRIVATE_KEY)}`,
  ],
  ["owner", { adress: ADDRESS }, `"owner": expected {"address"} or ${KEYS}, got an object with "adress"`],
  ["owner", ADDRESS, `"owner": expected {"address"} or ${KEYS}, got ${HIDDEN(ADDRESS)}`],
  ["chains", SECRET, `"chains": expected a list, got ${HIDDEN(SECRET)}`],
  ["embeddedIntervalS", 0, `"embeddedIntervalS": expected a number above 0, got 0`],
  ["encryption", "on", `"encryption": expected "off" or an object with key, former, subject, got ${HIDDEN("on")}`],
  [
    "encryption.key",
    PRIVATE_KEY,
    `"encryption.key": expected one of {"file"}, {"env"}, {"command"}, {"pkcs11"}, {"vault"}, {"awsKms"}, see docs/encryption.md#where-the-key-is, got ${HIDDEN(PRIVATE_KEY)}`,
  ],
  [
    "encryption.key",
    { env: PRIVATE_KEY },
    `"encryption.key.env": expected the name of a variable, got ${HIDDEN(PRIVATE_KEY)}`,
  ],
  ["encryption.former", {}, `"encryption.former": expected a list, got an empty object`],
  ["encryption.subject", [], `"encryption.subject": expected a list of at least 1, got a list of 0`],
  [
    "alerts",
    "on",
    `"alerts": expected "off" or an object with intervalS, without, silentAfterS, searches, channels, got "on"`,
  ],
  [
    "alerts",
    { channels: [{ name: "chat", slack: SECRET }] },
    `"alerts.channels[0].slack": expected an object, got ${HIDDEN(SECRET)}`,
  ],
  [
    "alerts",
    { channels: [{ name: "chat", slack: {} }] },
    `"alerts.channels" chat: expected one of url, urlFile, urlEnv, got 0`,
  ],
  ["alerts", { silentAfterS: { app: 0 } }, `"alerts.silentAfterS.app": expected a number above 0, got 0`],
  ["audit.wholeS", -1, `"audit.wholeS": expected a number of at least 0, got -1`],
  ["audit.sampleS", "often", `"audit.sampleS": expected a number, got "often"`],
  ["audit.share", 2, `"audit.share": expected a number of at most 1, got 2`],
  ["audit.confidence", -1, `"audit.confidence": expected a number above 0, got -1`],
  ["audit.damaged", 0, `"audit.damaged": expected a number above 0, got 0`],
  ["watchers", {}, `"watchers": expected a list, got an empty object`],
  [
    "watchers",
    [{ name: "a", key: "0x12" }],
    `"watchers[0].key": expected an address of 40 hex digits with 0x, got "0x12"`,
  ],
  [
    "watchers",
    [
      { name: "a", key: `0x${"11".repeat(20)}` },
      { name: "a", key: `0x${"22".repeat(20)}` },
    ],
    `"watchers": expected a different name for each watcher of a ledger, got a of main twice`,
  ],
  [
    "watchers",
    [
      { name: "a", key: `0x${"11".repeat(20)}` },
      { name: "b", key: `0x${"11".repeat(20)}` },
    ],
    `"watchers": expected a different key for each watcher of a ledger, got 0x${"11".repeat(20)} of main twice`,
  ],
  ["retention.archiveEveryS", -1, `"retention.archiveEveryS": expected a number of at least 0, got -1`],
  ["keepAliveS", 86401, `"keepAliveS": expected a number of at most 86400, got 86401`],
  ["hecAck", "durable", `"hecAck": expected "recorded", "anchored" or "final", got "durable"`],
  ["keysInQuery", "yes", `"keysInQuery": expected true or false, got "yes"`],
  ["limits", null, `"limits": expected an object, got null`],
  ["limits.eventBytes", 4194305, `"limits.eventBytes": expected a number of at most 4194304, got 4194305`],
  ["limits.requestBytes", 1.5, `"limits.requestBytes": expected a whole number, got 1.5`],
  ["limits.foreignBytes", 1.5, `"limits.foreignBytes": expected a whole number, got 1.5`],
  ["limits.signatureS", 0, `"limits.signatureS": expected a number above 0, got 0`],
  ["limits.batchEvents", "many", `"limits.batchEvents": expected a number, got "many"`],
  ["limits.queueEvents", -1, `"limits.queueEvents": expected a number above 0, got -1`],
  ["limits.queueBytes", 0, `"limits.queueBytes": expected a number above 0, got 0`],
  [
    "limits.eventbytes",
    7,
    `"limits": expected only eventBytes, requestBytes, foreignBytes, signatureS, batchEvents, queueEvents, queueBytes, got "eventbytes"`,
  ],
];

/** Of a chain. */
const CHAIN_SETTINGS: readonly (readonly [string, unknown, string])[] = [
  ["name", "Base", `"chains[0].name": expected 1 to 32 of a-z, 0-9, '-', got "Base"`],
  ["rpc", [], `"chains[0].rpc": expected a list of at least 1, got a list of 0`],
  ["rpc", SECRET, `"chains[0].rpc": expected a list, got ${HIDDEN(SECRET)}`],
  [
    "rpc",
    ["http://127.0.0.1:1", "k3y"],
    `"chains[0].rpc[1]": expected a URL such as http://127.0.0.1:8545, got ${HIDDEN("k3y")}`,
  ],
  ["chainId", "5", `"chains[0].chainId": expected a number, got "5"`],
  [
    "contract",
    SLIP,
    `"chains[0].contract": expected the capitals of EIP-55 in an address (is a digit wrong?), got "${SLIP}"`,
  ],
  ["payer", undefined, `"chains[0].payer": expected ${KEYS}, got nothing`],
  [
    "finality",
    "latest",
    `"chains[0].finality": expected "finalized", "safe" or {"confirmations": a number of blocks}, got "latest"`,
  ],
  ["finality", { confirmations: 0 }, `"chains[0].finality.confirmations": expected a number above 0, got 0`],
  ["intervalS", -5, `"chains[0].intervalS": expected a number above 0, got -5`],
  ["entriesMax", 0, `"chains[0].entriesMax": expected a number above 0, got 0`],
  [
    "explorer",
    "my explorer",
    `"chains[0].explorer": expected an explorer such as https://basescan.org or otterscan+http://localhost:5100 (etherscan, blockscout, otterscan), got "my explorer"`,
  ],
  ["heartbeatS", -1, `"chains[0].heartbeatS": expected a number of at least 0, got -1`],
  ["lagMaxS", true, `"chains[0].lagMaxS": expected a number, got true`],
  ["feeMaxWei", "0.5", `"chains[0].feeMaxWei": expected wei as decimal digits, got "0.5"`],
  ["budgetPerDayWei", 5, `"chains[0].budgetPerDayWei": expected a text, got 5`],
  ["mempool", "no", `"chains[0].mempool": expected true or false, got "no"`],
  ["pollMs", 600_001, `"chains[0].pollMs": expected a number of at most 600000, got 600001`],
  [
    "polMs",
    5,
    `"chains[0]": expected only name, rpc, chainId, contract, payer, explorer, finality, intervalS, entriesMax, heartbeatS, lagMaxS, feeMaxWei, budgetPerDayWei, mempool, pollMs, got "polMs"`,
  ],
];

const VARIABLES: readonly (readonly [string, string, string])[] = [
  [
    "HOLDFAST_TLS_LISTEN",
    "4600",
    `expected HOLDFAST_TLS_LISTEN as host:port or [IPv6 address]:port, such as 127.0.0.1:4600, got "4600"`,
  ],
  [
    "HOLDFAST_TLS_LISTEN",
    "[::]:4643",
    "expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY beside an address for TLS, got neither",
  ],
  [
    "HOLDFAST_LISTEN",
    "4600",
    `expected HOLDFAST_LISTEN as host:port or [IPv6 address]:port, such as 127.0.0.1:4600, got "4600"`,
  ],
  ["HOLDFAST_LOG", "loud", `expected one of trace, debug, info, warn, error, silent in HOLDFAST_LOG, got "loud"`],
  ["HOLDFAST_HEC_ACK", "yes", `expected one of recorded, anchored, final in HOLDFAST_HEC_ACK, got "yes"`],
];

function saidOf(t: TestContext, config: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-settings-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify(config));
  try {
    readConfig({ HOLDFAST_CONFIG: path });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const secret of [SECRET, "hunter2", PRIVATE_KEY]) assert.ok(!error.message.includes(secret), error.message);
    return error.message.replace(`${path}: `, "");
  }
  return assert.fail("the configuration was taken");
}

function withSetting(name: string, value: unknown): Fields {
  const [first = "", ...more] = name.replace("NAME", "payroll").split(".");
  return { ...BASE, [first]: more.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) };
}

for (const [name, value, said] of SETTINGS) {
  test(`${name} of ${JSON.stringify(value)} is refused with what was expected`, (t) => {
    assert.equal(saidOf(t, withSetting(name, value)), said);
  });
}

for (const [name, value, said] of CHAIN_SETTINGS) {
  test(`${name} of a chain, ${JSON.stringify(value)}, is refused with what was expected`, (t) => {
    assert.equal(saidOf(t, { ...BASE, chains: [{ ...CHAIN, [name]: value }] }), said);
  });
}

for (const [name, value, said] of VARIABLES) {
  test(`${name}=${value} is refused with what was expected`, () => {
    assert.throws(() => readConfig({ [name]: value }), new ConfigError(said));
  });
}

test("a variable that is nearly one of ours is told which is meant; another one is not", () => {
  assert.throws(
    () => readConfig({ HOLDFAST_LISTN: "127.0.0.1:1" }),
    /got the variable HOLDFAST_LISTN; is HOLDFAST_LISTEN meant\?$/,
  );
  assert.throws(
    () => readConfig({ HOLDFAST_TLSCERT: "x" }),
    /got the variable HOLDFAST_TLSCERT; is HOLDFAST_TLS_CERT meant\?$/,
  );
  assert.throws(() => readConfig({ HOLDFAST_ANYTHING: "1" }), /got the variable HOLDFAST_ANYTHING$/);
});

test("the tables have every setting that docs/configuration.md has", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");
  const [, file = "", chain = ""] = page.split(/^## The file$|^### A chain$/m);
  const settingsIn = (text: string) =>
    [...(text.split("\n###")[0] ?? "").matchAll(/^\| (`.*?) \|/gm)].flatMap(([, names = ""]) =>
      [...names.matchAll(/`(.+?)`/g)].map(([, name]) => name as string),
    );
  const inFile = settingsIn(file);
  const inChain = settingsIn(chain);
  assert.ok(inFile.length > 10 && inChain.length > 10);
  const tried = (rows: typeof SETTINGS) => new Set(rows.map(([name]) => name));
  assert.deepEqual(
    inFile.filter((name) => !tried(SETTINGS).has(name)),
    [],
  );
  assert.deepEqual(
    inChain.filter((name) => !tried(CHAIN_SETTINGS).has(name)),
    [],
  );
});

test("a file of another kind, several faults, and chains of one name are told, each with its setting", (t) => {
  assert.equal(saidOf(t, []), "the file: expected an object, got a list of 0");
  const two = saidOf(t, { ...BASE, ledger: 5, keepAliveS: "a" });
  assert.equal(two, `"ledger": expected a text, got 5; "keepAliveS": expected a number, got "a"`);
  assert.equal(saidOf(t, { ...BASE, chains: [CHAIN, CHAIN] }), `"chains": expected different names, got a, a`);
  const unknown = saidOf(t, { ...BASE, [PRIVATE_KEY]: 1 });
  assert.match(
    unknown,
    /^the file: expected only listen, data, tls, syslog, ledger, .*, got a text of 64 characters, which may/,
  );
  assert.equal(
    saidOf(t, { chains: [CHAIN], signer: { env: "A" } }),
    'expected "owner" beside "chains", see docs/configuration.md, got none',
  );
});

test("a key that cannot be had is told with the setting that names it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-settings-"));
  const path = join(folder, "config.json");
  const expected = {
    owner: { owner: { file: join(folder, "none") } },
    "chains[0].payer": { chains: [{ ...CHAIN, payer: { env: "HOLDFAST_ABSENT_KEY" } }] },
  };
  for (const [setting, part] of Object.entries(expected)) {
    writeFileSync(path, JSON.stringify({ ...BASE, ...part }));
    const config = readConfig({ HOLDFAST_CONFIG: path });
    await assert.rejects(openChains(config, {} as never), (error: Error) => {
      assert.equal(error.name, "KeyError");
      assert.ok(error.message.startsWith(`"${setting}": expected `), error.message);
      return true;
    });
  }
  rmSync(folder, { recursive: true });
});
