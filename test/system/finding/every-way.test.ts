/**
 * Every way to find events of the real service, over HTTP from LevelDB and by the command line, finds what reading every event finds:
 * while more are recorded, and while the service is killed and its index lost, damaged and built again. npm run test:search does it
 * with 100,000 events.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Level } from "level";
import type { Filter } from "../../../src/query/request.ts";
import { isWanted, makeFilter, random } from "../../query/random-events.ts";
import { Bench, type Place } from "../faults/bench.ts";
import type { ServiceProcess } from "../service-process.ts";
import { LEDGER, RecordedEvents } from "./recorded.ts";
import { type Bounded, byCommand, counted, exported, followed, listed } from "./ways.ts";

const EVENTS = Number(process.env.EVENTS ?? 1000);
const ROUNDS = Number(process.env.ROUNDS ?? 6);
/** In every so manieth round the service is killed; in every so manieth the command line is asked as well. */
const KILL_EVERY = 3;
const COMMAND_EVERY = 5;
/** Of a filter. */
const PARTS = 20;
/** So many filters are drawn, to choose from. */
const DRAWN = 12;
const BATCH = 500;
/** Few events fill no segment of the index; many do, as they are. */
const PRELOADED = EVENTS < 50_000 ? join(import.meta.dirname, "short-segments.ts") : undefined;

const bench = new Bench();
let place: Place;
let service: ServiceProcess;
/** Resolves when the service that was killed runs again. */
let running: Promise<ServiceProcess>;
let recorded: RecordedEvents;

before(async () => {
  place = bench.emptyPlace("none");
  if (PRELOADED !== undefined)
    place = { ...place, options: { ...place.options, env: { NODE_OPTIONS: `--import=${PRELOADED}` } } };
  service = await place.world.start(place.options);
  running = Promise.resolve(service);
  recorded = await RecordedEvents.begin(service);
  for (let sent = 0; sent < EVENTS; sent += BATCH) await recorded.append(service, Math.min(BATCH, EVENTS - sent));
  await recorded.read(service);
});
after(() => bench.close());

/** What happens to the index while the service is down. */
const LOSSES: readonly ((folder: string) => void)[] = [
  (folder) => rmSync(folder, { recursive: true }),
  // Bytes that were changed in every file that has what is found.
  (folder) => {
    for (const file of filesOf(folder)) {
      const bytes = readFileSync(file);
      for (let at = random(4096); at < bytes.length; at += 4096) bytes[at] = (bytes[at] as number) ^ (1 + random(255));
      writeFileSync(file, bytes);
    }
  },
  (folder) => {
    for (const file of filesOf(folder)) if (random(2) === 0) truncateSync(file, random(readFileSync(file).length + 1));
  },
  () => undefined,
];

function filesOf(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /\.(ldb|log)$/.test(name));
  assert.ok(names.length > 0, "expected files of an index");
  return names.map((name) => join(folder, name));
}

let kills = 0;

/** What was saved is there afterwards, and what was being saved is there as it was or as it became. */
async function killIndex(): Promise<void> {
  const save = (name: string, filter: string) => service.ask(`PUT ${LEDGER}/searches/${name}`, { filter });
  const filters = [`text=${kills}`, `text=${kills + 1}`];
  for (const name of ["kept", "changing"]) assert.ok((await save(name, filters[0] as string)).status < 300);
  const changing = save("changing", filters[1] as string).catch(() => undefined);
  const gone = service.stop("SIGKILL");
  running = gone.then(() => {
    LOSSES[kills++ % LOSSES.length]?.(join(place.data, "index"));
    return place.world.start(place.options);
  });
  service = await running;
  await changing;
  type Searches = { readonly searches: readonly { name: string; filter: string }[]; readonly damaged: string[] };
  const { searches, damaged } = await service.json<Searches>(200, `GET ${LEDGER}/searches`);
  const filterOf = (wanted: string) => searches.find(({ name }) => name === wanted)?.filter;
  assert.deepEqual([damaged, filterOf("kept")], [[], filters[0]]);
  assert.ok(filters.includes(filterOf("changing") as string));
}

/** Records more while others look. */
async function arrive(counts: readonly number[]): Promise<void> {
  for (const count of counts) await recorded.append(service, count);
}

