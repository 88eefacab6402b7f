/** Exports over HTTP: what is in them, that an end says so, and that one which was cut cannot be taken for a whole one. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import test, { after, before } from "node:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { readLine } from "../../src/export/lines.ts";
import type { ExportTrailer } from "../../src/export/trailer.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { TreeEdge } from "../../src/merkle/append.ts";
import { fromHex, toHex } from "../../src/merkle/bytes.ts";
import { recoverSigner } from "../../src/merkle/checkpoint.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { until } from "../until.ts";
import { ask, codeOf, event, type Logged, type Running, startService } from "./service.ts";

const COUNT = 1200;

let service: Running;
let key: string;

before(async () => {
  service = await startService({ limits: { exportsMax: 2, stalledMs: 2000 } });
  key = await service.key(["admin"], "desk");
  for (let from = 0; from < COUNT; from += 300) {
    await append(Array.from({ length: 300 }, (_, i) => sample(from + i)));
  }
});
after(() => service.close());

function sample(i: number): Record<string, unknown> {
  return event({
    action: i % 2 === 0 ? "doc.read" : "doc.write",
    actor: { type: "user", id: `u${i % 7}` },
    message: `=${i}`,
    ...(i % 5 === 0 && { outcome: "denied" }),
  });
}

async function append(body: object[]): Promise<void> {
  const answer = await ask(service, "POST /v1/ledgers/main/events", { key, body });
  assert.equal(answer.status, 201, answer.text);
}

/** An answer with its trailers, which fetch does not show; `text` is what came before the end, or before it was cut. */
type Taken = { answer: IncomingMessage; bytes: Buffer; isWhole: boolean };

