/**
 * Reading beside recording, over HTTP and against a service that runs already: rounds of recording alone, and while a ledger
 * is exported, looked through for a text or followed, by turns, with the anonymous memory of the service.
 *
 *     npx node bench/export.ts URL KEYFILE PID [ROUNDS]
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { anonymousMb } from "./subject.ts";

const [url = "", keyFile = "", pid = "", rounds = "3"] = process.argv.slice(2);
const ROUND_MS = 8000;
const BATCH = 500;
const headers = { Authorization: `Bearer ${readFileSync(keyFile, "utf8").trim()}` };
let next = 0;

function body(): string {
  const lines = Array.from({ length: BATCH }, () => {
    const time = new Date(1.7957e12 + next).toISOString();
    return JSON.stringify({
      action: "user.login",
      time,
      actor: { type: "user", id: `b-${next++}` },
      message: "x".repeat(50),
    });
  });
  return lines.join("\n");
}

/** Two connections record until it is over; how many events a second. */
async function recording(): Promise<number> {
  const end = performance.now() + ROUND_MS;
  let sent = 0;
  const one = async () => {
    while (performance.now() < end) {
      const type = { "Content-Type": "application/x-ndjson" };
      const answer = await fetch(`${url}/v1/ledgers/main/events`, {
        method: "POST",
        headers: { ...headers, ...type },
        body: body(),
      });
      if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
      sent += BATCH;
    }
  };
  await Promise.all([one(), one()]);
  return (sent * 1000) / ROUND_MS;
}

/** What is done beside, until it is told to stop; then how much there was of it. */
type Beside = (signal: AbortSignal, count: (events: number) => void) => Promise<void>;

const SCANS = 2;
const TAILS = 8;

const ask = (path: string, signal: AbortSignal) =>
  fetch(`${url}/v1/ledgers/main/${path}`, { headers: { ...headers, "Accept-Encoding": "identity" }, signal });

async function takeLines(path: string, signal: AbortSignal, count: (events: number) => void): Promise<void> {
  const answer = await ask(path, signal);
  if (answer.status !== 200) throw new Error(`${path}: expected 200, got ${answer.status}: ${await answer.text()}`);
  for await (const chunk of answer.body ?? []) for (const byte of chunk as Uint8Array) if (byte === 10) count(1);
}

/** Looks through everything for what is not there, again and again. */
async function scan(signal: AbortSignal, count: (events: number) => void): Promise<void> {
  for (let after = ""; ; ) {
    const answer = await ask(`events?text=nowhere-to-be-found${after}`, signal);
    if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status}: ${await answer.text()}`);
    const { next, lookedAt } = (await answer.json()) as {
      next: string | null;
      lookedAt: { readonly from: number; readonly to: number };
    };
    count(lookedAt.to - lookedAt.from);
    after = next === null ? "" : `&after=${next}`;
  }
}

const BESIDE: readonly (readonly [what: string, counted: string, run: Beside])[] = [
  ["an export", "events exported", (signal, count) => takeLines("export", signal, count)],
  [
    `${SCANS} scans for a text`,
    "entries looked at",
    async (signal, count) => {
      await Promise.all(Array.from({ length: SCANS }, () => scan(signal, count)));
    },
  ],
  [
    `${TAILS} tails`,
    "lines sent",
    async (signal, count) => {
      await Promise.all(Array.from({ length: TAILS }, () => takeLines("events/tail", signal, count)));
    },
  ],
];

function start(run: Beside): () => Promise<number> {
  const ending = new AbortController();
  const began = performance.now();
  let sum = 0;
  const count = (events: number): void => {
    sum += events;
  };
  const done = run(ending.signal, count).catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return async () => {
    const rate = (sum * 1000) / (performance.now() - began);
    ending.abort();
    await done;
    return rate;
  };
}

for (let round = 0; round < Number(rounds); round++) {
  for (const [what, counted, run] of BESIDE) {
    const alone = await recording();
    const before = anonymousMb(pid);
    const stop = start(run);
    const beside = await recording();
    const most = anonymousMb(pid);
    const rate = await stop();
    const figures = `recording alone ${alone.toFixed(0)}/s, beside ${what} ${beside.toFixed(0)}/s (${(beside / alone).toFixed(2)})`;
    console.log(`${figures}; ${rate.toFixed(0)} ${counted} a second; RssAnon ${before} MB, then ${most} MB`);
    await sleep(500);
  }
}