function expectedOf(filter: Bounded): number[] {
  const within = recorded.events.slice(filter.from, filter.to);
  return within.flatMap((each, i) => (isWanted(each, filter.from + i, filter) ? [filter.from + i] : []));
}

/** Every way at once, of the entries that are there; tails go on to those that come meanwhile. */
async function tryFilter(wanted: Filter, round: number): Promise<number> {
  const { size } = recorded;
  const filter: Bounded = { ...wanted, from: wanted.from ?? 0, to: Math.min(wanted.to ?? size, size) };
  const said = JSON.stringify(filter);
  const more = Array.from({ length: 2 + random(3) }, () => 3 + random(30));
  const tailed: Bounded = { ...filter, to: size + more.reduce((sum, count) => sum + count, 0) };
  const tail = followed(() => running, tailed);
  if (round % KILL_EVERY === 1) await killIndex();
  const expected = expectedOf(filter);
  const [up, down, count, ndjson, csv, ocsf] = await Promise.all([
    listed(service, filter, "asc"),
    listed(service, filter, "desc"),
    counted(service, filter),
    exported(service, filter, size, "ndjson"),
    exported(service, filter, size, "csv"),
    exported(service, filter, size, "ocsf"),
    arrive(more),
  ]);
  assert.deepEqual(up, expected, said);
  assert.deepEqual(down, expected, said);
  assert.equal(count, expected.length, said);
  const lines = expected.map((index) => recorded.lines[index]);
  assert.deepEqual(ndjson, lines, said);
  assert.deepEqual(csv.map(Number), expected, said);
  const sequence = ocsf.map((line) => (JSON.parse(line) as { metadata: { sequence: number } }).metadata.sequence);
  assert.deepEqual(sequence, expected, said);
  if (round % COMMAND_EVERY === 2) {
    const found = await byCommand(service, filter);
    assert.deepEqual(found, { search: expected, count: expected.length, tail: expected }, said);
  }
  await recorded.read(service);
  assert.equal(recorded.size, tailed.to);
  assert.deepEqual(await tail, expectedOf(tailed), said);
  return expected.length;
}

/** Segments of the index that are full, each with a key of its own. */
async function closedSegments(): Promise<number> {
  await service.stop("SIGTERM");
  const db = new Level(join(place.data, "index"));
  const keys = await db.keys().all();
  await db.close();
  return keys.filter((key) => /^0x[0-9a-f]{64}\/h\//.test(key)).length;
}

type Origins = Parameters<typeof makeFilter>[1];

function draw(parts: Origins): Filter[] {
  return Array.from({ length: DRAWN }, () => makeFilter(recorded.events, parts));
}

/** The one of some that finds most, but not all. */
function drawFinding(parts: Origins): Filter {
  const counted = draw(parts).map((filter) => {
    const { size } = recorded;
    return { filter, count: expectedOf({ ...filter, from: filter.from ?? 0, to: size }).length % size };
  });
  return counted.reduce((a, b) => (b.count > a.count ? b : a)).filter;
}

/** The one of some that has most parts that none had before; such find little. */
function drawUntried(parts: Origins, tried: ReadonlySet<string>): Filter {
  const count = (filter: Filter) => Object.keys(filter).filter((name) => !tried.has(name)).length;
  return draw(parts).reduce((a, b) => (count(b) > count(a) ? b : a));
}

test("lists, counts, exports, tails and commands find what reading every event finds, while more come, over kills of the service and of its index", async () => {
  const { keys } = await service.json<{ keys: { id: string }[] }>(200, "GET /v1/keys");
  const parts = { key: keys.map(({ id }) => id), format: ["logs", "native"], quarantined: ["true"] };
  const tried = new Set<string>();
  let found = 0;
  for (let round = 0; round < ROUNDS || tried.size < PARTS; round++) {
    const filter = round % 2 === 0 ? drawFinding(parts) : drawUntried(parts, tried);
    for (const name of Object.keys(filter)) tried.add(name);
    found += await tryFilter(filter, round);
  }
  assert.ok(found > EVENTS, `expected filters that find something, got ${found} found`);
  assert.ok(kills >= 2);
  const closed = await closedSegments();
  assert.ok(closed >= 2, `expected segments that are full, got ${closed}`);
});
