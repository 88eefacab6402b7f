/**
 * How requests of foreign senders are framed: asked before they send (Expect), in chunks, with trailers, with HEAD, and not to
 * their end. Bytes on a socket, for every kind of route that foreign senders are pointed at.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import test, { after, before } from "node:test";
import { type Running, startService } from "../service.ts";
import { connectTo } from "./transport.ts";

let service: Running;
let writer: string;

before(async () => {
  service = await startService({ limits: { requestMs: 2500, headersMs: 800, foreignBytesMax: 1000 } });
  writer = await service.key(["writer"], "hosts", ["main"]);
  await service.keys.create({ roles: ["writer"], source: "hooks", webhookSecret: "a-secret-of-the-tests-1" });
});
after(() => service.close());

type Exchange = { readonly statuses: string; readonly text: string };

/** Sends the parts of a request, each once something has come for the one before, and reads until the other side ends or is silent. */
async function exchange(first: string, ...more: readonly string[]): Promise<Exchange> {
  const socket = await connectTo(service.port);
  let text = "";
  const rest = [...more];
  // The service closes: requests ask for it, and what is cut off is answered by nothing else.
  const idle = setTimeout(() => socket.end(), 1500);
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const next = rest.shift();
    if (next !== undefined) socket.write(next);
  });
  socket.on("end", () => socket.end());
  socket.write(first.replaceAll("KEY", writer));
  await once(socket, "close");
  clearTimeout(idle);
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status).join(" ");
  return { statuses, text };
}

function size(): number {
  return service.ledgers.get("main")?.size ?? 0;
}

let lines = 0;
/** A line that no other test sends. */
const line = (): string => `{"date":${1_795_763_652 + lines++},"message":"said"}`;
const head = (target: string, ...headers: readonly string[]): string =>
  `${[`${target} HTTP/1.1`, "Host: a", "Connection: close", ...headers].join("\r\n")}\r\n\r\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Routes of each kind, with a header in which their key stands. */
const ROUTES: Readonly<Record<string, readonly [target: string, key: string]>> = {
  "by ledger": ["POST /v1/ledgers/main/ingest/logs", "Authorization: Bearer KEY"],
  "by key": ["POST /in/KEY/logs", "X-Nothing: x"],
  "Splunk's": ["POST /services/collector/event/1.0", "Authorization: Splunk KEY"],
  "OpenTelemetry's": ["POST /v1/logs", "X-API-Key: KEY"],
  "the journal's": ["POST /in/KEY/journal/upload", "X-Nothing: x"],
};

test("who asks before sending is told to go on, once, and then answered as everybody", async () => {
  for (const [name, [target, key]] of Object.entries(ROUTES)) {
    const body = line();
    const before = size();
    const sized = head(target, key, `Content-Length: ${body.length}`, "Expect: 100-continue");
    assert.equal((await exchange(sized, body)).statuses, "100 200", name);
    const other = line();
    const chunked = head(target, key, "Transfer-Encoding: chunked", "Expect: 100-continue");
    assert.equal((await exchange(chunked, `${chunk(other)}0\r\n\r\n`)).statuses, "100 200", name);
    assert.equal(size(), before + 2, name);
  }
});

test("who asks before sending and would be refused is refused, and never told to go on", async () => {
  const before = size();
  const expect = ["Content-Length: 70", "Expect: 100-continue"];
  const hook = "POST /v1/ledgers/main/ingest/github?source=";
  const signature = `X-Hub-Signature-256: sha256=${"0".repeat(64)}`;
  for (const [name, request, statuses] of [
    ["a wrong key", head("POST /v1/logs", "Authorization: Bearer hf_x", ...expect), "401"],
    ["no key", head("POST /v1/ledgers/main/ingest/logs", ...expect), "401"],
    ["no ledger", head("POST /v1/ledgers/none/ingest/logs", "X-API-Key: KEY", ...expect), "403"],
    ["no format", head("POST /in/KEY/none", ...expect), "404"],
    ["too large", head("POST /in/KEY/logs", "Content-Length: 1001", "Expect: 100-continue"), "413"],
    ["a signature of nobody", head(`${hook}nobody`, signature, ...expect), "401"],
  ] as const) {
    assert.equal((await exchange(request)).statuses, statuses, name);
  }
  const wrong = await exchange(head(`${hook}hooks`, signature, ...expect), "x".repeat(70));
  assert.equal(wrong.statuses, "100 401", "whether a signature is right is known when the body is there");
  assert.equal(size(), before);
});

test("chunks of any size are one body, and trailers say nothing: no key, no kind, no encoding", async () => {
  for (const [name, [target, key]] of Object.entries(ROUTES)) {
    const body = line();
    const before = size();
    const chunks = [...body].map((unit) => `1;name="value"\r\n${unit}\r\n`).join("");
    const trailers = "Content-Encoding: gzip\r\nAuthorization: Bearer hf_x\r\nX-API-Key: hf_x\r\n";
    const sent = `${head(target, key, "Transfer-Encoding: chunked", "Trailer: X-API-Key")}${chunks}0\r\n${trailers}\r\n`;
    assert.equal((await exchange(sent)).statuses, "200", name);
    assert.equal(size(), before + 1, name);
    const inTrailer = `${head(target.replace("KEY", "hf_x"), "Transfer-Encoding: chunked")}${chunk(body)}0\r\nAuthorization: Bearer KEY\r\n\r\n`;
    assert.match((await exchange(inTrailer)).statuses, /^40[13]$/, `${name}: a key in a trailer`);
    assert.equal(size(), before + 1, name);
  }
});

test("HEAD is answered 200 without a body or a key, and OPTIONS too, on every foreign route, and records nothing", async () => {
  const before = size();
  for (const [name, [target]] of Object.entries(ROUTES)) {
    for (const method of ["HEAD", "OPTIONS"]) {
      const { statuses, text } = await exchange(head(target.replace("POST", method), "Content-Length: 0"));
      assert.equal(statuses, "200", `${method} ${name}`);
      assert.ok(text.endsWith("\r\n\r\n"), `${method} ${name}: nothing behind the head`);
    }
  }
  assert.equal(size(), before);
});

test("what does not come to its end is not recorded, and what comes too late is told to come again, not that it was late", async () => {
  const before = size();
  const body = line();
  const whole = chunk(body);
  const cuts = Object.values(ROUTES).flatMap(([target, key]) => [
    head(target, key, `Content-Length: ${body.length}`) + body.slice(0, -1),
    head(target, key, "Transfer-Encoding: chunked") + whole,
    head(target, key, "Transfer-Encoding: chunked") + whole.slice(0, -5),
  ]);
  for (const { statuses } of await Promise.all(cuts.map((cut) => exchange(cut)))) assert.doesNotMatch(statuses, /200/);
  const late = await Promise.all(
    Object.values(ROUTES).map(([target, key]) =>
      lateAnswer(head(target, key, `Content-Length: ${body.length}`) + body.slice(0, -1)),
    ),
  );
  for (const text of late) assert.match(text, /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 2\r\n/);
  assert.equal(size(), before);
});

/** The answer to a request that stays incomplete. */
async function lateAnswer(text: string): Promise<string> {
  const socket = await connectTo(service.port);
  socket.write(text.replaceAll("KEY", writer));
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return first.toString("latin1");
}
