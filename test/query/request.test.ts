/** What a caller can ask, and what is said about a mistake. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { checkEvent } from "../../src/entry/event.ts";
import { findSign, readValue, readValues, spellValue } from "../../src/entry/spelled-value.ts";
import { decodeCursor, encodeCursor, queryDigest } from "../../src/query/cursor.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { query } from "../../src/query/query.ts";
import { QueryError } from "../../src/query/query-error.ts";
import { type Filter, planQuery, type QueryRequest } from "../../src/query/request.ts";
import { FakeLedger } from "./fake-ledger.ts";
import { MemoryIndexStore } from "./index/memory-index.ts";

const ASKED: Omit<QueryRequest, "filter"> = { order: "asc", limit: 10 };
const LONG = "x".repeat(256);

/** Filters that no event can match, and what is said of them. */
const IMPOSSIBLE: readonly (readonly [filter: Filter, message: RegExp])[] = [
  [{ action: "" }, /^expected a text that is not empty as action, got ""$/],
  [
    { action: "user.login,user.logout" },
    /^expected one value, since .* written \\,\) as action, got "user\.login,user\.logout"$/,
  ],
  [{ action: "user.*,admin.*" }, /one value/],
  [{ action: "*" }, /\* only at the end, after one of \. : \/ as in k8s\.\* .* as action, got "\*"/],
  [{ action: "k8s*" }, /as action, got "k8s\*"/],
  [{ action: "user.*.login" }, /only at the end/],
  [{ action: "*.login" }, /only at the end/],
  [{ action: "us*r.*" }, /only at the end/],
  [{ action: "a\nb" }, /without control characters/],
  [{ action: " " }, /without control characters/],
  [{ action: `${LONG}x` }, /of at most 256/],
  [{ action: `${LONG}.*` }, /of at most 256/],
  [{ action: "a.b.c.d.e.f.g.h.i.*" }, /at most 8/],
  ...(["actor", "target", "onBehalfOf"] as const).flatMap((field) => [
    [{ [field]: "" }, /not empty/] as const,
    [{ [field]: "u1,u2" }, /one value/] as const,
    [{ [field]: "user:*,agent:*" }, /one value/] as const,
    [{ [field]: "*" }, /^expected an id, type:id, or type:\* /] as const,
    [{ [field]: ":*" }, /an id, type:id/] as const,
    [{ [field]: "us*" }, /an id, type:id/] as const,
    [{ [field]: "user:u*" }, /an id, type:id/] as const,
    [{ [field]: "*:u1" }, /an id, type:id/] as const,
    [{ [field]: "x".repeat(2049) }, /an id of at most 2048 characters, or type:id/] as const,
    [{ [field]: `t:${"x".repeat(2049)}` }, /an id of at most 2048 characters/] as const,
    [{ [field]: `${LONG}x:${"x".repeat(2048)}` }, /an id of at most 2048 characters/] as const,
    [{ [field]: `${LONG}x:*` }, /a type of at most 256 characters/] as const,
  ]),
  ...(["source", "tenant", "id", "key", "format"] as const).flatMap((field) => [
    [{ [field]: "" }, /not empty/] as const,
    [{ [field]: "a,b" }, /one value/] as const,
    [{ [field]: "a*" }, /no \* stands for anything here/] as const,
    [{ [field]: `${LONG}x` }, /at most 256 characters/] as const,
  ]),
  [{ outcome: "fail" }, /^expected one of success, failure, denied, unknown as outcome, got "fail"$/],
  [{ outcome: "success,denied" }, /one value/],
  [{ quarantined: "false" }, /^expected true, or nothing for all events as quarantined, got "false"$/],
  [{ since: 2, until: 1 }, /^expected a time before 1970-01-01T00:00:00\.001Z as since, got 1970/],
  [{ since: 2, until: 2 }, /as since/],
  [{ occurredSince: -1, occurredUntil: -1 }, /as occurredSince/],
  [{ from: 5, to: 4 }, /^expected less than 4 \(to\) as from, got 5$/],
  [{ from: 5, to: 5 }, /as from/],
  [{ to: 0 }, /^expected at least 1 as to, got 0$/],
  [{ from: -1 }, /an integer in 0\.\.2\^53-1 as from/],
  [{ actor: "x".repeat(3000) }, /got "x{57}\.\.\."$/],
];

