/** Marks: a store that is older than what its ledger signed is recognised, and a mark that is lost is never taken for none. */

import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { MarkFolder } from "../../../src/ledger/marks/folder.ts";
import { MarkLostError, StoreOlderError } from "../../../src/ledger/marks/mark.ts";
import { renewMarks } from "../../../src/ledger/marks/renew.ts";
import { hash, many, openLedger, otherSigner, record, signer, storeWithLedger } from "../fixtures.ts";
import { grow, markOf, openMarks, temporary } from "./marked.ts";

test("a ledger as long as its mark, or longer, is followed", async (t) => {
  const directory = temporary(t);
  const first = await openMarks(directory);
  const ledger = await grow(first.marks, [3, 4]);
  await first.marks.close();
  assert.equal(markOf(directory).size, 7);
  const again = await openMarks(directory);
  await again.marks.follow(ledger);
  await ledger.append({ entries: many(2, "more"), source: "test" });
  await again.marks.close();
  assert.equal(markOf(directory).size, 9);
});

test("a shorter ledger is refused, and so is another one of the same length", async (t) => {
  const directory = temporary(t);
  const { marks } = await openMarks(directory);
  await grow(marks, [3, 4]);
  await marks.close();
  const against = await openMarks(directory);
  await assert.rejects(grow(against.marks, []), (error: unknown) => {
    assert.ok(error instanceof StoreOlderError);
    assert.match(error.message, /at least the 7 entries that were signed, got 0/);
    return true;
  });
  const other = await openLedger(await storeWithLedger());
  await other.append({ entries: many(8, "another"), source: "test" });
  await assert.rejects(against.marks.follow(other), /expected the root 0x\w+ that was signed for size 7/);
  await against.marks.close();
});

test("a ledger has a mark before it has an entry, so that one without was robbed of it and is refused", async (t) => {
  const directory = temporary(t);
  const { marks } = await openMarks(directory);
  const store = await storeWithLedger();
  const sizes: number[] = [];
  const commit = store.commit.bind(store);
  store.commit = async (...args) => {
    sizes.push(markOf(directory).size);
    return commit(...args);
  };
  const ledger = await openLedger(store, { admit: (id) => marks.admit(id) });
  await marks.follow(ledger);
  await ledger.append({ entries: many(1), source: "test" });
  assert.deepEqual(sizes, [0], "no mark was there when the first entry was recorded");
  await marks.close();
  rmSync(directory, { recursive: true });
  const again = await openMarks(directory);
  await assert.rejects(again.marks.follow(ledger), (error: unknown) => {
    assert.ok(error instanceof MarkLostError);
    assert.equal(error.code, "marks_missing");
    assert.match(error.message, /got none although the store has 1 entries; bring .* back.*holdfast marks renew/);
    return true;
  });
  await again.marks.close();
});

test("a mark in which anything was changed is damaged, whatever it was changed to", async (t) => {
  const directory = temporary(t);
  const { marks } = await openMarks(directory);
  const ledger = await grow(marks, [3]);
  await marks.close();
  const [file] = readdirSync(directory) as [string];
  const whole = readFileSync(join(directory, file), "utf8");
  const good = JSON.parse(whole) as { ledgerId: string; root: string; signature: string };
  const stranger = {
    ...good,
    signature: await otherSigner.sign({ ...good, size: 3, signedAt: 1 } as never),
    signedAt: 1,
  };
  const texts = [
    "",
    '{"size":',
    "null",
    "[]",
    '{"size":-1}',
    whole.replace('"size":3', '"size":2'),
    JSON.stringify(stranger),
  ];
  const digits = Array.from(good.root.slice(2), (_, i) => i + whole.indexOf(good.root) + 2);
  for (const at of [
    ...digits,
    ...digits.map((each) => each + whole.indexOf(good.signature) - whole.indexOf(good.root)),
  ]) {
    texts.push(whole.slice(0, at) + (whole[at] === "3" ? "4" : "3") + whole.slice(at + 1));
  }
  texts.push(
    JSON.stringify({ ledgerId: good.ledgerId, size: 0, root: good.root }),
    whole.replace(good.ledgerId, good.root),
  );
  const again = await openMarks(directory);
  for (const text of texts) {
    writeFileSync(join(directory, file), text);
    await assert.rejects(again.marks.follow(ledger), { code: "marks_damaged" }, text);
  }
  writeFileSync(join(directory, file), whole);
  await again.marks.follow(ledger);
  await again.marks.close();
});

test("what a former signer marked is believed, as what it signed is", async (t) => {
  const directory = temporary(t);
  const { marks } = await openMarks(directory);
  const ledger = await grow(marks, [3]);
  await marks.close();
  await ledger.rotateSigner(otherSigner);
  assert.deepEqual(ledger.record.formerSigners, [signer.address]);
  const again = await openMarks(directory);
  await again.marks.follow(ledger);
  await again.marks.close();
});

test("marks that are gone or damaged are made anew on demand, and a mark that can be read never is", async (t) => {
  const directory = temporary(t);
  const store = await storeWithLedger();
  const { marks } = await openMarks(directory);
  const ledger = await openLedger(store);
  await marks.follow(ledger);
  await ledger.append({ entries: many(3), source: "test" });
  await marks.close();
  const file = join(directory, `${record.id}.json`);
  const renew = async () => {
    const folder = await MarkFolder.open(directory);
    return renewMarks(store, folder, hash).finally(() => folder.close());
  };
  assert.deepEqual(await renew(), [{ name: "main", size: 3, what: "kept" }]);
  rmSync(directory, { recursive: true });
  assert.deepEqual(await renew(), [{ name: "main", size: 3, what: "made" }]);
  const whole = readFileSync(file, "utf8");
  writeFileSync(file, whole.replace('"size":3', '"size":4'));
  assert.deepEqual(await renew(), [{ name: "main", size: 3, what: "replaced" }]);
  assert.equal(readFileSync(file, "utf8"), whole);
  assert.ok(existsSync(`${file}.damaged`));
  // A mark that is ahead of the store says that the store is not the newest copy: nothing overrules it.
  const ahead = temporary(t);
  const other = await openMarks(ahead);
  await grow(other.marks, [5], "other");
  await other.marks.close();
  cpSync(join(ahead, `${record.id}.json`), file);
  await assert.rejects(renew(), { code: "store_older" });
});
