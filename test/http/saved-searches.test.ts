/** Saved searches over the API: who may save, replace and remove, what is refused, and what is said of old ones. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { DamagedRecords } from "./damaged-records.ts";
import { ask, codeOf, type Running, startService } from "./service.ts";

const store = new DamagedRecords();
let service: Running;
let admin: string;
let ada: string;
let ben: string;

before(async () => {
  service = await startService({ store });
  admin = await service.key(["admin"], "admin");
  ada = await service.key(["reader"], "ada");
  ben = await service.key(["auditor"], "ben");
});
after(() => service.close());

const pathOf = (name: string, ledger: string) => `/v1/ledgers/${ledger}/searches/${encodeURIComponent(name)}`;
const put = (key: string, name: string, filter: unknown, ledger = "main") =>
  ask(service, `PUT ${pathOf(name, ledger)}`, { key, body: { filter } });
const remove = (key: string, name: string, ledger = "main") => ask(service, `DELETE ${pathOf(name, ledger)}`, { key });
const list = async (ledger = "main") => {
  const answer = await ask(service, `GET /v1/ledgers/${ledger}/searches`, { key: ben });
  return answer.as("SavedSearches");
};

test("whoever may read saves a search, and everybody who reads the ledger sees it, with who saved it", async () => {
  const made = await put(ada, "Löschungen, abgelehnt", "action=user.*&outcome=denied&since=2026-01-01T00:00:00Z");
  assert.equal(made.status, 201, made.text);
  const { searches, damaged } = await list();
  assert.deepEqual(searches, [made.as("SavedSearch")]);
  const [{ name, filter, source, problems } = { name: "" }] = searches;
  assert.deepEqual(
    [name, filter, source, problems, damaged],
    ["Löschungen, abgelehnt", "action=user.*&outcome=denied&since=2026-01-01T00:00:00Z", "ada", undefined, []],
  );
  const writer = await service.key(["writer"], "writer");
  assert.equal(codeOf(await put(writer, "x", "action=a")), "403 role_insufficient");
  const elsewhere = await service.key(["reader"], "elsewhere", ["other"]);
  assert.equal(codeOf(await put(elsewhere, "x", "action=a")), "403 ledger_forbidden");
});

test("a search is replaced and removed by keys of its own source and by administrators, and by nobody else", async () => {
  assert.equal((await put(ada, "mine", "action=a")).status, 201);
  assert.equal(codeOf(await put(ben, "mine", "action=b")), "403 search_forbidden");
  assert.equal(codeOf(await remove(ben, "mine")), "403 search_forbidden");
  const sister = await service.key(["reader"], "ada");
  assert.equal((await put(sister, "mine", "action=c")).as("SavedSearch").filter, "action=c");
  assert.equal((await remove(admin, "mine")).status, 204);
  assert.equal(codeOf(await remove(admin, "mine")), "404 search_unknown");
  assert.equal((await put(ben, "mine", "action=d")).status, 201);
  assert.equal((await put(admin, "mine", "action=e")).status, 200);
  assert.equal((await list()).searches.find(({ name }) => name === "mine")?.source, "admin");
});

test("what no search would take is not saved, and names that a path cannot hold are refused", async () => {
  const wrong: readonly (readonly [filter: unknown, path: string])[] = [
    ["colour=red", "/filter/colour"],
    ["limit=5", "/filter/limit"],
    ["outcome=perhaps", "/filter/outcome"],
    ["since=yesterday", "/filter/since"],
    ["action=a,b", "/filter/action"],
    [`text=${"x".repeat(257)}`, "/filter/text"],
    ["action=a&action=b", "/filter/action"],
    ["&", "/filter"],
    ["", "/filter"],
    [`actor=${"ä".repeat(600)}`, "/filter"],
    [5, "/filter"],
  ];
  for (const [filter, path] of wrong) {
    const answer = await put(ada, "wrong", filter);
    assert.equal(codeOf(answer), "400 request_invalid", String(filter));
    const { errors } = JSON.parse(answer.text) as { errors: { path: string }[] };
    assert.equal(errors[0]?.path, path, answer.text);
  }
  for (const name of ["a/b", " a", "a ", ".a", "a\u202eb", "a\n", "x".repeat(65), "a\\b"]) {
    assert.equal(codeOf(await put(ada, name, "action=a")), "400 parameter_invalid", JSON.stringify(name));
  }
  assert.equal(
    (await list()).searches.some(({ name }) => name === "wrong"),
    false,
  );
});

test("of a search that another version saved it is said what is not understood of it", async () => {
  await service.ledgers.create({ name: "old" });
  const { id } = service.ledgers.get("old")?.record ?? { id: "0x" };
  const saved = { filter: "action=a&shade=dark", savedAt: 1, key: "0".repeat(16), source: "ada" };
  const write = { space: `searches/${id}`, key: "old", value: JSON.stringify(saved) };
  await service.store.writeRecords([write], { durable: true });
  const [{ problems = [] } = {}] = (await list("old")).searches;
  assert.deepEqual(
    problems.map(({ path, got }) => [path, got]),
    [["/shade", '"dark"']],
  );
  assert.equal((await put(ada, "old", "action=a", "old")).status, 200);
  assert.equal((await list("old")).searches[0]?.problems, undefined);
});

test("a ledger has a hundred of them at most, two at once count, and each ledger has its own", async () => {
  await service.ledgers.create({ name: "full" });
  const answers = await Promise.all(Array.from({ length: 103 }, (_, i) => put(ada, `search ${i}`, "action=a", "full")));
  const codes = answers.map(codeOf).sort();
  assert.deepEqual(
    [codes.filter((code) => code === "409 searches_max").length, (await list("full")).searches.length],
    [3, 100],
  );
  const kept = (await list("full")).searches[0]?.name as string;
  assert.equal((await put(ada, kept, "action=b", "full")).status, 200);
  assert.equal((await remove(ada, kept, "full")).status, 204);
  assert.equal((await put(ada, "one more", "action=b", "full")).status, 201);
  assert.ok((await list()).searches.length < 100);
});

test("one that the store cannot read is named beside the others, counts, and is an administrator's to replace or remove", async () => {
  for (const name of ["gone", "lost"]) assert.equal((await put(ada, name, "action=a")).status, 201);
  const others = (await list()).searches.filter(({ name }) => name !== "gone" && name !== "lost");
  for (const name of ["gone", "lost"]) store.damaged.add(name);
  const { searches, damaged } = await list();
  assert.deepEqual([searches, damaged], [others, ["gone", "lost"]]);
  for (const refused of [await put(ada, "lost", "action=b"), await remove(ada, "lost")]) {
    assert.equal(codeOf(refused), "403 search_forbidden");
    assert.match(refused.text, /a source that cannot be told/);
  }
  assert.equal((await put(admin, "lost", "action=c")).status, 200);
  assert.equal((await remove(admin, "gone")).status, 204);
  const after = await list();
  assert.deepEqual(after.damaged, []);
  assert.equal(after.searches.find(({ name }) => name === "lost")?.filter, "action=c");
});

test("while the disk is full nothing of a saved search changes and it is said; afterwards the same requests pass", async () => {
  assert.equal((await put(ada, "kept", "action=a")).status, 201);
  const before = await list();
  store.isFull = true;
  for (const refused of [
    await put(ada, "kept", "action=b"),
    await put(ada, "new", "action=b"),
    await remove(ada, "kept"),
  ]) {
    assert.equal(codeOf(refused), "503 store_unavailable");
    assert.notEqual(refused.headers.get("retry-after"), null);
  }
  assert.deepEqual(await list(), before);
  store.isFull = false;
  assert.equal((await put(ada, "kept", "action=b")).status, 200);
  assert.equal((await remove(ada, "kept")).status, 204);
});

test("saved searches are there after a restart", async () => {
  const before = (await list()).searches;
  assert.ok(before.length > 0);
  const next = await startService({ store: service.store });
  const answer = await ask(next, "GET /v1/ledgers/main/searches", { key: ada });
  assert.deepEqual(answer.as("SavedSearches").searches, before);
  await next.close();
});