test("a filter that no event can match is refused, and says what was expected", () => {
  for (const [filter, message] of IMPOSSIBLE) {
    assert.throws(
      () => planQuery({ ...ASKED, filter }),
      (error: QueryError) => {
        assert.ok(error instanceof QueryError, `${JSON.stringify(filter)}: ${error}`);
        assert.equal(error.code, "query_invalid");
        assert.match(error.message, message);
        assert.ok(Object.keys(filter).includes(error.parameter), error.parameter);
        return true;
      },
      JSON.stringify(filter),
    );
  }
});

/** Events, and a filter for each that has to find it. */
const POSSIBLE: readonly (readonly [event: object, filter: Filter])[] = [
  [{ action: "User logged in" }, { action: "User logged in" }],
  [{ action: "a, b" }, { action: "a\\, b" }],
  [{ action: "SELECT *" }, { action: "SELECT \\*" }],
  [{ action: "CORP\\login" }, { action: "CORP\\login" }],
  [{ action: "a\\, b" }, { action: "a\\\\, b" }],
  [{ action: LONG }, { action: LONG }],
  [{ action: `${"x".repeat(254)}.y` }, { action: `${"x".repeat(254)}.*` }],
  [{ action: "a.b.c.d.e.f.g.h.i" }, { action: "a.b.c.d.e.f.g.h.*" }],
  [{ actor: { type: "API key", id: "k" } }, { actor: "API key:*" }],
  [{ actor: { type: "user", id: "cn=jane,ou=people" } }, { actor: "cn=jane\\,ou=people" }],
  [{ actor: { type: "user", id: "cn=jane,ou=people" } }, { actor: "user:cn=jane\\,ou=people" }],
  [{ actor: { type: "user", id: "\\\\fs01\\share" } }, { actor: "\\\\fs01\\share" }],
  [{ targets: [{ type: "arn", id: "arn:aws:s3:::bucket/*" }] }, { target: "arn:aws:s3:::bucket/\\*" }],
  [{ targets: [{ type: LONG, id: "x".repeat(2048) }] }, { target: `${LONG}:${"x".repeat(2048)}` }],
  [{ targets: [{ type: "a:b", id: "漢".repeat(2048) }] }, { target: "漢".repeat(2048) }],
  [{ actor: { type: "agent", id: "a", on_behalf_of: { type: LONG, id: ":" } } }, { onBehalfOf: `${LONG}:*` }],
  [{ tenant: "a,b*" }, { tenant: "a\\,b\\*" }],
  [{ id: LONG }, { id: LONG }],
  [{ source: "x,y" }, { source: "x\\,y" }],
];

test("whatever an event may have in a searchable member can be asked for", async () => {
  const ledger = new FakeLedger();
  const least = { action: "other", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "other" } };
  const events = POSSIBLE.map(([event]) => checkEvent({ ...least, ...event }));
  ledger.append(events);
  const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger });
  indexer.start();
  await indexer.waitFor(events.length);
  for (const [i, [event, filter]] of POSSIBLE.entries()) {
    const { items } = await query(indexer, { ...ASKED, limit: 100, filter });
    assert.ok(
      items.some(({ index }) => index === i),
      `expected ${JSON.stringify(event)} for ${JSON.stringify(filter)}`,
    );
    assert.ok(items.length < events.length, "not everything");
  }
  await indexer.stop();
});

test("a value spelled for a filter is read as it was, whatever stands in it", () => {
  const sign = fc.constantFrom("\\", ",", "*", "a", ":");
  const property = fc.property(fc.array(sign), (signs) => {
    const value = signs.join("");
    assert.equal(readValue(spellValue(value)), value);
    assert.equal(findSign(spellValue(value)), -1);
  });
  fc.assert(property, { seed: 17 });
  assert.deepEqual(readValues("a,ssn\\,dob,b"), ["a", "ssn,dob", "b"]);
});

