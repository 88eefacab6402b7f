/**
 * The `cloudevents` package against the real service, unchanged, in all of its modes, while the service is killed and started
 * again: its emitter sends nothing twice by itself, so a program does until it is answered 200. Everything is there, once.
 */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../service-process.ts";
import { everything, Killable } from "./killable.ts";

const require = createRequire(import.meta.url);

/** As much of the package as is used here. */
type Message = { readonly headers: Record<string, string>; readonly body: unknown };
type Encode = (event: unknown) => Message;
type CloudEvents = {
  CloudEvent: new (event: object) => object;
  HTTP: { binary: Encode; structured: Encode };
  Mode: { BINARY: string; STRUCTURED: string };
  httpTransport(url: string): (message: Message, options?: object) => Promise<unknown>;
  emitterFor(transport: unknown, options: object): (event: object, options?: object) => Promise<unknown>;
};
const { CloudEvent, HTTP, Mode, httpTransport, emitterFor } = require("cloudevents") as CloudEvents;

const SOURCE = "/payments";

function eventOf(mode: string, n: number): object {
  return new CloudEvent({
    id: `${mode}-${n}`,
    type: "com.example.user.login",
    source: SOURCE,
    time: new Date(Date.UTC(2026, 10, 27) + n).toISOString(),
    subject: `ünï ${n} 100%`,
    authtype: "user",
    authid: "ada",
    data: { message: `login ${n}`, n },
  });
}

test("the emitter sends events in binary and structured mode, and every attribute arrives", {
  timeout: 60_000,
}, async (t) => {
  const service = await Killable.start(t);
  const transport = httpTransport(`${service.url}/v1/ledgers/main/ingest/cloudevents`);
  for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
    const emit = emitterFor(transport, { mode });
    await emit(eventOf(mode, 1), { headers: { Authorization: `Bearer ${service.token}` } });
  }
  const found = await everything(service.service, "cloudevents");
  assert.equal(found.length, 2);
  for (const [i, { _raw, _source, ...event }] of found.entries()) {
    const { metadata, ...rest } = event as Record<string, unknown>;
    const isBinary = i === 0;
    assert.deepEqual(rest, {
      id: `${isBinary ? Mode.BINARY : Mode.STRUCTURED}-1`,
      action: "com.example.user.login",
      time: "2026-11-27T00:00:00.001Z",
      actor: { type: "user", id: "ada" },
      targets: [{ type: "subject", id: "ünï 1 100%" }],
      source: SOURCE,
      message: "login 1",
    });
    assert.deepEqual((metadata as { data: unknown }).data, { message: "login 1", n: 1 });
  }
});

test("events in every mode, sent until they are answered 200, are there once though the service is killed", {
  timeout: 180_000,
}, async (t) => {
  const service = await Killable.start(t);
  const post = async ({ headers, body }: Message): Promise<void> => {
    for (;;) {
      try {
        const answer = await fetch(`${service.url}/in/${service.token}/cloudevents`, {
          method: "POST",
          headers,
          body: typeof body === "string" ? body : JSON.stringify(body),
        });
        await answer.arrayBuffer();
        if (answer.status === 200) return;
        assert.equal(answer.status, 503);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await sleep(50);
    }
  };
  const batched = (events: readonly object[]): Message => ({
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(events),
  });
  const sent: string[] = [];
  let isOver = false;
  const write = async (mode: string, encode: (n: number) => Message, step: number): Promise<void> => {
    for (let n = 0; !isOver; n += step) {
      await post(encode(n));
      for (let i = 0; i < step; i++) sent.push(`${mode}-${n + i}`);
    }
  };
  const writing = [
    write("binary", (n) => HTTP.binary(eventOf("binary", n)), 1),
    write("structured", (n) => HTTP.structured(eventOf("structured", n)), 1),
    write("batched", (n) => batched([0, 1, 2, 3, 4].map((i) => eventOf("batched", n + i))), 5),
  ];
  for (let kills = 0; kills < 3; kills++) {
    const size = await service.size();
    await waitFor("events to come in", async () => (await service.size()) > size + 200);
    await service.killAndStart();
  }
  isOver = true;
  await Promise.all(writing);
  const found = await everything(service.service, "cloudevents");
  assert.deepEqual(found.map(({ id }) => id).sort(), sent.sort());
  assert.ok(found.every(({ _source }) => (_source as { quarantined?: boolean }).quarantined === undefined));
});
