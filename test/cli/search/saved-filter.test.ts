/** `--saved` of `holdfast search` and `holdfast tail`: the filter of a saved search, and why one is not run. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { wholeFilter } from "../../../src/cli/search/saved-filter.ts";
import { DamagedRecords } from "../../http/damaged-records.ts";
import { ask, event, startService } from "../../http/service.ts";
import { makeFolder, runCli } from "../run-cli.ts";

test("a saved search is run with what narrows it, by search and by tail, and one that cannot be is told with its reason", async (t) => {
  const store = new DamagedRecords();
  const service = await startService({ store });
  t.after(() => service.close());
  const key = await service.key(["admin"], "tests");
  const keyFile = join(makeFolder(t), "key");
  writeFileSync(keyFile, key);
  const body = ["a", "b", "a", "a"].map((message) => event({ message }));
  assert.equal((await ask(service, "POST /v1/ledgers/main/events", { key, body })).status, 201);
  const put = (name: string, filter: string) =>
    ask(service, `PUT /v1/ledgers/main/searches/${name}`, { key, body: { filter } });
  for (const name of ["first", "lost"]) assert.equal((await put(name, "text=a&to=3")).status, 201);
  const { id } = service.ledgers.get("main")?.record ?? { id: "" };
  const old = { filter: "text=a&shade=dark", savedAt: 1, key: "0".repeat(16), source: "tests" };
  await store.writeRecords([{ space: `searches/${id}`, key: "old", value: JSON.stringify(old) }], { durable: true });
  store.damaged.add("lost");

  const flags = { url: service.url, keyFile, ledger: "main" };
  const of = (saved: string, own = {}) => wholeFilter({ ...flags, saved }, own);
  assert.deepEqual(await wholeFilter(flags, { text: "b" }), { text: "b" });
  assert.deepEqual(await of("first", { from: "1", to: "3" }), { text: "a", to: "3", from: "1" });
  const refused = [
    ["first", { to: "2" }, { code: "filter_twice", exitStatus: 2, message: /"first" has to=3 already/ }],
    ["none", {}, { code: "search_unknown", exitStatus: 1, message: /no saved search "none"; it has "first", "old"/ }],
    ["old", {}, { code: "search_not_understood", exitStatus: 1, message: /at \/shade, got "dark"/ }],
    ["lost", {}, { code: "search_damaged", exitStatus: 1, message: /"lost" cannot be read from the store/ }],
  ] as const;
  for (const [saved, own, error] of refused) await assert.rejects(of(saved, own), error);

  const run = (...args: string[]) => runCli([...args, "--url", service.url, "--key-file", keyFile]);
  const [found, tailed, unknown] = await Promise.all([
    run("search", "--saved", "first", "--count"),
    run("tail", "--saved", "first", "--from", "1", "--json"),
    run("tail", "--saved", "none"),
  ]);
  assert.deepEqual([found.status, found.stdout], [0, "2\n"]);
  assert.deepEqual([tailed.status, JSON.parse(tailed.stdout).index], [0, 2]);
  assert.deepEqual([unknown.status, unknown.stdout], [1, ""]);
  assert.match(unknown.stderr, /^holdfast: main has no saved search "none"/);
});
