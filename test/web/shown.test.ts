/** What the pages compute before they show it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { rootFromPath } from "../../src/merkle/proof.ts";
import { explorerUrl } from "../../src/verify/evm/explorers.ts";
import type { EventAnswer, StatsAnswer } from "../../src/web/ledger-pages/answers.ts";
import { changesIn, differences } from "../../src/web/ledger-pages/events/difference.ts";
import {
  happenedAt,
  noteWords,
  partyQuery,
  sinceWords,
  violationText,
} from "../../src/web/ledger-pages/events/event-words.ts";
import { filterOf, filterParameters, filterQuery, notHeld } from "../../src/web/ledger-pages/events/filter/filter.ts";
import {
  hasOlder,
  type Loaded,
  mergeNewest,
  mergeOlder,
  putArrived,
} from "../../src/web/ledger-pages/events/join-pages.ts";
import { barsOf, ratePerMinute } from "../../src/web/ledger-pages/overview/buckets.ts";
import { parseRoute, routeHash } from "../../src/web/ledger-pages/route.ts";
import { formatBytes, formatFee, formatRate, formatSpan, formatTime, shorten } from "../../src/web/parts/format.ts";
import { indentJson } from "../../src/web/parts/text/indent-json.ts";
import { climb, leafOf } from "../../src/web/verdict/path-drawing.ts";
import { TestLedger } from "../verify/fixture.ts";

test("the drawn path is the path that is checked, for every entry of trees of up to 40", () => {
  const ledger = new TestLedger(40);
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index += size > 12 ? 5 : 1) {
      const { entry, inclusion } = ledger.bundle(index, size);
      const { leafHash } = entry;
      const way = climb({ index, size, leafHash, path: inclusion.path });
      const path = inclusion.path.map((node) => fromHex(node));
      const root = rootFromPath(keccak256, { index, size, leafHash: fromHex(leafHash), path });
      assert.equal(way.top, toHex(root));
      assert.equal(way.rungs.length, path.length);
    }
  }
});

test("the drawing begins at what the members really hash to, whatever leaf hash the file claims", () => {
  const bundle = new TestLedger(5).bundle(2);
  assert.equal(leafOf(bundle), bundle.entry.leafHash);
  const [first, ...rest] = bundle.entry.members as [{ salt: Hex; text: string }, ...never[]];
  const forged = { ...first, text: first.text.replace("invoice", "invoise") };
  const changed = { ...bundle, entry: { ...bundle.entry, members: [forged, ...rest] } };
  assert.notEqual(leafOf(changed), bundle.entry.leafHash);
  const none = { ...bundle, entry: { ...bundle.entry, members: [{ ...first, text: "no member" }] } };
  assert.equal(leafOf(none), undefined);
});

test("numbers, times and fees are written in one way", () => {
  assert.equal(formatTime(1_795_460_782_999), "2026-11-23 19:06:22");
  assert.equal(formatSpan(400), "0 s");
  assert.equal(formatSpan(59_600), "1 min");
  assert.equal(formatSpan(11_520_000), "3 h 12 min");
  assert.equal(formatSpan(90_061_000), "1 d 1 h");
  assert.equal(formatFee(0n), "0");
  assert.equal(formatFee(999n), "999 wei");
  assert.equal(formatFee(138_842_560_957_852n), "138,842 gwei");
  assert.equal(formatFee(12_345_678_901_234_567n), "0.0123 ether");
  assert.equal(formatRate(0.4444), "0.44");
  assert.equal(formatRate(1234.5), "1,235");
  assert.equal(formatBytes(144_771), "144.8 kB");
  assert.equal(shorten(`0x${"ab".repeat(32)}`), "0xababab…abab");
  assert.equal(shorten("0xabcd"), "0xabcd");
});

test("an address of a place is read back as the place, and what is unknown leads to the overview", () => {
  const query = new URLSearchParams({ action: "user.*", actor: "a/b&c" });
  const place = { ledger: "pay roll", page: "events", item: 12, query } as const;
  const read = parseRoute(routeHash(place));
  assert.deepEqual({ ...read, query: read.query.toString() }, { ...place, query: query.toString() });
  assert.deepEqual({ ...parseRoute("#/main/nonsense/-1"), query: 0 }, { ...MAIN, query: 0 });
  assert.deepEqual({ ...parseRoute(""), query: 0 }, { ...MAIN, query: 0 });
});

const MAIN = { ledger: "main", page: "overview", item: undefined };

test("a filter keeps what it knows, in one order, and times become RFC 3339 in UTC", () => {
  const filter = filterOf(new URLSearchParams("until=2026-11-23T18:07&x=1&actor=%20u1%20&action="));
  assert.deepEqual(filter, { actor: "u1", until: "2026-11-23T18:07" });
  assert.equal(filterQuery(filter).toString(), "actor=u1&until=2026-11-23T18%3A07");
  assert.equal(filterParameters(filter).get("until"), "2026-11-23T18:07:00Z");
  assert.equal(filterParameters({ since: "2026-11-23T18:07:01" }).get("since"), "2026-11-23T18:07:01Z");
});

test("what the fields of a filter cannot hold is told, and times of the API come back as the fields have them", () => {
  const query = new URLSearchParams("action=a&tenant=acme&outcome=denied&action=b&since=2026-11-23T18:07:00Z");
  assert.deepEqual(notHeld(query), ["tenant=acme", "action=b"]);
  const filter = filterOf(query);
  assert.deepEqual(filter, { action: "a", outcome: "denied", since: "2026-11-23T18:07" });
  assert.deepEqual(notHeld(filterQuery(filter)), []);
  assert.deepEqual(filterOf(filterParameters(filter)), filter);
});

function page(from: number, to: number, next: string | null): Loaded {
  const events: EventAnswer[] = [];
  for (let index = from; index >= to; index--) events.push({ index, recordedAt: index, event: {} });
  return { events, next, lookedAt: { from: to, to: from + 1 } };
}

function indexes({ events }: Loaded): number[] {
  return events.map(({ index }) => index);
}

test("new events join the list at its top, and a page that does not reach down to it takes its place", () => {
  const before = mergeOlder(page(9, 5, "5"), page(4, 2, "2"));
  assert.deepEqual(indexes(before), [9, 8, 7, 6, 5, 4, 3, 2]);
  const joined = mergeNewest(before, page(11, 7, "7"));
  assert.deepEqual(indexes(joined), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  assert.equal(joined.next, "2");
  const touching = mergeNewest(before, page(14, 10, "10"));
  assert.deepEqual(
    indexes(touching),
    [14, 13, 12, 11, 10],
    "9 and 10 might have others between them in a filtered list",
  );
  assert.equal(touching.next, "10");
  assert.deepEqual(indexes(mergeNewest(undefined, page(3, 1, null))), [3, 2, 1]);
  assert.deepEqual(indexes(mergeOlder(before, page(3, 0, null))), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});

test("events that came live join the list at its top, once; what is cut off below is asked for by its index", () => {
  const before = page(9, 5, "5");
  const joined = putArrived(before, page(11, 8, null).events, 7);
  assert.deepEqual(indexes(joined), [11, 10, 9, 8, 7, 6, 5]);
  assert.deepEqual([joined.next, joined.below, joined.lookedAt], ["5", undefined, { from: 5, to: 12 }]);
  const cut = putArrived(joined, page(13, 12, null).events, 7);
  assert.deepEqual(indexes(cut), [13, 12, 11, 10, 9, 8, 7]);
  assert.deepEqual([cut.next, cut.below, hasOlder(cut), cut.lookedAt.from], [null, 7, true, 7]);
  const on = mergeOlder(putArrived(cut, page(14, 14, null).events, 8), page(6, 3, "3"));
  assert.deepEqual(indexes(on), [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  assert.deepEqual([on.next, on.below, on.lookedAt], ["3", undefined, { from: 3, to: 15 }]);
  // So many that nothing of what was loaded is left.
  assert.deepEqual(indexes(putArrived(before, page(90, 81, null).events, 10)), indexes(page(90, 81, null)));
});

test("a difference names every value that was added, removed or became another", () => {
  const old = { roles: ["reader"], mfa: true, team: "finance", deep: { a: 1, b: [] } };
  const now = { roles: ["reader", "approver"], mfa: false, limit: { amount: 5 }, deep: { a: 1, b: [] } };
  assert.deepEqual(differences(old, now), [
    { path: "roles[0]", kind: "same", old: "reader", new: "reader" },
    { path: "roles[1]", kind: "added", new: "approver" },
    { path: "mfa", kind: "changed", old: true, new: false },
    { path: "limit", kind: "added", new: { amount: 5 } },
    { path: "deep.a", kind: "same", old: 1, new: 1 },
    { path: "deep.b", kind: "same", old: [], new: [] },
    { path: "team", kind: "removed", old: "finance" },
  ]);
  assert.deepEqual(differences(undefined, undefined), []);
  assert.deepEqual(differences({ a: 1 }, [1]), [{ path: "", kind: "changed", old: { a: 1 }, new: [1] }]);
});

test("what an event calls its changes is a difference only when it is an old and a new value and nothing else", () => {
  assert.deepEqual(changesIn({ changes: { new: 1 } }), [{ path: "", kind: "added", new: 1 }]);
  for (const changes of ["renamed", null, 5, [], { old: 1, new: 2, by: "x" }])
    assert.deepEqual(changesIn({ changes }), []);
  assert.deepEqual(changesIn({}), []);
});

test("a JSON text is indented token by token, so that nothing in it is spelled otherwise", () => {
  const text = '{"a":12345678901234567890.0e+1,"b":"\\u00e9 {[,:]}\\"","a":[],"c":[1,{"d":{}}, null]}';
  const indented = indentJson(text) ?? "";
  assert.deepEqual(indented.split("\n"), [
    "{",
    '  "a": 12345678901234567890.0e+1,',
    '  "b": "\\u00e9 {[,:]}\\"",',
    '  "a": [],',
    '  "c": [',
    "    1,",
    "    {",
    '      "d": {}',
    "    },",
    "    null",
    "  ]",
    "}",
  ]);
  for (const other of ["", "payload=%7B%7D", '{"a":1', '"text"', "5", "[".repeat(200) + "]".repeat(200)]) {
    assert.equal(indentJson(other), undefined, other);
  }
});

test("an event's own time is read as its sender spelled it, leap seconds included, and parties as filters take them", () => {
  assert.equal(happenedAt({ time: "2016-12-31t23:59:60z" }), Date.parse("2017-01-01T00:00:00Z"));
  assert.equal(happenedAt({ time: "2026-11-27T10:00:00+02:00" }), Date.parse("2026-11-27T08:00:00Z"));
  for (const time of [undefined, "yesterday", {}]) assert.equal(happenedAt({ time }), undefined);
  assert.deepEqual([sinceWords(400), sinceWords(90_000)], ["within a second", "1 min 30 s later"]);
  assert.equal(sinceWords(-90_000), "1 min 30 s before it is said to have happened");
  assert.deepEqual(
    [partyQuery({ type: "user", id: "u1" }), partyQuery({ id: 5 }), partyQuery({ type: "x" })],
    ["user:u1", "5", undefined],
  );
});

const MINUTE_MS = 60_000;

function statsOf(entries: readonly number[], since: number): StatsAnswer {
  const top = { action: [], actor: [], source: [], outcome: [] };
  return { since, until: since + entries.length * MINUTE_MS, intervalMs: MINUTE_MS, entries, total: 0, top };
}

test("bars add up what was counted by the minute, end at now, and begin at a multiple of their length", () => {
  const since = 600 * MINUTE_MS;
  const stats = statsOf(
    Array.from({ length: 120 }, () => 1),
    since,
  );
  const now = since + 100 * MINUTE_MS + 5000;
  const bars = barsOf(stats, now, 60 * MINUTE_MS, 15 * MINUTE_MS);
  assert.deepEqual(bars.counts, [15, 15, 15, 15]);
  assert.deepEqual(
    bars.from.map((from) => (from * 1000 - since) / MINUTE_MS),
    [45, 60, 75, 90],
  );
  const early = barsOf(stats, since + 5 * MINUTE_MS, 60 * MINUTE_MS, 30 * MINUTE_MS);
  assert.deepEqual(early.counts, [0, 30], "nothing is known of the time before");
  assert.equal(ratePerMinute(statsOf([9, 9, 2, 4, 7], since), since + 4.5 * MINUTE_MS, 2), 3);
});

test("explorer links go to the chain's explorer, and there are none for a chain nobody knows", () => {
  assert.equal(explorerUrl(1, "tx", "0xab"), "https://etherscan.io/tx/0xab");
  assert.equal(explorerUrl(8453, "read", "0xcd"), "https://basescan.org/address/0xcd#readContract");
  assert.equal(explorerUrl(31337, "block", 5), undefined);
  assert.equal(explorerUrl(424242, "read", "0xcd"), undefined);
});

test("every note that the service puts into _source is told in words, on the page and in docs/sources", () => {
  const read = (...path: string[]) => readFileSync(join(import.meta.dirname, "..", "..", ...path), "utf8");
  const [, type = ""] = /export type Note =\n([\s\S]*?);\n\n/.exec(read("src", "ingest", "format.ts")) ?? [];
  const notes = [...type.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, note]) => note as string);
  assert.ok(notes.length >= 9, type);
  const docs = read("docs", "sources", "README.md");
  for (const note of notes) {
    const [words] = noteWords({ _source: { notes: [note] } });
    assert.match(words ?? "", / /, `${note} has no words`);
    assert.ok(docs.includes(`\`${note}\``), `docs/sources/README.md does not explain ${note}`);
  }
  assert.deepEqual(noteWords({ _source: { notes: ["of_a_later_version", 7, "toString"] } }), [
    "of_a_later_version",
    "7",
    "toString",
  ]);
});

test("a time that the service put in is not shown as what the sender said", () => {
  const time = "2026-11-27T10:00:00Z";
  assert.equal(happenedAt({ time, _source: { notes: ["time_of_receipt"] } }), undefined);
  assert.equal(happenedAt({ time, _source: { notes: ["mapping_reduced"] } }), Date.parse(time));
});

test("what a ledger demands and an event is not is said with the rule, the place and what was expected", () => {
  const expected = 'a member that says something (requirement "clusters")';
  const violates = { requirement: "clusters", path: "/targets", expected };
  assert.equal(violationText({ _source: { violates } }), `expected ${expected} at /targets`);
  assert.equal(
    violationText({ _source: { violates: { schema: "payment@1", path: "", expected: "an object" } } }),
    "expected an object (schema payment@1)",
  );
  for (const none of [undefined, {}, "x"]) assert.equal(violationText({ _source: { violates: none } }), undefined);
});
