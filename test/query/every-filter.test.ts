/**
 * Every way to find events finds the same: searches in both orders, counts, and holding the entries themselves against a
 * filter, as a tail does, compared with reading all events by rules of random-events.ts. More events come meanwhile, and the
 * index is lost and built again. npm run test:search does it with 100,000.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { countFilter } from "../../src/query/filter-count.ts";
import { isMatch } from "../../src/query/filter-entry.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { query } from "../../src/query/query.ts";
import { type Filter, type Order, planFilter } from "../../src/query/request.ts";
import { FakeLedger } from "./fake-ledger.ts";
import { MemoryIndexStore } from "./index/memory-index.ts";
import { BASE, isWanted, makeEvent, makeFilter, makeRaw, type Recorded, random } from "./random-events.ts";

const EVENTS = Number(process.env.EVENTS ?? 800);

/** All pages of a search whose work is bounded, and the entries that they say they looked at, which have no hole. */
async function findAll(indexer: Indexer, filter: Filter, order: Order, grow: () => void): Promise<number[]> {
  const found: number[] = [];
  let after: string | undefined;
  let edge: number | undefined;
  do {
    const bounds = { workMax: 1 + random(3000), bytesMax: 1 + random(100_000) };
    const page = await query(
      indexer,
      { filter, order, limit: 1 + random(1000), ...(after !== undefined && { after }) },
      { bounds },
    );
    found.push(...page.items.map(({ index }) => index));
    const { from, to } = page.lookedAt;
    assert.ok(from <= to);
    if (edge !== undefined) assert.equal(order === "asc" ? from : to, edge);
    edge = order === "asc" ? to : from;
    after = page.next;
    grow();
  } while (after !== undefined);
  return found;
}

async function countAll(indexer: Indexer, filter: Filter): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const part = await countFilter(indexer, filter, after, 1 + random(3000));
    count += part.count;
    after = part.next;
  } while (after !== undefined);
  return count;
}

test("searches, counts and entries held against a filter find what reading every event finds, also while more come and from an index built anew", async () => {
  const ledger = new FakeLedger();
  const recorded: Recorded[] = [];
  const append = (count: number): void => {
    const events = Array.from({ length: count }, () => ({
      ...makeEvent(),
      ...(random(3) === 0 && { _raw: makeRaw() }),
    }));
    const times = events.map((_, i) => BASE + recorded.length + i);
    for (const [i, event] of events.entries()) recorded.push({ event, recordedAt: times[i] as number });
    ledger.append(events, { recordedAt: times });
  };
  const parts = { store: ledger, ledger, segmentLength: 512 };
  append(EVENTS);
  let indexer = await Indexer.open({ ...parts, indexStore: new MemoryIndexStore() });
  indexer.start();
  await indexer.waitFor(EVENTS, { timeoutMs: 600_000 });
  let matched = 0;
  for (let round = 0; round < 40; round++) {
    const filter = makeFilter(recorded);
    const size = recorded.length;
    const fixed = { ...filter, to: Math.min(filter.to ?? size, size) };
    if ((fixed.from ?? 0) >= fixed.to) continue;
    const expected = recorded.slice(0, size).flatMap((each, index) => (isWanted(each, index, fixed) ? [index] : []));
    matched += expected.length;
    const said = JSON.stringify(filter);
    const plan = planFilter(fixed);
    const held: number[] = [];
    for (let index = fixed.from ?? 0; index < fixed.to; index++) {
      const entry = await ledger.entry(ledger.record.id, index);
      if (entry !== undefined && isMatch(entry, plan)) held.push(index);
    }
    assert.deepEqual(held, expected, said);
    const grow = () => append(random(3));
    assert.deepEqual(await findAll(indexer, fixed, "asc", grow), expected, said);
    assert.deepEqual((await findAll(indexer, fixed, "desc", grow)).toReversed(), expected, said);
    assert.equal(await countAll(indexer, fixed), expected.length, said);
    if (round % 15 === 14) {
      await indexer.stop();
      indexer = await Indexer.open({ ...parts, indexStore: new MemoryIndexStore() });
      indexer.start();
    }
    await indexer.waitFor(recorded.length, { timeoutMs: 600_000 });
  }
  assert.ok(matched > EVENTS, `expected filters that find something, got ${matched} found`);
  await indexer.stop();
});
