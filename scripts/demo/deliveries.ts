/**
 * Real events: every payload example of GitHub's webhooks, sent as GitHub sends a delivery. The texts are those of the
 * package `@octokit/webhooks-examples`, spelled as JSON without spaces, as GitHub spells them.
 */

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { ask, DemoError, type Service } from "./service.ts";

export type Delivery = { readonly kind: string; readonly id: string; readonly text: string };

/** A delivery that was answered. */
export type Recorded = Delivery & {
  readonly index: number;
  readonly leafHash: string;
  readonly latencyMs: number;
};

/** Where the examples were recorded: GitHub itself, and versions of its Enterprise Server. */
const ORIGINS = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"];

type Definition = { readonly name: string; readonly examples: readonly object[] };

/** The deliveries of all examples, or of so many spread over all kinds. */
export function makeDeliveries(limit = Number.POSITIVE_INFINITY): Delivery[] {
  const require = createRequire(import.meta.url);
  const definitions = ORIGINS.flatMap(
    (origin) => require(`@octokit/webhooks-examples/${origin}/index.json`) as readonly Definition[],
  );
  const all = definitions.flatMap(({ name, examples }) =>
    examples.map((example) => ({ kind: name, id: randomUUID(), text: JSON.stringify(example) })),
  );
  if (limit >= all.length) return all;
  return Array.from({ length: limit }, (_, i) => all[Math.floor((i * all.length) / limit)] as Delivery);
}

/** What was recorded, by index, and milliseconds from the first request to the last answer. */
export type SentAll = { readonly recorded: readonly Recorded[]; readonly ms: number };

/** Sends deliveries, so many at a time. @throws DemoError when one is not recorded */
export async function sendAll(
  service: Service,
  deliveries: readonly Delivery[],
  concurrency: number,
): Promise<SentAll> {
  const began = performance.now();
  const recorded: Recorded[] = [];
  const waiting = deliveries.values();
  const send = async () => {
    // All senders take from one iterator, so that each delivery is sent once.
    for (const delivery of waiting) recorded.push(await sendOne(service, delivery));
  };
  await Promise.all(Array.from({ length: concurrency }, send));
  const ms = performance.now() - began;
  return { recorded: recorded.sort((a, b) => a.index - b.index), ms };
}

type Answer = { readonly receipts: readonly { readonly index: number; readonly leafHash: string }[] };

async function sendOne(service: Service, delivery: Delivery): Promise<Recorded> {
  const { kind, id, text } = delivery;
  const headers = {
    "Content-Type": "application/json",
    "User-Agent": "GitHub-Hookshot/demo",
    "X-GitHub-Event": kind,
    "X-GitHub-Delivery": id,
  };
  const began = performance.now();
  const answer = await ask<Answer>(service, "/v1/ledgers/main/ingest/github", { method: "POST", headers, body: text });
  const latencyMs = performance.now() - began;
  const [receipt] = answer.receipts;
  if (receipt === undefined) throw new DemoError(`expected a receipt for delivery ${id}, got none`);
  return { ...delivery, index: receipt.index, leafHash: receipt.leafHash, latencyMs };
}

/** Looks whether every delivery is there with its exact text. @throws DemoError */
export async function checkStored(service: Service, recorded: readonly Recorded[]): Promise<void> {
  for (const { index, text, leafHash, kind } of recorded) {
    const stored = await ask<{ leafHash: string; event: { _raw: unknown } }>(
      service,
      `/v1/ledgers/main/events/${index}`,
    );
    if (stored.event._raw !== text) throw new DemoError(`expected the text of ${kind} at index ${index}, got another`);
    if (stored.leafHash !== leafHash) throw new DemoError(`expected leaf hash ${leafHash}, got ${stored.leafHash}`);
  }
}
