/** Following a tail as the pages do: connections that break off, repeat something, or end. */

import assert from "node:assert/strict";
import test from "node:test";
import type { EventAnswer } from "../../src/web/ledger-pages/answers.ts";
import { ApiError } from "../../src/web/ledger-pages/frame/api-error.ts";
import { type OpenTail, Tail } from "../../src/web/ledger-pages/live/tail.ts";

/** A connection: what it sends, and then its end, or that it breaks off. */
type Connection = { readonly sends: readonly string[]; readonly breaks?: boolean };

const eventBlock = (index: number) => `id: ${index}\ndata: ${JSON.stringify({ index, recordedAt: 1, event: {} })}\n\n`;

/** Follows from entry 5 on over these connections, one after the other; an error is one that is refused. */
async function follow(connections: readonly (Connection | ApiError | undefined)[]) {
  const asked: number[] = [];
  const told: (number | string)[] = [];
  const stop = new AbortController();
  const open: OpenTail = async (lastId) => {
    const connection = connections[asked.length];
    asked.push(lastId);
    if (asked.length > connections.length) stop.abort();
    if (connection instanceof ApiError) throw connection;
    if (connection === undefined) return undefined;
    const encoder = new TextEncoder();
    const parts = [...connection.sends];
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = parts.shift();
        if (part !== undefined) controller.enqueue(encoder.encode(part));
        else if (connection.breaks === true) controller.error(new TypeError("network error"));
        else controller.close();
      },
    });
  };
  const tail = new Tail(open, 5, {
    onEvent: ({ index }: EventAnswer) => told.push(index),
    onUnreadable: (index) => told.push(`unreadable ${index}`),
    onPhase: (phase, why) => told.push(why === undefined ? phase : `${phase}: ${why.message}`),
  });
  await tail.run(stop.signal);
  return { asked, told };
}

test("a tail that breaks off goes on behind the last index it was told of: nothing is lost, and nothing comes twice", async () => {
  const { asked, told } = await follow([
    {
      sends: ["retry: 2000\n: follows\nid: 4\n\n", eventBlock(5), `${eventBlock(7)}id: 9\n\n`, "id: 10\nda"],
      breaks: true,
    },
    new ApiError(0, "unreachable", "The service does not answer."),
    { sends: [eventBlock(7), eventBlock(10), 'event: unreadable\nid: 12\ndata: {"index":12}\n\n'] },
  ]);
  assert.deepEqual(asked, [4, 9, 9, 12]);
  assert.deepEqual(told, [
    "connecting",
    "following",
    5,
    7,
    "lost: The connection broke off.",
    "lost: The service does not answer.",
    "following",
    10,
    "unreadable 12",
    "lost: The connection ended.",
  ]);
});

test("a service that stops is come back to; a key that ended, a refusal and filters that are done end it", async () => {
  const end = (code: string) => `event: end\ndata: ${JSON.stringify({ code, detail: "some words" })}\n\n`;
  const stops = await follow([{ sends: [end("service_stopping")] }, undefined]);
  assert.deepEqual(stops.told.slice(-2), [
    "lost: The service stops.",
    "ended: Nothing that is still to come can match these filters.",
  ]);
  const ends: readonly (readonly [Connection | ApiError, RegExp])[] = [
    [{ sends: [end("key_invalid")] }, /^ended: The service ended it: some words/],
    [{ sends: [end("filter_done")] }, /^ended: Nothing that is still to come/],
    [new ApiError(400, "parameter_invalid", "expected an index"), /^ended: expected an index/],
  ];
  for (const [connection, last] of ends) {
    const { asked, told } = await follow([connection]);
    assert.equal(asked.length, 1);
    assert.match(String(told.at(-1)), last);
  }
  const busy = await follow([new ApiError(429, "tails_of_key_max", "one too many"), undefined]);
  assert.deepEqual(busy.told.slice(0, 2), ["connecting", "lost: one too many"]);
});
