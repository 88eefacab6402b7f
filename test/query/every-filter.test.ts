/**
 * Every way to find events finds the same: searches in both orders, counts, and holding the entries themselves against a
 * filter, as a tail does, compared with reading all events by rules that are written here anew. More events come meanwhile, and the
 * index is lost and built again. npm run test:search does it with 100,000.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { countFilter } from "../../src/query/filter-count.ts";
import { isMatch } from "../../src/query/filter-entry.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { query } from "../../src/query/query.ts";
import { type Filter, type Order, planFilter } from "../../src/query/request.ts";
import { FakeLedger, type TestEvent } from "./fake-ledger.ts";
import { MemoryIndexStore } from "./index/memory-index.ts";

const EVENTS = Number(process.env.EVENTS ?? 800);
const BASE = 1_700_000_000_000;

/** The same numbers each time. */
let state = 12_345;
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % below;
}
const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;

const WORDS = [
  "käse",
  "KÄSE",
  "Kelvin",
  "\u212aelvin",
  "ſtop",
  "STOP",
  "straße",
  "STRAẞE",
  "strasse",
  'say "no"',
  "a\\b",
  "line\nend",
  "💥x",
  "tab\tx",
  "u17",
  "n",
  "\\n",
  "μ",
  "µ",
  "Ω",
];
const ACTIONS = ["user.login", "user.logout", "doc.read", "k8s.pods.create"];

function makeEvent(): TestEvent {
  const party = () => ({
    type: pick(["user", "agent"]),
    id: pick(["u1", "u2", pick(WORDS)]),
    ...(random(2) === 0 && { name: `${pick(WORDS)} ${pick(WORDS)}` }),
  });
  return {
    action: pick(ACTIONS),
    actor: { ...party(), ...(random(4) === 0 && { on_behalf_of: party() }) },
    time: new Date(BASE + random(5000)).toISOString(),
    ...(random(2) === 0 && { message: `${pick(WORDS)}-${pick(WORDS)}` }),
    ...(random(3) === 0 && { _raw: JSON.stringify({ text: pick(WORDS), and: [pick(WORDS)] }) }),
    ...(random(3) === 0 && { targets: [party(), party()] }),
    ...(random(3) === 0 && { outcome: pick(["success", "denied"]) }),
    ...(random(5) === 0 && { id: `ev-${pick(WORDS)}` }),
    ...(random(5) === 0 && { context: { request_id: pick(WORDS), ip: pick(WORDS) } }),
    // Where it is not looked for.
    metadata: { decoy: pick(WORDS), id: pick(WORDS) },
  };
}

/** Simple case folding of the characters above, from Unicode's CaseFolding.txt. */
const FOLDED: Readonly<Record<string, string>> = { "\u212a": "k", ſ: "s", ẞ: "ß", Ä: "ä", µ: "μ", Ω: "ω" };
const fold = (text: string) =>
  [...text].map((each) => FOLDED[each] ?? (each < "\x80" ? each.toLowerCase() : each)).join("");

type Party = { readonly type: string; readonly id: string; readonly name?: string; readonly on_behalf_of?: Party };

function textsOf(event: TestEvent): string[] {
  const {
    message,
    _raw,
    id,
    actor,
    targets = [],
    context,
  } = event as { readonly [name: string]: unknown } & {
    readonly actor: Party;
    readonly targets?: readonly Party[];
    readonly context?: { readonly request_id?: string };
  };
  const parties = [actor, actor.on_behalf_of, ...targets].flatMap((party) => [party?.id, party?.name]);
  return [message, _raw, id, context?.request_id, ...parties].filter((each) => typeof each === "string");
}

type Recorded = { readonly event: TestEvent; readonly recordedAt: number };

function isWanted({ event, recordedAt }: Recorded, index: number, wanted: Filter): boolean {
  const {
    action,
    actor,
    outcome = "unknown",
    targets = [],
  } = event as { action: string; actor: Party; outcome?: string; targets?: Party[] };
  const named = ({ type, id }: Party, text: string) => [id, `${type}:${id}`, `${type}:*`].includes(text);
  const { text, from = 0, to = Number.POSITIVE_INFINITY, since = 0, until = Number.POSITIVE_INFINITY } = wanted;
  if (index < from || index >= to || recordedAt < since || recordedAt >= until) return false;
  if (wanted.occurredSince !== undefined && Date.parse(event.time as string) < wanted.occurredSince) return false;
  if (
    wanted.action !== undefined &&
    wanted.action !== action &&
    !(wanted.action.endsWith(".*") && action.startsWith(wanted.action.slice(0, -1)))
  )
    return false;
  if (wanted.actor !== undefined && !named(actor, wanted.actor)) return false;
  if (wanted.target !== undefined && !targets.some((target) => named(target, wanted.target as string))) return false;
  if (wanted.outcome !== undefined && wanted.outcome !== outcome) return false;
  return text === undefined || textsOf(event).some((each) => fold(each).includes(fold(text)));
}

function makeFilter(size: number): Filter {
  const filter: Record<string, unknown> = {};
  if (random(4) > 0)
    filter.text = pick([pick(WORDS), pick(WORDS).slice(0, 2), pick(WORDS).slice(-2), `${pick(WORDS)}-`]).toWellFormed();
  if (random(3) === 0) filter.action = pick([...ACTIONS, "user.*", "k8s.pods.*"]);
  if (random(3) === 0) filter.actor = pick(["u1", "user:u1", "agent:*"]);
  if (random(5) === 0) filter.target = pick(["u2", "user:*"]);
  if (random(5) === 0) filter.outcome = pick(["success", "denied", "unknown"]);
  if (random(4) === 0) filter.since = BASE + random(size);
  if (random(6) === 0) filter.until = BASE + size + random(size);
  if (random(5) === 0) filter.occurredSince = BASE + random(5000);
  if (random(5) === 0) filter.from = random(size);
  if (random(5) === 0) filter.to = size + random(size);
  return filter as Filter;
}

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
    const events = Array.from({ length: count }, makeEvent);
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
    const filter = makeFilter(EVENTS);
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