test("a request made by a program is checked as one from a URL is", () => {
  const request: QueryRequest = { filter: {}, order: "asc", limit: 10 };
  for (const limit of [0, 1001, 1.5, Number.NaN]) {
    assert.throws(() => planQuery({ ...request, limit }), { code: "query_invalid", parameter: "limit" });
  }
  assert.throws(() => planQuery({ ...request, filter: { from: 0.5 } }), { parameter: "from" });
  assert.throws(() => planQuery({ ...request, filter: { since: Number.NaN } }), { parameter: "since" });
  assert.throws(() => planQuery({ ...request, filter: { tenant: "" } }), { parameter: "tenant" });
});

const digest = new Uint8Array(12).fill(3);

test("a cursor is read as it was made", () => {
  const property = fc.property(fc.maxSafeNat(), (boundary) => {
    const text = encodeCursor(boundary, digest);
    assert.match(text, /^[A-Za-z0-9_-]{28}$/);
    assert.equal(decodeCursor(text, digest), boundary);
  });
  fc.assert(property, { seed: 76 });
});

test("a text that is no cursor is refused, and so is a cursor that was changed", () => {
  const cursor = encodeCursor(1000, digest);
  const padded = `${cursor.slice(0, 27)}=`;
  for (const text of ["", "x", "1000", "null", `${cursor}A`, cursor.slice(1), padded, ` ${cursor}`, "💥".repeat(14)]) {
    assert.throws(() => decodeCursor(text, digest), { code: "cursor_invalid" }, text);
  }
  assert.throws(() => decodeCursor(`B${cursor.slice(1)}`, digest), { code: "cursor_invalid" }, "another version");
  const beyond = Buffer.concat([Buffer.from([1]), Buffer.alloc(8, 0xff), digest]).toString("base64url");
  assert.throws(() => decodeCursor(beyond, digest), { code: "cursor_invalid" });
  assert.throws(() => decodeCursor(`${cursor.slice(0, 27)}A`, digest), { code: "cursor_mismatch" });
});

test("a cursor is bound to the ledger, the order and every part of the filter, and not to the limit", () => {
  const filters = [
    {},
    { actor: "u1" },
    { target: "u1" },
    { action: "a", tenant: "b" },
    { action: "b", tenant: "a" },
    { since: 1 },
    { until: 1 },
    { occurredSince: 1 },
    { occurredUntil: 1 },
    { from: 1 },
    { to: 1 },
  ];
  const digests = new Set<string>();
  for (const filter of filters) {
    for (const order of ["asc", "desc"] as const) {
      for (const id of ["0x01", "0x02"] as const) {
        const [a, b] = [10, 20].map((limit) => queryDigest(id, order, planQuery({ filter, order, limit })));
        assert.deepEqual(a, b);
        digests.add(String(a));
      }
    }
  }
  assert.equal(digests.size, filters.length * 4);
});

test("a cursor of another query is refused, and one beyond the index has to wait", async () => {
  const ledger = new FakeLedger();
  ledger.append(Array.from({ length: 30 }, () => ({ action: "a", tenant: "t" })));
  const indexStore = new MemoryIndexStore();
  const indexer = await Indexer.open({ store: ledger, indexStore, ledger });
  indexer.start();
  await indexer.waitFor(30);
  const request: QueryRequest = { filter: { action: "a" }, order: "desc", limit: 5 };
  const { next } = await query(indexer, request);
  assert.ok(next);
  const other = query(indexer, { ...request, filter: { tenant: "t" }, after: next });
  await assert.rejects(other, { code: "cursor_mismatch", parameter: "after" });
  await assert.rejects(query(indexer, { ...request, order: "asc", after: next }), { code: "cursor_mismatch" });
  assert.equal((await query(indexer, { ...request, limit: 1000, after: next })).items.length, 25);
  await indexer.stop();

  const rebuilding = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger });
  await assert.rejects(query(rebuilding, { ...request, after: next }), { code: "index_behind" });
  rebuilding.start();
  await rebuilding.waitFor(30);
  const page = await query(rebuilding, { ...request, after: next });
  assert.deepEqual(
    page.items.map(({ index }) => index),
    [24, 23, 22, 21, 20],
  );
  await rebuilding.stop();
});
