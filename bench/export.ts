/**
 * Exports beside recording, over HTTP and against a service that runs already: rounds of recording alone and of recording
 * while a ledger is exported, by turns, with the anonymous memory of the service.
 *
 *     npx node bench/export.ts URL KEYFILE PID [ROUNDS]
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

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

/** Exports until it is told to stop; how many events a second. */
function exporting(): () => Promise<number> {
  const ending = new AbortController();
  const began = performance.now();
  let events = 0;
  const run = async () => {
    const plain = { ...headers, "Accept-Encoding": "identity" };
    const answer = await fetch(`${url}/v1/ledgers/main/export`, { headers: plain, signal: ending.signal });
    for await (const chunk of answer.body ?? []) for (const byte of chunk as Uint8Array) if (byte === 10) events++;
  };
  const done = run().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return async () => {
    const rate = (events * 1000) / (performance.now() - began);
    ending.abort();
    await done;
    return rate;
  };
}

function memory(): number {
  return Math.round(Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}

for (let round = 0; round < Number(rounds); round++) {
  const alone = await recording();
  const before = memory();
  const stop = exporting();
  const beside = await recording();
  const most = memory();
  const exported = await stop();
  const figures = `recording alone ${alone.toFixed(0)}/s, beside an export ${beside.toFixed(0)}/s (${(beside / alone).toFixed(2)})`;
  console.log(`${figures}; exported ${exported.toFixed(0)}/s; RssAnon ${before} MB, then ${most} MB`);
  await sleep(500);
}
