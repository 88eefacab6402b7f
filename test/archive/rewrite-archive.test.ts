/** Archives that are written again with less in them: they verify as they did, and differ in what went alone. */

import assert from "node:assert/strict";
import test from "node:test";
import { bodiesOf, type Lessen, rewriteArchive } from "../../src/archive/erasing/rewrite-archive.ts";
import { rangeInName } from "../../src/archive/keep-archive.ts";
import { withholdWhere } from "../../src/entry/redact.ts";
import { hash } from "../ledger/fixtures.ts";
import { archiveOf, bytesOf, check, framesOf, sourceOf } from "./fixtures.ts";

const ODD: Lessen = async (index, entry) => (index % 2 === 1 ? withholdWhere(hash, entry, () => true) : undefined);

async function rewrite(bytes: Uint8Array, lessen: Lessen): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of rewriteArchive(bytesOf(bytes), lessen)) pieces.push(piece);
  return Buffer.concat(pieces);
}

for (const version of [1, 2]) {
  test(`an archive of version ${version} with less in it proves what it proved`, async () => {
    const source = await sourceOf(40, 30, 30);
    const isWanted = (index: number) => version === 1 || index % 3 !== 0;
    const before = await archiveOf(source, { from: 7, to: 90, isWanted });
    const after = await rewrite(before, ODD);
    const was = await check(before);
    const is = await check(after);
    assert.equal(is.cell.name, was.cell.name, is.summary);
    assert.notEqual(is.archive?.digest, was.archive?.digest);
    assert.deepEqual(is.archive?.range, was.archive?.range);
    const kinds = async (bytes: Uint8Array) => (await framesOf(bytes)).map(({ kind }) => kind);
    assert.deepEqual(await kinds(after), await kinds(before));
    const { id } = source.ledger.record;
    const left = new Map<number, readonly object[]>();
    for await (const { index, entry } of bodiesOf(bytesOf(after), id)) left.set(index, entry.members);
    let count = 0;
    for await (const { index, entry } of bodiesOf(bytesOf(before), id)) {
      count++;
      const withheld = left.get(index)?.filter((member) => "digest" in member).length;
      assert.equal(withheld, index % 2 === 0 ? 0 : entry.members.length, String(index));
      if (index % 2 === 0) assert.deepEqual(left.get(index), entry.members);
    }
    assert.equal(left.size, count);
  });
}

test("an archive of which nothing goes is the same archive", async () => {
  const source = await sourceOf(20);
  const before = await archiveOf(source, { from: 0, to: 20 });
  const same = await rewrite(before, async () => undefined);
  assert.equal((await check(same)).archive?.digest, (await check(before)).archive?.digest);
});

test("what is damaged is not written again", async () => {
  const source = await sourceOf(20);
  const bytes = await archiveOf(source, { from: 0, to: 20 });
  bytes[bytes.length - 60] = (bytes[bytes.length - 60] as number) ^ 1;
  await assert.rejects(
    rewrite(bytes, async () => undefined),
    { name: "ArchiveError" },
  );
});

test("a name says the ledger and the range, and a name that somebody gave says nothing", () => {
  const id = `0x1f0c9a3e${"0".repeat(56)}` as const;
  assert.deepEqual(rangeInName("main.1f0c9a3e.0-99.5b7f0d1c2e3a4b69.hfa", id), [0, 100]);
  assert.deepEqual(rangeInName("main.1f0c9a3e.7-7.5b7f0d1c2e3a4b69.0a1b2c3d.hfa.age", id), [7, 8]);
  assert.equal(rangeInName("main.2f0c9a3e.0-99.5b7f0d1c2e3a4b69.hfa", id), "another");
  assert.equal(rangeInName("ours.hfa", id), undefined);
});
