/**
 * Clients that do not take their answers: what is held for them is bounded, they are cut when nothing moves, and nobody
 * else notices. Slow ones are served to the end.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpLimits } from "../../../src/http/services.ts";
import { ask, event, type Running, startService } from "../service.ts";
import { client, get, LARGE, listen, metricOf, sendLarge, until } from "./client.ts";

const MIB = 1024 * 1024;

type Filled = Running & { readonly reader: string; readonly writer: string };

/** A service whose pages are megabytes. */
async function filled(limits: Partial<HttpLimits>, events: number): Promise<Filled> {
  const service = await startService({ limits });
  const writer = await service.key(["writer"], "billing");
  const reader = await service.key(["reader", "admin"], "look");
  const body = Array.from({ length: events }, () => event({ metadata: { note: "n".repeat(50_000) } }));
  for (let i = 0; i < events; i += 100) {
    const answer = await ask(service, "POST /v1/ledgers/main/events", { key: writer, body: body.slice(i, i + 100) });
    assert.equal(answer.status, 201);
  }
  return { ...service, reader, writer };
}

async function heldBy(service: Filled): Promise<number> {
  const { text } = await ask(service, "GET /metrics", { key: service.reader });
  const line = text.split("\n").find((each) => each.startsWith("holdfast_http_answers_held_bytes "));
  return Number(line?.split(" ").at(-1));
}

test("many clients that ask for large pages and read nothing cost a bounded memory, and nobody else's event", async (t) => {
  const answersBytesMax = 16 * MIB;
  const service = await filled({ answersBytesMax }, 200);
  t.after(() => service.close());
  const page = get("/v1/ledgers/main/events?limit=1000", `Authorization: Bearer ${service.reader}`);
  const before = process.memoryUsage().rss;
  const stuck = await Promise.all(Array.from({ length: 40 }, () => client(service.port)));
  for (const socket of stuck) socket.write(page.repeat(20));
  let most = 0;
  // Whoever has room is answered until the kernel takes no more of any; then what is held stands still.
  for (let i = 0, held = 0, same = 0; same < 5 && i < 400; i++) {
    await sleep(50);
    const now = await heldBy(service);
    same = now > answersBytesMax / 2 && now === held ? same + 1 : 0;
    held = now;
    most = Math.max(most, now);
  }
  assert.ok(most > answersBytesMax / 2, `expected answers to be held, got ${most} bytes`);
  // A page that was begun when there was room is sent; so many are worked on at once.
  const bound = answersBytesMax + 4 * 9 * MIB;
  assert.ok(most <= bound, `expected at most ${bound} bytes of answers, got ${most}`);
  const posted = await ask(service, "POST /v1/ledgers/main/events", { key: service.writer, body: event() });
  assert.equal(posted.status, 201);
  assert.equal((await ask(service, "GET /healthz")).status, 200);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 400 * MIB, `expected a bounded memory, got ${grown} bytes more`);
  for (const socket of stuck) socket.destroy();
  await until("nothing to be held any more", async () => (await heldBy(service)) === 0);
  const again = await ask(service, "GET /v1/ledgers/main/events?limit=2", { key: service.reader });
  assert.equal(again.status, 200);
});

test("a client that takes nothing of its answer is cut, and what it held is free again", async (t) => {
  const service = await listen(sendLarge, { stalledMs: 500 });
  t.after(() => service.close());
  const socket = await client(service.port);
  socket.write(get("/"));
  await until("the end of the connection", () => service.sockets[0]?.destroyed === true);
  assert.match(await service.metrics.text(), /http_connections_ended_total\{reason="stalled"\} 1/);
  assert.equal(await metricOf(service.metrics, "http_answers_held_bytes"), 0);
  assert.deepEqual(service.warnings, ["a client did not take its answer and was disconnected"]);
  socket.destroy();
});

test("a client that takes its answer slowly gets all of it", async (t) => {
  const service = await listen(sendLarge, { stalledMs: 1500 });
  t.after(() => service.close());
  const socket = await client(service.port);
  socket.write(get("/"));
  let bytes = 0;
  const began = performance.now();
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length;
    if (bytes >= LARGE) break;
    // Five seconds for all of it, several times what a client has that takes nothing.
    const early = began + (5000 * bytes) / LARGE - performance.now();
    if (early > 10) await sleep(early);
  }
  assert.ok(bytes >= LARGE, `expected ${LARGE} bytes, got ${bytes}`);
  socket.destroy();
});
