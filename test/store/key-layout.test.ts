import assert from "node:assert/strict";
import test from "node:test";
import * as keys from "../../src/store/key-layout.ts";

function sorted(list: readonly Uint8Array[]): boolean {
  return list.every((key, i) => i === 0 || Buffer.compare(list[i - 1] as Uint8Array, key) < 0);
}

test("keys sort by ledger, then by number", () => {
  const numbers = [0, 1, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  const ledgers = [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1];
  assert.ok(sorted(ledgers.flatMap((ledger) => numbers.map((index) => keys.entryKey(ledger, index)))));
  assert.ok(sorted(ledgers.flatMap((ledger) => numbers.map((size) => keys.checkpointKey(ledger, size)))));
  for (const index of numbers) assert.equal(keys.numberOf(keys.entryKey(7, index)), index);
  for (const ledger of ledgers) assert.equal(keys.ledgerNumberOf(keys.ledgerKey(ledger)), ledger);
});

test("keys of different kinds, spaces and levels never meet", () => {
  const claimed = new Uint8Array(32);
  const all = [
    keys.formKey,
    keys.ledgerKey(0),
    keys.entryKey(0, 0),
    keys.checkpointKey(0, 0),
    keys.tileKey(0, 0, 0),
    keys.tileKey(0, 0, 1),
    keys.tileKey(0, 1, 0),
    keys.claimKey(0, claimed),
    keys.recordKey("a", ""),
    keys.recordKey("a", "b"),
    keys.recordSpaceEnd("a"),
    keys.recordKey("a\u0001", ""),
    keys.recordKey("ab", ""),
  ].map((key) => Buffer.from(key).toString("hex"));
  assert.equal(new Set(all).size, all.length);
  assert.equal(Buffer.from(keys.keyInSpace("é", keys.recordKey("é", "ü"))).toString(), "ü");
});

test("an entry's key takes 13 bytes", () => {
  assert.equal(keys.entryKey(1, 1_000_000).length, 13);
});

test("numbers out of range and spaces with a zero are refused", () => {
  assert.throws(() => keys.entryKey(2 ** 32, 0), RangeError);
  assert.throws(() => keys.entryKey(-1, 0), RangeError);
  assert.throws(() => keys.entryKey(0, -1), RangeError);
  assert.throws(() => keys.recordKey("a\0", "b"), RangeError);
});
