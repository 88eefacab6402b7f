/**
 * What holds when nothing is configured, as people read it in docs/configuration.md and docs/api.md, is what the service
 * then has. The values stand once, in the parts that obey them; the pages repeat them for people.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import test, { type TestContext } from "node:test";
import { HTTP_LIMITS } from "../../src/http/services.ts";
import { DATA_DEFAULT, LISTEN_DEFAULT } from "../../src/net/service-defaults.ts";
import { lagMaxMs } from "../../src/service/chains/chains.ts";
import { type ChainConfig, type Config, readConfig } from "../../src/service/config.ts";
import { TLS_DEFAULTS } from "../../src/service/listening.ts";

const DOCS = join(import.meta.dirname, "../../docs");
/** Said in words that no value has: what is there when nothing is configured. */
const IN_WORDS = ["explorer", "contract"];
/** Settings of the file that variables have, too. */
const IN_VARIABLES = [
  "embeddedExplorer",
  "listen",
  "data",
  "logLevel",
  "hecAck",
  "tls.listen",
  "tls.cert",
  "tls.key",
  "tls.clientCa",
];
const ETHER = 10n ** 18n;

/** The cells of each row of the first table behind a line, such as a heading; code marks are left in. */
function rows(page: string, line: string): string[][] {
  const lines = readFileSync(join(DOCS, page), "utf8").split("\n");
  const at = lines.indexOf(line);
  assert.ok(at >= 0, `expected the line ${line} in ${page}`);
  const start = lines.findIndex((each, i) => i >= at && each.startsWith("| ")) + 2;
  const end = lines.findIndex((each, i) => i >= start && !each.startsWith("| "));
  return lines.slice(start, end).map((row) => {
    const cells = row.split(/(?<!\\)\|/).slice(1, -1);
    return cells.map((cell) => cell.trim());
  });
}

/** Name and default of each setting that a table has; a row may be about several. */
function settings(heading: string): Map<string, string> {
  const pairs = rows("configuration.md", heading).flatMap(([names = "", values = ""]) => {
    const each = names.split(", ").map((name) => name.replaceAll("`", ""));
    const theirs = each.length > 1 ? values.split(", ") : [values];
    return each.map((name, i) => [name, (theirs[i] ?? "").replaceAll("`", "").trim()] as const);
  });
  return new Map(pairs);
}

/** As the page spells a value. */
function spelled(value: unknown): string {
  if (value === undefined) return "–";
  if (typeof value === "bigint") return `${Number(value) / Number(ETHER)} ether`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function minimalChain(t: TestContext): { readonly config: Config; readonly chain: ChainConfig } {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-defaults-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const key = { env: "SOME_KEY" };
  const chains = [{ name: "a", rpc: ["http://127.0.0.1:1"], chainId: 5, payer: key }];
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify({ signer: key, owner: key, chains }));
  const config = readConfig({ HOLDFAST_CONFIG: path });
  return { config, chain: config.chains[0] as ChainConfig };
}

