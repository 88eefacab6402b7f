/**
 * What it costs to get an event from its text to what a ledger records, per event of about 300 bytes, step by step.
 * Run it with `node bench/entry.ts`; it takes a few seconds. Hashing and salts are left out: they have their own price.
 */

import { memberDigest } from "../src/entry/entry.ts";
import { checkEvent, EVENT_LIMITS } from "../src/entry/event.ts";
import { parseJson } from "../src/entry/i-json.ts";
import { ownMembers, prepareEntry } from "../src/entry/prepare.ts";
import { canonicalJson } from "../src/json/canonical.ts";
import type { Hash } from "../src/merkle/hash.ts";

const ROUNDS = 7;
const PER_ROUND = 40_000;
const OWN = ownMembers({ _source: { format: "event", key: "billing" } });

const texts = Array.from({ length: 1000 }, (_, i) =>
  JSON.stringify({
    id: `req-${i}`,
    action: "user.login",
    time: "2026-11-20T09:30:00.123Z",
    actor: { type: "user", id: `u_${i}`, name: "Ada" },
    targets: [{ type: "application", id: "billing" }],
    context: { ip: "203.0.113.7", user_agent: "Mozilla/5.0 (X11; Linux x86_64)" },
    outcome: "success",
    metadata: { method: "totp", attempt: 2 },
  }),
);
const events = texts.map((text) => checkEvent(JSON.parse(text)));

const digest = new Uint8Array(32);
const noHash: Hash = () => digest;
const someSalts = new Uint8Array(64 * 16);
const service = { hash: noHash, salts: (n: number) => someSalts.subarray(0, 16 * n), own: OWN };

/** Prints the best and the median round, in µs for one call. */
function measure(name: string, run: (i: number) => unknown): void {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const started = performance.now();
    for (let i = 0; i < PER_ROUND; i++) run(i % texts.length);
    if (round > 0) rounds.push(((performance.now() - started) * 1000) / PER_ROUND);
  }
  rounds.sort((a, b) => a - b);
  const best = rounds[0] as number;
  const median = rounds[Math.floor(ROUNDS / 2)] as number;
  console.log(`${name.padEnd(44)} best ${best.toFixed(2).padStart(6)} µs   median ${median.toFixed(2).padStart(6)} µs`);
}

console.log(`events of ${texts[500]?.length} characters, 8 members and one of the service, Node ${process.version}`);
measure("JSON.parse alone", (i) => JSON.parse(texts[i] as string));
measure("parseJson: I-JSON", (i) => parseJson(texts[i] as string, EVENT_LIMITS));
measure("checkEvent: the schema", (i) => checkEvent(events[i]));
measure("canonicalJson of the whole event", (i) => canonicalJson(events[i]));
const member = { salt: new Uint8Array(16), text: '"actor":{"id":"u_1","name":"Ada","type":"user"}' };
measure("memberDigest without the hash", () => memberDigest(noHash, member));
measure("prepareEntry without hashes and salts", (i) => prepareEntry(events[i] as (typeof events)[0], service));
measure("all: text to prepared entry", (i) =>
  prepareEntry(checkEvent(parseJson(texts[i] as string, EVENT_LIMITS)), service),
);
