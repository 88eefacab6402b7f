/** Keys that are found by bytes: what is given, to whom, and what goes. */

import assert from "node:assert/strict";
import test from "node:test";
import { KeyCache } from "../../src/encryption/key-cache.ts";
import { hex } from "../store/suite.ts";

const LEDGER = hex(1, 32);
const bytesOf = (i: number) => Buffer.from(`"actor":{"id":"u-${i}"}`);

function get<V>(cache: KeyCache<V>, bytes: Uint8Array, ledger = LEDGER): V | undefined {
  return cache.get(ledger, bytes, 0, bytes.length);
}

test("a key is given to the bytes that it was put under, wherever they stand, and to no others", () => {
  const cache = new KeyCache<number>(1000);
  const put = bytesOf(1);
  cache.set(LEDGER, put, 7);
  assert.equal(cache.get(LEDGER, Buffer.concat([bytesOf(0), bytesOf(1)]), bytesOf(0).length, 2 * put.length), 7);
  for (let length = 0; length < put.length; length++) assert.equal(get(cache, put.subarray(0, length)), undefined);
  for (let i = 0; i < 8 * put.length; i++) {
    const other = Uint8Array.from(put, (byte, at) => (at === i >> 3 ? byte ^ (1 << (i & 7)) : byte));
    assert.equal(get(cache, other), undefined);
  }
  assert.equal(get(cache, put, hex(2, 32)), undefined);
  put.fill(0);
  assert.equal(get(cache, bytesOf(1)), 7);
});

test("of many keys each is given to its own, also where two have one place", () => {
  const cache = new KeyCache<number>(400_000);
  for (let i = 0; i < 150_000; i++) cache.set(LEDGER, bytesOf(i), i);
  let missing = 0;
  for (let i = 0; i < 150_000; i++) {
    const found = get(cache, bytesOf(i));
    if (found === undefined) missing++;
    else assert.equal(found, i);
  }
  // About ten pairs of so many share one of 2^30 places.
  assert.ok(missing < 150, `${missing} missing`);
});

test("no more are kept than was said, and those that are used stay", () => {
  const cache = new KeyCache<number>(100);
  cache.set(LEDGER, bytesOf(0), 0);
  for (let i = 1; i < 1000; i++) {
    cache.set(LEDGER, bytesOf(i), i);
    assert.equal(get(cache, bytesOf(0)), 0);
  }
  const kept = Array.from({ length: 1000 }, (_, i) => i).filter((i) => get(cache, bytesOf(i)) !== undefined);
  assert.ok(kept.length >= 50 && kept.length <= 100, `${kept.length} kept`);
});

test("keys that are let go of are not given any more, whichever generation they are in", () => {
  const cache = new KeyCache<number>(100);
  for (let i = 0; i < 90; i++) cache.set(LEDGER, bytesOf(i), i);
  cache.deleteAll((value) => value % 2 === 0);
  for (let i = 0; i < 90; i++) assert.equal(get(cache, bytesOf(i)), i % 2 === 0 ? undefined : i);
});