test("the defaults of the environment and the file are those that docs/configuration.md says", () => {
  const config = readConfig({});
  const { limits, http, https, tls, data, logLevel, hecAck, embeddedExplorer, encryption, ...others } = config;
  const { retention, audit, access, ...rest } = others;
  assert.deepEqual([https, tls, embeddedExplorer], [undefined, undefined, undefined]);
  const environment = {
    HOLDFAST_LISTEN: `${http?.host}:${http?.port}`,
    HOLDFAST_DATA: `./${relative(process.cwd(), data)}`,
    HOLDFAST_LOG: logLevel,
    HOLDFAST_HEC_ACK: hecAck,
    HOLDFAST_EXPLORER: undefined,
    HOLDFAST_ENCRYPTION: encryption.isOn ? "on" : "off",
    HOLDFAST_ENCRYPTION_KEY_FILE: undefined,
    HOLDFAST_CONFIG: undefined,
    HOLDFAST_TLS_LISTEN: undefined,
    HOLDFAST_TLS_CERT: undefined,
    HOLDFAST_TLS_KEY: undefined,
    HOLDFAST_TLS_CLIENT_CA: undefined,
    HOLDFAST_SYSLOG_TCP: undefined,
    HOLDFAST_SYSLOG_TLS: undefined,
    HOLDFAST_SYSLOG_UDP: undefined,
    HOLDFAST_SYSLOG_LEDGER: undefined,
    HOLDFAST_SYSLOG_SOURCE: undefined,
  };
  assert.deepEqual([environment.HOLDFAST_LISTEN, environment.HOLDFAST_DATA], [LISTEN_DEFAULT, `./${DATA_DEFAULT}`]);
  compare(settings("## Environment"), environment);
  const ofLimits = Object.entries(limits).map(([name, value]) => [`limits.${name}`, value] as const);
  const told = settings("## The file");
  for (const name of IN_VARIABLES) assert.equal(told.get(name), "", `${name} has its default above`);
  for (const name of IN_VARIABLES) told.delete(name);
  const ofTls = { "tls.clients": TLS_DEFAULTS.clients, "tls.hstsS": TLS_DEFAULTS.hstsS };
  const ofAudit = Object.fromEntries(Object.entries(audit).map(([name, value]) => [`audit.${name}`, value]));
  const ofRetention = {
    "retention.delayS": retention.delayS,
    "retention.intervalS": retention.intervalS,
    "retention.archiveEveryS": retention.archiveEveryS,
  };
  const ofEncryption = {
    encryption: undefined,
    "encryption.key": encryption.key,
    "encryption.former": encryption.former,
    "encryption.subject": encryption.subject,
  };
  assert.equal(told.get("encryption"), "", "it has its default above");
  assert.deepEqual([told.get("access"), access.isOn], ["", true]);
  told.delete("access");
  told.set("encryption", "–");
  told.set("encryption.key", told.get("encryption.key") === "keys/encryption.key" ? "–" : "another");
  compare(told, {
    ...rest,
    ...ofEncryption,
    "access.windowS": access.windowS,
    ...ofTls,
    ...Object.fromEntries(ofLimits),
    "ledgers.NAME.misspelt": "warn",
    ...ofRetention,
    ...ofAudit,
  });
});

test("the defaults of a chain are those that docs/configuration.md says", (t) => {
  const { config, chain } = minimalChain(t);
  const told = settings("### A chain");
  const { name, rpc, chainId, payer, lagMaxS, ...rest } = chain;
  for (const needed of Object.keys({ name, rpc, chainId, payer })) {
    assert.equal(told.get(needed), "", `${needed} has to be there, so it has no default`);
    told.delete(needed);
  }
  const [, intervals, minutes] = /^(\d+) intervals and (\d+) minutes$/.exec(told.get("lagMaxS") ?? "") ?? [];
  for (const intervalMs of [1000, 3_600_000])
    assert.equal(lagMaxMs(config, name, intervalMs), Number(intervals) * intervalMs + Number(minutes) * 60_000);
  assert.equal(lagMaxS, 0);
  told.delete("lagMaxS");
  for (const word of IN_WORDS) assert.ok(told.delete(word), word);
  compare(told, rest);
});

/** Both have the same names, with the same values. */
function compare(told: ReadonlyMap<string, string>, held: Readonly<Record<string, unknown>>): void {
  const expected = Object.entries(held).map(([name, value]) => [name, spelled(value)] as const);
  assert.deepEqual(Object.fromEntries([...told].sort()), Object.fromEntries([...expected].sort()));
}

test("the limits of requests are those that docs/api.md says", () => {
  const {
    event,
    requestBytesMax,
    foreignBytesMax,
    batchMax,
    bodiesBytesMax,
    requestMs,
    requestBytesPerS,
    headersMs,
    answerMs,
    turns,
    stalledMs,
  } = HTTP_LIMITS;
  const count = (n: number) => n.toLocaleString("en");
  const seconds = (ms: number) => `${ms / 1000} s`;
  const mebibytes = (bytes: number) => `${bytes / 1024 ** 2} MiB`;
  const { waitingEachMax, waitingMax, waitMs } = turns;
  const told = rows("api.md", "| limit | default | over it |").map(([limit, value]) => [limit, value]);
  assert.deepEqual(Object.fromEntries(told), {
    "one event, canonical JSON": `${event.bytesMax / 1024} KiB, ${event.membersMax} members (one is \`_source\`), depth ${event.depthMax}`,
    "one request": mebibytes(requestBytesMax),
    "one request in a foreign format, decompressed": mebibytes(foreignBytesMax),
    "events of one request": count(batchMax),
    "bodies of all requests at once": mebibytes(bodiesBytesMax),
    "time for a request to arrive": `${seconds(requestMs)}, and with a key as long as it comes at ${requestBytesPerS / 1024} KiB/s on the whole; its headers ${seconds(headersMs)}`,
    "time for the answer": seconds(answerMs),
    "large reads that wait for their turn": `${waitingEachMax} of a client, ${count(waitingMax)} in all, ${seconds(waitMs)}`,
    "time in which nothing of an answer is taken": seconds(stalledMs),
  });
});
