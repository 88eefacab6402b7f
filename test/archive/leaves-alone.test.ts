/** Archives over entries that are pruned, erased in part or not wanted: they prove and restore the same root, and say what is not in them. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { decodeEntries, encodeEntries } from "../../src/archive/format/entry-records.ts";
import { restoreArchives } from "../../src/archive/restore.ts";
import { auditLedger } from "../../src/audit/audit.ts";
import { memberDigest } from "../../src/entry/entry.ts";
import { packMembers } from "../../src/entry/packed.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { hash, record } from "../ledger/fixtures.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { archiveOf, bytesOf, check, failedAt, forge, framesOf, makeFolder, sourceOf } from "./fixtures.ts";

const source = await sourceOf(300, 20, 14);
const SIZE = 334;
const PRUNED = [0, 7, 299, 333];
const ERASED = [3, 320];
const { ledger, store } = source;
const root = toHex(await ledger.root(SIZE));
for (const index of PRUNED) {
  const { recordedAt = 0 } = (await ledger.entry(index)) ?? {};
  const pruned = { leafHash: (await ledger.leafHash(index)).slice(), archive: "an-older-one.hfa" };
  await store.replaceEntries(record.id, [{ index, entry: { recordedAt, members: new Uint8Array(0), pruned } }], []);
}
for (const index of ERASED) {
  const { recordedAt = 0, members = [] } = (await ledger.entry(index)) ?? {};
  const left = packMembers(members.map((member) => ({ digest: memberDigest(hash, member) })));
  await store.replaceEntries(record.id, [{ index, entry: { recordedAt, members: left } }], []);
}

test("an archive over pruned and erased entries verifies, says how many they are, and restores to the same root", async () => {
  const bytes = await archiveOf(source, { from: 0, to: SIZE });
  assert.equal(bytes[7], 2);
  const { cell, summary, archive } = await check(bytes);
  assert.equal(cell.name, "signed");
  assert.equal(archive?.entries, SIZE);
  const shown = await check(bytes, { expected: {} });
  assert.match(shown.steps.map(({ detail }) => detail).join(), /2 withheld; of 4 entries nothing but the leaf hash/);
  assert.ok(!/FAILED/.test(summary));
  const into = new MemoryStore();
  const restored = await restoreArchives(into, [{ name: "all", read: () => bytesOf(bytes) }], { hash });
  assert.deepEqual([restored.size, restored.root], [SIZE, root]);
  const report = await auditLedger({ store: into, record, hash, remembered: [] });
  assert.deepEqual(
    report.findings.filter(({ kind }) => !kind.startsWith("claim")),
    [],
  );
});

test("what is not wanted is in an archive by its leaf hash alone, and nothing of its members", async () => {
  const bytes = await archiveOf(source, { from: 5, to: 40, codec: "none", isWanted: (index) => index % 2 === 1 });
  assert.equal((await check(bytes)).cell.name, "signed");
  const texts = bytes.toString("latin1");
  for (let i = 5; i < 40; i++) {
    const { members } = (await ledger.entry(i)) ?? { members: [] };
    for (const member of members) {
      if ("text" in member)
        assert.equal(texts.includes(Buffer.from(member.text).toString("latin1")), i % 2 === 1, `${i}`);
    }
  }
});

test("an archive of entries that are all there is of version 1, as before", async () => {
  assert.equal((await archiveOf(source, { from: 8, to: 40, isWanted: () => true }))[7], 1);
});

test("a leaf hash that was changed leads to another root, and version 1 knows none", async () => {
  const frames = await framesOf(await archiveOf(source, { from: 0, to: SIZE }));
  const changed = frames.map((frame) => {
    if (frame.kind !== "E") return frame;
    const held = decodeEntries(frame.plain, 2);
    const entries = held.entries.map((entry) => {
      return entry.pruned === undefined ? entry : { ...entry, pruned: { leafHash: new Uint8Array(32) } };
    });
    return { ...frame, plain: encodeEntries({ ...held, entries }) };
  });
  assert.match(failedAt(await check(forge(changed, 2))), /^path: /);
  assert.equal((await check(forge(frames, 2))).cell.name, "signed");
  assert.match(failedAt(await check(forge(frames, 1))), /^archive: .*expected the format holdfast\/archive@1/);
});

const SCRIPT = join(import.meta.dirname, "read_archive.py");
const isThere = spawnSync("python3", ["--version"]).status === 0;

test("a reader in Python that was written by docs/archive.md comes to the same root over them", {
  skip: isThere ? false : "NOT TRIED: python3 is not installed",
}, async (t) => {
  const path = join(makeFolder(t), "pruned.hfa");
  writeFileSync(path, await archiveOf(source, { from: 0, to: SIZE, codec: "deflate" }));
  const { status, stdout, stderr } = spawnSync("python3", [SCRIPT, path], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const read = JSON.parse(stdout);
  assert.equal(read.root, root);
  assert.deepEqual(
    read.texts.flatMap((text: unknown, i: number) => (text === null ? [i] : [])),
    [...PRUNED, ...ERASED].sort((a, b) => a - b),
  );
});