function take(query: string, headers: Record<string, string> = {}, method = "GET"): Promise<Taken> {
  return new Promise((resolve, reject) => {
    const url = `${service.url}/v1/ledgers/main/export?${query}`;
    const asked = request(url, { method, headers: { Authorization: `Bearer ${key}`, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", () => undefined);
      answer.on("close", () => resolve({ answer, bytes: Buffer.concat(chunks), isWhole: answer.complete }));
    });
    asked.on("error", reject).end();
  });
}

type Read = { lines: string[]; trailer: ExportTrailer };

function readExport(text: string): Read {
  const lines = text.split("\n");
  assert.equal(lines.pop(), "");
  const { holdfast_export: trailer } = JSON.parse(lines.pop() as string);
  return { lines, trailer };
}

async function exported(query: string): Promise<Read> {
  return readExport((await take(query)).bytes.toString());
}

function sha256(text: string | Uint8Array): Buffer {
  return createHash("sha256").update(text).digest();
}

test("an export has every event of its checkpoint, whose root follows from its lines alone", async () => {
  const { lines, trailer } = await exported("");
  const records = lines.map((line) => readLine(line, keccak256));
  assert.deepEqual(
    records.map(({ index }) => index),
    Array.from({ length: COUNT }, (_, i) => i),
  );
  const { checkpoint, size, count, first, last, filter } = trailer;
  assert.deepEqual(
    { size, count, first, last, filter },
    { size: COUNT, count: COUNT, first: 0, last: COUNT - 1, filter: {} },
  );
  assert.ok(checkpoint);
  const edge = new TreeEdge(keccak256);
  for (const { leafHash } of records) edge.append(fromHex(leafHash));
  assert.equal(toHex(edge.root()), checkpoint.root);
  assert.equal(recoverSigner(checkpoint), service.ledgers.get("main")?.record.signer);
  const content = lines.map((line) => `${line}\n`).join("");
  assert.equal(trailer.sha256, sha256(content).toString("hex"));
  assert.equal(trailer.bytes, Buffer.byteLength(content));
});

test("what a filter exports is what the list finds with it, and what comes later is not among it", async () => {
  for (const filter of ["action=doc.write&actor=u3", "outcome=denied&from=100&to=900", "actor=nobody", "since=1"]) {
    const size = service.ledgers.get("main")?.size as number;
    const before = await exported(filter);
    await append([sample(1), sample(3), sample(5)]);
    const again = await exported(`${filter}&size=${size}`);
    assert.deepEqual(again.lines, before.lines, filter);
    assert.deepEqual(again.trailer, before.trailer);
    const listed = await ask(service, `GET /v1/ledgers/main/events?limit=1000&${filter}`, { key });
    const { events } = listed.as("Events");
    const shown = before.lines.map((line) => JSON.parse(line)).map(({ salts: _, ...rest }) => rest);
    assert.deepEqual(
      shown.slice(0, 1000),
      events.filter(({ index }) => index < size),
      filter,
    );
  }
});

test("an export goes on from an index, and both parts are the whole", async () => {
  const size = COUNT;
  const whole = await exported(`size=${size}`);
  const head = await exported(`size=${size}&to=701`);
  const rest = await exported(`size=${size}&from=701`);
  assert.deepEqual([...head.lines, ...rest.lines], whole.lines);
  assert.equal(rest.trailer.first, 701);
});

test("lines of progress say how far it is, and leave the content as it is", async () => {
  const plain = await exported(`size=${COUNT}&actor=u1`);
  const { lines, trailer } = await exported(`size=${COUNT}&actor=u1&progress=true`);
  const marks = lines.filter((line) => line.startsWith('{"holdfast_progress"'));
  assert.ok(marks.length > 0);
  assert.deepEqual(
    lines.filter((line) => !marks.includes(line)),
    plain.lines,
  );
  assert.deepEqual(trailer, plain.trailer);
  let seen = "";
  for (const line of lines) {
    if (!marks.includes(line)) seen += `${line}\n`;
    else {
      const { holdfast_progress: mark } = JSON.parse(line);
      assert.equal(mark.sha256, sha256(seen).toString("hex"));
      assert.ok(mark.upTo > (JSON.parse(seen.trimEnd().split("\n").at(-1) as string).index as number));
    }
  }
});

test("every format has the same events, with its trailer in the fields behind the content and as a line when asked", async () => {
  for (const as of ["csv", "ocsf", "ndjson"]) {
    const { answer, bytes } = await take(`as=${as}&size=${COUNT}&actor=u2&trailer=none`);
    const count = (await exported(`size=${COUNT}&actor=u2`)).trailer.count;
    assert.equal(bytes.toString().split("\n").length - 1, as === "csv" ? count + 1 : count);
    const digest = sha256(bytes).toString("base64");
    assert.equal(answer.trailers["content-digest"], `sha-256=:${digest}:`);
    assert.match(
      answer.trailers["holdfast-export"] as string,
      new RegExp(`^count=${count}, size=${COUNT}, root="0x[0-9a-f]{64}", sha-256=:`),
    );
    const lined = (await take(`as=${as}&size=${COUNT}&actor=u2&trailer=line`)).bytes.toString();
    const { holdfast_export: trailer } = JSON.parse(lined.slice(bytes.length));
    assert.equal(trailer.sha256, sha256(bytes).toString("hex"));
  }
  assert.match(
    (await take("as=csv&size=1200&to=3&columns=index,message")).bytes.toString(),
    /^index,message\r\n0,'=0\r\n/,
  );
});

test("an export is compressed for who asks, with the same content", async () => {
  const plain = (await take(`size=${COUNT}`)).bytes;
  const ways = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
  for (const [coding, unpack] of Object.entries(ways)) {
    const { answer, bytes } = await take(`size=${COUNT}`, { "Accept-Encoding": `${coding}, identity;q=0.5` });
    assert.equal(answer.headers["content-encoding"], coding);
    assert.ok(bytes.length < plain.length / 2);
    assert.deepEqual(unpack(bytes), plain);
    assert.equal(answer.trailers["content-digest"], `sha-256=:${sha256(bytes).toString("base64")}:`);
  }
});

test("a ledger that is empty has an export that is whole and has nothing", async () => {
  await ask(service, "POST /v1/ledgers", { key, body: { name: "empty" } });
  const answer = await ask(service, "GET /v1/ledgers/empty/export", { key });
  const { lines, trailer } = readExport(answer.text);
  assert.deepEqual([lines, trailer.count, trailer.size, trailer.checkpoint], [[], 0, 0, null]);
});

test("what cannot be exported so is refused before anything is sent", async () => {
  const cases: readonly (readonly [query: string, code: string])[] = [
    ["as=xlsx", "400 parameter_invalid"],
    ["columns=id", "400 parameter_invalid"],
    ["as=csv&columns=a..b", "400 parameter_invalid"],
    ["as=csv&progress=true", "400 parameter_invalid"],
    ["order=desc", "400 parameter_invalid"],
    ["from=7&to=7", "400 query_invalid"],
    ["action=*", "400 query_invalid"],
    ["size=7", "404 checkpoint_unknown"],
    ["size=999999999", "404 checkpoint_unknown"],
  ];
  for (const [query, code] of cases) {
    assert.equal(codeOf(await ask(service, `GET /v1/ledgers/main/export?${query}`, { key })), code, query);
  }
  const { answer } = await take("", {}, "HEAD");
  assert.equal(answer.statusCode, 200);
});

test("an export that is cut in the middle ends without its end, and its room is given back", async () => {
  const reader = await service.key(["reader"], "short-lived");
  const id = service.keys.list().find(({ source }) => source === "short-lived")?.id as string;
  const ends = () => service.logged.filter(({ message }) => message === "an export was cut").length;
  const before = ends();
  // While the first piece is made; the second is not begun any more.
  const ledger = service.ledgers.get("main") as Ledger;
  const tile = ledger.tile.bind(ledger);
  ledger.tile = async (level, n) => {
    await service.keys.revoke(id);
    return tile(level, n);
  };
  const cut = await new Promise<{ text: string; isWhole: boolean }>((resolve, reject) => {
    const asked = request(
      `${service.url}/v1/ledgers/main/export`,
      { headers: { Authorization: `Bearer ${reader}` } },
      (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => {
          text += chunk;
        });
        answer.on("error", () => undefined);
        answer.on("close", () => resolve({ text, isWhole: answer.complete }));
      },
    );
    asked.on("error", reject).end();
  });
  ledger.tile = tile;
  assert.equal(cut.isWhole, false);
  assert.ok(cut.text.length > 0);
  assert.doesNotMatch(cut.text, /holdfast_export/);
  assert.equal(ends(), before + 1);
  for (let i = 0; i < 4; i++) assert.equal((await take("to=10")).isWhole, true);
});

test("a reader that never reads costs a few pieces, and is cut", async () => {
  await ask(service, "POST /v1/ledgers", { key, body: { name: "large" } });
  // More than the buffers of the system take.
  const count = 400;
  const body = Array.from({ length: count / 4 }, () => event({ message: "x".repeat(60_000) }));
  for (let i = 0; i < 4; i++) {
    assert.equal((await ask(service, "POST /v1/ledgers/large/events", { key, body })).status, 201);
  }
  const cuts = () => service.logged.filter(({ message }) => message === "an export was cut");
  const before = cuts().length;
  const socket = connect(service.port, "127.0.0.1");
  socket.on("error", () => undefined).pause();
  socket.write(`GET /v1/ledgers/large/export HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  await until("the export to be cut", () => cuts().length > before);
  socket.destroy();
  const { count: written } = (cuts().at(-1) as Logged).fields as { count: number };
  assert.ok(written > 0 && written < count / 2, `expected a part of ${count} events to be made, got ${written}`);
});
