/** One request that appends: what goes out, and what is known of it when the answer was checked. */

import { parseBundle } from "../../../verify/bundle/parse.ts";
import { checkAlone, checkBundleOf, checkReceipts, type RecordedEvent, readForm } from "../answers/check-answer.ts";
import type { Requests } from "../answers/requests.ts";
import type { Trust } from "../answers/trust.ts";
import type { OutgoingEvent } from "../event.ts";
import { HoldfastError } from "../holdfast-error.ts";

export type Posting = {
  readonly requests: Requests;
  readonly trust: Trust;
  readonly verify: "receipts" | "bundles";
};

/** Bundles that are asked for at once: the service takes two of a client in turn. */
const ASKED_AT_ONCE = 4;

/**
 * Sends events in one request.
 * @throws HoldfastError unless all of them are recorded and the answer is true
 */
export async function postEvents(
  { requests, trust, verify }: Posting,
  events: readonly OutgoingEvent[],
  signal?: AbortSignal,
): Promise<readonly RecordedEvent[]> {
  const [first] = events as readonly [OutgoingEvent];
  if (events.length === 1) {
    const answer = await requests.ask({ path: "/events", method: "POST", body: first.text, signal });
    return [await checkAlone(answer, first, trust)];
  }
  const body = events.map(({ text }) => `${text}\n`).join("");
  const type = "application/x-ndjson";
  const { text } = await requests.ask({ path: "/events", method: "POST", body, type, signal });
  const recorded = await checkReceipts(text, events, trust);
  return verify === "receipts" ? recorded : await proveAll({ requests, trust, verify }, events, recorded, signal);
}

async function proveAll(
  posting: Posting,
  events: readonly OutgoingEvent[],
  recorded: readonly RecordedEvent[],
  signal?: AbortSignal,
): Promise<readonly RecordedEvent[]> {
  const proved: RecordedEvent[] = [];
  const work = [...recorded.entries()];
  const prove = async (): Promise<void> => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      const [i, receipt] = next;
      proved[i] = await proveOne(posting, events[i] as OutgoingEvent, receipt, signal);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, prove));
  return proved;
}

/** The event as it was sent leads to the leaf of the receipt, and that to the root under which the receipt was given. */
async function proveOne(
  { requests, trust }: Posting,
  event: OutgoingEvent,
  receipt: RecordedEvent,
  signal?: AbortSignal,
): Promise<RecordedEvent> {
  const { index, leafHash, checkpoint, isDuplicate, warnings } = receipt;
  if (receipt.isPruned) return receipt;
  const path = `/events/${index}/bundle?size=${checkpoint.size}`;
  const { text } = await requests.ask({ path, signal });
  const proved = await checkBundleOf(
    readForm(() => parseBundle(text)),
    event,
    trust,
  );
  const pairs = [
    ["index", index, proved.index],
    ["leaf hash", leafHash, proved.leafHash],
    ["size", checkpoint.size, proved.checkpoint.size],
    ["root", checkpoint.root, proved.checkpoint.root],
  ] as const;
  for (const [name, expected, got] of pairs) {
    if (expected === got) continue;
    const message = `the proof of event ${event.id}: expected ${name} ${expected} as in its receipt, got ${got}`;
    throw new HoldfastError("answer_false", message);
  }
  return { ...proved, isDuplicate, warnings };
}
