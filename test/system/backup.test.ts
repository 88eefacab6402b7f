/** A backup of a service that records, as an operator makes and restores it: whole, without its keys, and never to be signed with beside the other. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import test from "node:test";
import { openWithKeys } from "../../src/cli/terminal/store-keys.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { runCli } from "../cli/run-cli.ts";
import { event, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const config = { embeddedIntervalS: 0.5 };

type Drill = {
  readonly isWhole: boolean;
  readonly ledgers: readonly {
    readonly size: number;
    readonly behind: number;
    readonly findings: readonly unknown[];
  }[];
};

test("a service is backed up while events arrive, drilled, restored, and never signs twice at an index", async (t) => {
  const world = new World(t);
  const service = await world.start({ config });
  const { data } = service;
  const [to, keysTo, into] = ["backup", "backup-keys", "restored"].map((name) => world.path(name)) as [
    string,
    string,
    string,
  ];
  let acknowledged = 0;
  let isEnding = false;
  const sending = (async () => {
    for (; !isEnding; acknowledged += 5) {
      const events = Array.from({ length: 5 }, (_, i) =>
        event(`id ${acknowledged + i}`, { tenant: `t${i}`, message: "in confidence" }),
      );
      await service.json(201, EVENTS, events);
    }
  })();
  while (acknowledged < 50) await new Promise((resolve) => setTimeout(resolve, 20));
  const before = acknowledged;
  const backedUp = await runCli(["backup", "--data", data, "--to", to, "--keys-to", keysTo, "--json"]);
  isEnding = true;
  await sending;
  assert.equal(backedUp.status, 0, backedUp.stderr);
  const { point, ledgers } = JSON.parse(backedUp.stdout) as { point: string; ledgers: { size: number }[] };
  const size = ledgers[0]?.size ?? 0;
  assert.ok(size >= before && size <= acknowledged, `${before} ≤ ${size} ≤ ${acknowledged}`);
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith("backup-scratch")),
    [],
  );

  const digests = new Set(globSync(join(to, "files", "*", "*")).map((path) => basename(path)));
  const keyFiles = globSync(join(data, "keys", "*"));
  assert.ok(keyFiles.length > 0);
  for (const file of keyFiles)
    assert.ok(
      !digests.has(createHash("sha256").update(readFileSync(file)).digest("hex")),
      `${file} is in the backup of data`,
    );

  const marks = join(data, "marks");
  const from = ["restore", "--from", to, "--point", point];
  const withKeys = [...from, "--keys-from", keysTo];
  const drilled = await runCli([
    ...withKeys,
    "--drill",
    "--marks",
    marks,
    "--rpc",
    service.node,
    "--scratch",
    world.path("drills"),
    "--json",
  ]);
  assert.equal(drilled.status, 0, drilled.stderr + drilled.stdout);
  const drill = JSON.parse(drilled.stdout) as Drill;
  assert.deepEqual([drill.isWhole, drill.ledgers[0]?.size, drill.ledgers[0]?.findings], [true, size, []]);
  assert.deepEqual(readdirSync(world.path("drills")), [], "nothing stays of a drill");

  const { key } = await service.json<{ key: string }>(201, "POST /v1/keys", { source: "dpo", roles: ["privacy"] });
  const as = { Authorization: `Bearer ${key}` };
  const wish = { indexes: "3", members: ["message"], reason: "case 7" };
  const { id } = await service.json<{ id: string }>(202, "POST /v1/ledgers/main/erasures", wish, as);
  await waitFor("what was erased to be off the disk", async () => {
    const { step } = await service.json<{ step: string }>(200, `GET /v1/ledgers/main/erasures/${id}`, undefined, as);
    return step === "done";
  });
  const { size: end } = await service.json<{ size: number }>(200, "GET /v1/ledgers/main");
  await service.stop();
  const last = await runCli(["backup", "--data", data, "--to", to, "--keys-to", keysTo]);
  assert.equal(last.status, 0, last.stderr);

  const keyless = await runCli([...from, "--data", into]);
  assert.deepEqual([keyless.status, /give --keys-from/.test(keyless.stderr)], [2, true], keyless.stderr);
  const restored = await runCli([...withKeys, "--data", into, "--json"]);
  assert.equal(restored.status, 0, restored.stderr);
  assert.equal((JSON.parse(restored.stdout) as { erased: number }).erased, 1);
  assert.deepEqual(readdirSync(into).sort(), ["admin.key", "keyring", "keys", "store"], "no marks");
  const { store, close } = await openWithKeys(join(into, "store"), { keys: into, hash: keccak256 });
  const [ledger] = await store.ledgers();
  const shown = [3, 4].map(async (index) => JSON.stringify(await store.entry(ledger?.id as Hex, index)));
  const [erased, other] = await Promise.all(shown);
  await close();
  assert.doesNotMatch(erased as string, /in confidence/);
  assert.match(other as string, /in confidence/);

  const marked = await runCli([...withKeys, "--data", world.path("marked"), "--marks", marks]);
  assert.equal(marked.status, 0, marked.stderr);
  const older = await world.refused({ config, data: "marked" });
  assert.match(older.stdout, /"store_older"/);

  // Of a service that was stopped, nothing was signed after it: then a start goes on.
  const newest = ["restore", "--from", to, "--keys-from", keysTo];
  assert.equal((await runCli([...newest, "--data", world.path("newest"), "--marks", marks])).status, 0);
  const again = await world.start({ config, data: "newest" });
  const answer = await again.json<{ entry: { index: number } }>(201, EVENTS, event("after it"));
  assert.ok(answer.entry.index >= end, `${answer.entry.index} is behind ${end}`);
});

test("a backup is never in the data folder, nor its keys in it", async (t) => {
  const world = new World(t);
  const store = join(world.folder, "data", "store");
  for (const [to, keysTo] of [
    ["data/backup", "keys"],
    ["backup", "backup/keys"],
  ]) {
    mkdirSync(store, { recursive: true });
    writeFileSync(join(store, "CURRENT"), "");
    const flags = ["--data", "data", "--to", to as string, "--keys-to", keysTo as string];
    const { status, stderr } = await runCli(["backup", ...flags], { cwd: world.folder });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /apart from/);
  }
});
