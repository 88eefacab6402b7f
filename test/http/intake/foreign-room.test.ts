/** The room for bodies: those of whom nothing is known until their bodies are there take a quarter of it, and leave it when they are known. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { MemoryStore } from "../../store/memory-store.ts";
import { ask, codeOf, type Options, type Running, startService } from "../service.ts";
import { until } from "../wire/client.ts";
import { connectTo } from "../wire/transport.ts";

const SECRET = "a-secret-of-the-tests-1";
const ROOM = 1_000_000;
const QUARTER = ROOM / 4;
const PATH = "/v1/ledgers/main/ingest/github";

async function open(t: TestContext, options: Options = {}): Promise<{ service: Running; key: string }> {
  const service = await startService({ ...options, limits: { bodiesBytesMax: ROOM, ...options.limits } });
  t.after(() => service.close());
  await service.keys.create({ roles: ["writer"], source: "hooks", webhookSecret: SECRET });
  return { service, key: await service.key(["writer"], "keyed") };
}

function signed(body: Uint8Array): Readonly<Record<string, string>> {
  return { "X-Hub-Signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}` };
}

/** Begins a request, and sends so much of its body. */
async function begin(service: Running, head: readonly string[], length: number, sent: number): Promise<Socket> {
  const socket = await connectTo(service.port);
  socket.resume();
  socket.write(`${[...head, "Host: x", `Content-Length: ${length}`].join("\r\n")}\r\n\r\n`);
  socket.write("x".repeat(sent));
  return socket;
}

const unproven = (service: Running, length: number, sent = length - 1): Promise<Socket> =>
  begin(service, [`POST ${PATH}?source=hooks HTTP/1.1`, `X-Hub-Signature-256: sha256=${"0".repeat(64)}`], length, sent);

test("senders that only sign, however many, leave three quarters of the room to those that show a key", async (t) => {
  const { service, key } = await open(t);
  const held = [await unproven(service, 120_000), await unproven(service, 120_000)];
  const small = Buffer.alloc(20_000, "y");
  const ofStranger = () => ask(service, `POST ${PATH}?source=hooks`, { body: small, headers: signed(small) });
  await until("a quarter to be held", async () => codeOf(await ofStranger()) === "503 service_busy");
  const large = await ask(service, `POST ${PATH}`, { key, body: Buffer.alloc(ROOM - QUARTER - 1000, "z") });
  assert.equal(large.status, 200, large.text);
  for (const socket of held) socket.destroy();
  await until("the quarter to be given back", async () => (await ofStranger()).status === 200);
});

test("those that show a key can take all of the room, also what is kept from others", async (t) => {
  const { service, key } = await open(t);
  const held = await begin(service, [`POST ${PATH} HTTP/1.1`, `Authorization: Bearer ${key}`], ROOM, ROOM - 1000);
  const body = Buffer.alloc(2000, "y");
  const isFull = async () => codeOf(await ask(service, `POST ${PATH}`, { key, body })) === "503 service_busy";
  await until("all to be held", isFull);
  held.destroy();
});

test("whose signature was right holds nothing of the quarter any more while it is decompressed and recorded", async (t) => {
  const { promise: opened, resolve: go } = Promise.withResolvers<void>();
  class Waiting extends MemoryStore {
    override async commit(...args: Parameters<MemoryStore["commit"]>): Promise<void> {
      await opened;
      return super.commit(...args);
    }
  }
  const { service } = await open(t, { store: new Waiting() });
  // More than the quarter, once it is decompressed.
  const body = gzipSync(Buffer.alloc(QUARTER + 100_000, "x"));
  const headers = { ...signed(body), "Content-Encoding": "gzip", "X-GitHub-Delivery": "d-1" };
  const first = ask(service, `POST ${PATH}?source=hooks`, { body, headers });
  const ledger = service.ledgers.get("main");
  await until("it to be committed", () => (ledger?.queue.events ?? 0) > 0);
  const held = await unproven(service, QUARTER - 1000);
  const second = gzipSync("more");
  // Of another body: were there room, one whose signature is right would wait for the commit, as long as an answer may take.
  const wrong = signed(Buffer.alloc(1999));
  const isFull = () => ask(service, `POST ${PATH}?source=hooks`, { body: Buffer.alloc(2000), headers: wrong });
  await until("the quarter to be held by others", async () => codeOf(await isFull()) === "503 service_busy");
  held.destroy();
  go();
  assert.equal((await first).status, 200);
  const again = { ...signed(second), "Content-Encoding": "gzip" };
  await until(
    "room",
    async () => (await ask(service, `POST ${PATH}?source=hooks`, { body: second, headers: again })).status === 200,
  );
});
