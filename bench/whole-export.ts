/**
 * What exporting a large ledger whole costs in memory, against a service that runs already: the ledger is filled up to so many
 * events, then exported in each format, while the anonymous memory of the service is read each second.
 *
 *     npx node bench/whole-export.ts URL KEYFILE PID [EVENTS] [FORMAT …]
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { anonymousMb } from "./subject.ts";

const [url = "", keyFile = "", pid = "", wanted = "10000000", ...formats] = process.argv.slice(2);
const LEDGER = `${url}/v1/ledgers/main`;
const EVENTS = Number(wanted);
const BATCH = 1000;
const CONNECTIONS = 8;
const SAMPLE_MS = 1000;
/** Before an export and behind it, so that what it found there and what it leaves can be told from it. */
const BESIDE_MS = 15_000;
const RETRY_MS = 1000;
const LATER = [429, 503];
const TOLD_EVERY = 500_000;
const PARTS = 4;
const NEW_LINE = 10;
/** Of what came last, in which the trailer is. */
const END_BYTES = 4096;

const headers = { Authorization: `Bearer ${readFileSync(keyFile, "utf8").trim()}`, "Accept-Encoding": "identity" };

/** Small ones, the same again and again: what counts here is how many there are. */
const BODY = Array.from({ length: BATCH }, (_, i) =>
  JSON.stringify({ action: "user.login", time: "2026-11-23T10:00:00Z", actor: { type: "user", id: `u-${i}` } }),
).join("\n");

type Found = { readonly size: number; readonly searchableSize?: number };

async function look(): Promise<Found> {
  const answer = await fetch(`${LEDGER}/events?limit=1`, { headers });
  if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Found;
}

/** Records one body. @returns the size of the ledger then */
async function record(): Promise<number> {
  for (;;) {
    const answer = await fetch(`${LEDGER}/events`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/x-ndjson" },
      body: BODY,
    });
    const text = await answer.text();
    if (answer.status === 201) return (JSON.parse(text) as { checkpoint: { size: number } }).checkpoint.size;
    if (!LATER.includes(answer.status)) throw new Error(`expected 201, got ${answer.status}: ${text}`);
    await sleep(RETRY_MS);
  }
}

/** Fills the ledger, and waits until all of it can be searched. */
async function fill(): Promise<void> {
  let { size } = await look();
  const first = size;
  const began = performance.now();
  const one = async () => {
    while (size < EVENTS) {
      const now = await record();
      const isTold = Math.floor(now / TOLD_EVERY) > Math.floor(size / TOLD_EVERY);
      size = Math.max(size, now);
      if (!isTold) continue;
      const perSecond = ((size - first) * 1000) / (performance.now() - began);
      console.log(`${size} events, ${perSecond.toFixed(0)} a second, RssAnon ${anonymousMb(pid)} MB`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  for (let found = await look(); (found.searchableSize ?? found.size) < EVENTS; found = await look()) {
    await sleep(RETRY_MS);
  }
}

/** A reading of the memory, and how many lines had come by then. */
type Sample = { readonly lines: number; readonly mb: number };

async function sampleFor(ms: number): Promise<number[]> {
  const read: number[] = [];
  for (let at = 0; at < ms; at += SAMPLE_MS) {
    read.push(anonymousMb(pid));
    await sleep(SAMPLE_MS);
  }
  return read;
}

async function measure(format: string): Promise<void> {
  const before = await sampleFor(BESIDE_MS);
  const samples: Sample[] = [];
  let lines = 0;
  let bytes = 0;
  let end: Buffer = Buffer.alloc(0);
  const timer = setInterval(() => samples.push({ lines, mb: anonymousMb(pid) }), SAMPLE_MS);
  const began = performance.now();
  const answer = await fetch(`${LEDGER}/export?as=${format}&trailer=line&to=${EVENTS}`, { headers });
  if (answer.status !== 200) throw new Error(`expected 200, got ${answer.status}: ${await answer.text()}`);
  for await (const chunk of answer.body ?? []) {
    const piece = chunk as Uint8Array;
    bytes += piece.length;
    end = Buffer.concat([end, piece]).subarray(-END_BYTES);
    for (let at = piece.indexOf(NEW_LINE); at >= 0; at = piece.indexOf(NEW_LINE, at + 1)) lines++;
  }
  clearInterval(timer);
  const seconds = (performance.now() - began) / 1000;
  const after = await sampleFor(BESIDE_MS);
  const count = Number(/"count":(\d+)/.exec(end.toString())?.[1]);
  if (count !== EVENTS) throw new Error(`expected a trailer that counts ${EVENTS} events, got ${count}`);
  console.log(
    `${format}: ${count} events, ${(bytes / 1e9).toFixed(2)} GB, ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(0)} a second`,
  );
  console.log(`  before           ${describe(before)}`);
  for (let part = 0; part < PARTS; part++) {
    const from = (part * lines) / PARTS;
    const to = ((part + 1) * lines) / PARTS;
    const within = samples.filter((each) => each.lines >= from && each.lines < to).map(({ mb }) => mb);
    console.log(`  quarter ${part + 1}        ${describe(within)}`);
  }
  console.log(`  behind it        ${describe(after)}`);
}

function describe(read: readonly number[]): string {
  const sorted = [...read].sort((a, b) => a - b);
  const [least, median, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((at) => sorted[at]);
  return `RssAnon ${least} to ${most} MB, median ${median}, of ${read.length} readings`;
}

await fill();
for (const format of formats.length > 0 ? formats : ["ndjson", "csv"]) await measure(format);
