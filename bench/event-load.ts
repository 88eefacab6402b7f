/** Events as a load, and what it costs a service to take them: how many a second, how late the last ones, how much processor. */

import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import type { Subject } from "./subject.ts";

export const BATCH = 1000;
/** What goes on behind the last answer, indexing and sealing, counts as the load's work too. */
const SETTLE_MS = 3000;
const EVENTS = "/v1/ledgers/main/events";
const JSON_TYPE = "application/json";

export type Load = {
  readonly what: string;
  readonly path: string;
  readonly connections: number;
  readonly type: string;
  /** Events in a request. */
  readonly events: number;
  readonly body: (i: number) => string | undefined;
  /** POST when left out. */
  readonly method?: "GET";
  /** Where each request goes; to `path` when left out. */
  readonly pathOf?: (i: number) => string;
  readonly expected: number;
};

export type Measured = {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Microseconds of processor for each event, until what goes on behind the answers is done. */
  readonly processorUs: number | undefined;
};

/**
 * An event of about 300 bytes, of one of a thousand actors.
 * @param id its id, of those that have one
 */
export function event(i: number, id?: string): string {
  return JSON.stringify({
    id,
    action: "document.permission.granted",
    time: "2026-11-23T10:00:00.123Z",
    actor: { type: "user", id: `u-${i % 1000}`, name: "Ada Lovelace" },
    targets: [{ type: "document", id: `d-${i}` }],
    outcome: "success",
    context: { ip: "192.0.2.17", user_agent: "curl/8.5.0", request_id: `r-${i.toString().padStart(12, "0")}` },
  });
}

const BODIES = Array.from({ length: 20 }, (_, i) =>
  Array.from({ length: BATCH }, (_, k) => event(i * BATCH + k)).join("\n"),
);

export function single(connections: number, path = EVENTS): Load {
  const what = `${connections} ${connections === 1 ? "connection" : "connections"}`;
  const expected = path === EVENTS ? 201 : 200;
  return { what, path, connections, type: JSON_TYPE, events: 1, body: event, expected };
}

export const BULK: Load = {
  what: `NDJSON of ${BATCH}, 2 connections`,
  path: EVENTS,
  connections: 2,
  type: "application/x-ndjson",
  events: BATCH,
  body: (i) => BODIES[i % BODIES.length] as string,
  expected: 201,
};

export function send(subject: Subject, load: Load, seconds: number): Promise<autocannon.Result> {
  return run(subject, load, { duration: seconds });
}

/** Sends so many requests. @returns how many seconds passed until the last was answered */
export async function sendCount(subject: Subject, load: Load, amount: number): Promise<number> {
  const start = performance.now();
  let end = start;
  await run(subject, load, { amount }, () => {
    end = performance.now();
  });
  return (end - start) / 1000;
}

async function run(
  subject: Subject,
  load: Load,
  end: Pick<autocannon.Options, "amount" | "duration">,
  onAnswer?: () => void,
): Promise<autocannon.Result> {
  let sent = 0;
  const options: autocannon.Options = {
    url: subject.url,
    connections: load.connections,
    ...end,
    requests: [
      {
        method: load.method ?? "POST",
        path: load.path,
        headers: { "content-type": load.type, authorization: `Bearer ${subject.key}` },
        setupRequest: (request) => {
          const i = sent++;
          const path = load.pathOf?.(i) ?? load.path;
          const body = load.body(i);
          return { ...request, path, ...(body !== undefined && { body }) };
        },
      },
    ],
  };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(options, (error, ended) => (error ? reject(error) : resolve(ended)));
    if (onAnswer !== undefined) instance.on("response", onAnswer);
  });
  const wrong = Object.entries(result.statusCodeStats ?? {}).filter(([code]) => Number(code) !== load.expected);
  if (wrong.length > 0 || result.errors > 0) {
    throw new Error(`expected only ${load.expected}, got ${JSON.stringify(wrong)} and ${result.errors} errors`);
  }
  return result;
}

export async function measure(subject: Subject, load: Load, seconds: number): Promise<Measured> {
  const before = subject.processorUs();
  const result = await send(subject, load, seconds);
  await sleep(SETTLE_MS);
  const after = subject.processorUs();
  const events = result.requests.total * load.events;
  return {
    perSecond: events / result.duration,
    p99Ms: result.latency.p99,
    processorUs: before === undefined || after === undefined ? undefined : (after - before) / events,
  };
}
