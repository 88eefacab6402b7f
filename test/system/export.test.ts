/**
 * Exports of the real service, over HTTP from LevelDB: what every filter exports is what reading every event finds, while more are
 * recorded; and `holdfast export` over a kill -9 of the service. npm run test:search does it with 100,000 events.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { readLine } from "../../src/export/lines.ts";
import type { ExportTrailer } from "../../src/export/trailer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { TreeEdge } from "../../src/merkle/append.ts";
import { fromHex, toHex } from "../../src/merkle/bytes.ts";
import type { Filter } from "../../src/query/request.ts";
import { runCli } from "../cli/run-cli.ts";
import { isWanted, makeEvent, makeFilter, makeRaw, type Recorded, random } from "../query/random-events.ts";
import { Bench, type Place } from "./faults/bench.ts";
import type { ServiceProcess } from "./service-process.ts";

const EVENTS = Number(process.env.EVENTS ?? 1000);
const ROUNDS = Number(process.env.ROUNDS ?? 10);
/** Of a filter. */
const PARTS = 20;
const BATCH = 500;

const bench = new Bench();
let place: Place;
let service: ServiceProcess;
/** Keys of two senders. */
let keys: string[];

before(async () => {
  place = bench.emptyPlace("none");
  service = await place.world.start(place.options);
  const make = async (source: string) =>
    (await service.json<{ key: string }>(201, "POST /v1/keys", { source, roles: ["writer"] })).key;
  keys = [await make("desk"), await make("mill")];
  for (let sent = 0; sent < EVENTS; sent += BATCH) await append(BATCH);
});
after(() => bench.close());

/** Records events that are drawn by chance, most of them as clients send them, some as a foreign format brings them. */
async function append(count: number): Promise<void> {
  const headers = { Authorization: `Bearer ${keys[random(2)]}` };
  const logs = Array.from({ length: count >> 3 }, () => (random(9) === 0 ? "nothing sure" : makeRaw()));
  const events = Array.from({ length: count - logs.length }, makeEvent);
  await service.json(201, "POST /v1/ledgers/main/events", events, headers);
  if (logs.length > 0) await service.json(200, "POST /v1/ledgers/main/ingest/logs", logs.join("\n"), headers);
}

async function exported(query: string | URLSearchParams): Promise<{ lines: string[]; text: string; count: number }> {
  const { status, text } = await service.ask(`GET /v1/ledgers/main/export?trailer=line&${query}`);
  assert.equal(status, 200, text);
  const lines = text.split(/\r?\n/).slice(0, -1);
  const { holdfast_export: trailer } = JSON.parse(lines.pop() as string) as { holdfast_export: ExportTrailer };
  return { lines, text, count: trailer.count };
}

type All = { readonly size: number; readonly lines: readonly string[]; readonly recorded: readonly Recorded[] };

/** All that is there, by lines that lead to the root of the checkpoint. */
async function readAll(): Promise<All> {
  const { lines, text } = await exported("");
  const { holdfast_export: trailer } = JSON.parse(text.trimEnd().slice(text.trimEnd().lastIndexOf("\n") + 1));
  const hash = await fastKeccak256();
  const edge = new TreeEdge(hash);
  const recorded = lines.map((line, i) => {
    const { index, event, recordedAt, leafHash } = readLine(line, hash);
    assert.equal(index, i);
    edge.append(fromHex(leafHash));
    return { event, recordedAt };
  });
  assert.equal(toHex(edge.root()), trailer.checkpoint.root);
  return { size: trailer.size, lines, recorded };
}

/** Exports in each format while more are recorded, against what reading all finds. */
async function tryFilter(filter: Filter, { size, lines, recorded }: All): Promise<number> {
  const expected = recorded.flatMap((each, index) => (isWanted(each, index, filter) ? [index] : []));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) query.set(name, String(value));
  query.set("size", String(size));
  const said = query.toString();
  const ask = async (as: string) => {
    const found = await exported(`${said}&${as}`);
    assert.equal(found.count, expected.length, `${as}: ${said}`);
    return found.lines;
  };
  const [ndjson, csv, ocsf] = await Promise.all([
    ask("as=ndjson"),
    ask("as=csv&columns=index"),
    ask("as=ocsf"),
    append(3 + random(30)),
  ]);
  const wanted = expected.map((index) => lines[index]);
  assert.deepEqual(ndjson, wanted, said);
  assert.deepEqual(csv.slice(1).map(Number), expected, said);
  const sequence = ocsf.map((line) => JSON.parse(line).metadata.sequence as number);
  assert.deepEqual(sequence, expected, said);
  return expected.length;
}

test("what every filter exports, in each format, is what reading every event finds, while more are recorded", async () => {
  const { keys: known } = await service.json<{ keys: { id: string }[] }>(200, "GET /v1/keys");
  let all = await readAll();
  assert.ok(all.size >= EVENTS);
  const parts = { key: known.map(({ id }) => id), format: ["logs", "native"], quarantined: ["true"] };
  const tried = new Set<string>();
  let found = 0;
  for (let round = 0; round < ROUNDS || tried.size < PARTS; round++) {
    const filter = makeFilter(all.recorded, parts);
    for (const name of Object.keys(filter)) tried.add(name);
    found += await tryFilter(filter, all);
    if (round % 10 === 9) all = await readAll();
  }
  assert.ok(found > EVENTS, `expected filters that find something, got ${found} found`);
});

/** Stands between, and holds the first export back behind so many bytes until its service is gone. */
async function holding(bytesMax: number): Promise<{ url: string; held: Promise<void>; close: () => void }> {
  let hold: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    hold = resolve;
  });
  let exports = 0;
  const pass = (req: IncomingMessage, res: ServerResponse): void => {
    const isFirst = req.url?.includes("/export") === true && ++exports === 1;
    const headers = { ...req.headers, "accept-encoding": "identity" };
    const asked = request(service.url + (req.url as string), { headers }, (answer) => {
      res.writeHead(answer.statusCode as number, answer.headers);
      let length = 0;
      answer.on("data", (chunk: Buffer) => {
        res.write(chunk);
        length += chunk.length;
        if (!isFirst || length < bytesMax) return;
        answer.pause();
        hold();
      });
      answer.on("end", () => res.end());
    });
    asked.on("error", () => res.destroy());
    asked.on("close", () => res.destroy());
    asked.end();
  };
  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held, close };
}

test("holdfast export over a kill -9 of the service, in the middle, makes the same file byte for byte", async (t) => {
  const between = await holding(300_000);
  t.after(between.close);
  const file = place.world.path("over-a-kill.ndjson");
  const { key } = service;
  const made = runCli(["export", file], { env: { HOLDFAST_URL: between.url, HOLDFAST_KEY: key } });
  await between.held;
  await service.stop("SIGKILL");
  service = await place.world.start(place.options);
  await append(100);
  const { status, stdout, stderr } = await made;
  assert.deepEqual([status, stderr], [0, ""]);
  const size = Number(/Exported (\d+) events/.exec(stdout)?.[1]);
  assert.equal(readFileSync(file, "utf8"), (await exported(`size=${size}`)).text);
});
