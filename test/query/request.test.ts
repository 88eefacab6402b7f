/** What a caller can ask, and what is said about a mistake. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { decodeCursor, encodeCursor, queryDigest } from "../../src/query/cursor.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { query } from "../../src/query/query.ts";
import { QueryError } from "../../src/query/query-error.ts";
import { parseQuery, planQuery, type QueryRequest } from "../../src/query/request.ts";
import { FakeLedger } from "./fake-ledger.ts";
import { MemoryIndexStore } from "./index/memory-index.ts";

test("parameters become a request", () => {
  assert.deepEqual(parseQuery({}), { filter: {}, order: "desc", limit: 100 });
  const filters = {
    ...{ action: "k8s.*", actor: "user:u1", onBehalfOf: "u2", target: "a:b:c", outcome: "denied" },
    ...{ source: "s", key: "k", format: "native", tenant: "t", id: "\0" },
  };
  const parsed = parseQuery({
    ...filters,
    ...{ since: "2026-11-20", until: "2026-11-20T01:00:01+01:00", occurredSince: "1969-12-31T23:59:59Z" },
    ...{ from: "0", to: "9007199254740991", order: "asc", limit: "1000", after: "cursor", occurredUntil: undefined },
  });
  const times = { since: Date.UTC(2026, 10, 20), until: Date.UTC(2026, 10, 20, 0, 0, 1), occurredSince: -1000 };
  assert.deepEqual(parsed.filter, { ...filters, ...times, from: 0, to: Number.MAX_SAFE_INTEGER });
});

test("a mistake is told with the parameter, what was expected and what came", () => {
  const cases: [Record<string, string>, string, RegExp][] = [
    [{ actoin: "a" }, "query_unknown_parameter", /^expected one of .*action.* as parameter, got "actoin"$/],
    [{ action: "" }, "query_invalid", /^expected a text that is not empty as action, got ""$/],
    [
      { action: "*" },
      "query_invalid",
      /\* only at the end, after one of \. : \/ \(as in k8s\.\*\) as action, got "\*"/,
    ],
    [{ action: "k8s*" }, "query_invalid", /as action, got "k8s\*"/],
    [
      { outcome: "fail" },
      "query_invalid",
      /^expected one of success, failure, denied, unknown as outcome, got "fail"$/,
    ],
    [{ since: "yesterday" }, "query_invalid", /^expected an RFC 3339 time such as .* as since, got "yesterday"$/],
    [{ since: "2026-11-31" }, "query_invalid", /as since/],
    [
      { since: "2026-11-20", until: "2026-11-19" },
      "query_invalid",
      /^expected a time before 2026-11-19T00:00:00\.000Z as since, got 2026-11-20T/,
    ],
    [{ occurredSince: "2026-11-20", occurredUntil: "2026-11-20" }, "query_invalid", /as occurredSince/],
    [{ from: "-1" }, "query_invalid", /^expected an integer in 0\.\.2\^53-1 as from, got "-1"$/],
    [{ to: "9007199254740992" }, "query_invalid", /as to/],
    [{ from: "5", to: "4" }, "query_invalid", /^expected at most 4 \(to\) as from, got 5$/],
    [{ limit: "0" }, "query_invalid", /^expected 1\.\.1000 as limit, got 0$/],
    [{ limit: "1001" }, "query_invalid", /as limit/],
    [{ limit: "1e2" }, "query_invalid", /as limit, got "1e2"/],
    [{ order: "newest" }, "query_invalid", /^expected asc or desc as order, got "newest"$/],
    [{ actor: "x".repeat(100), limit: "x".repeat(100) }, "query_invalid", /got "x{57}\.\.\."$/],
  ];
  for (const [params, code, message] of cases) {
    assert.throws(
      () => parseQuery(params),
      (error: QueryError) => error instanceof QueryError && error.code === code && message.test(error.message),
      JSON.stringify(params),
    );
  }
});

test("a parameter that is given twice is refused, whatever the door makes of it", () => {
  const params = { action: ["a", "b"] } as unknown as Record<string, string>;
  assert.throws(() => parseQuery(params), { code: "query_invalid", parameter: "action", got: "several" });
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
