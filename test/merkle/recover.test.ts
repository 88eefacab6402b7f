/** Public keys from signatures, against the whole of @noble/curves; and what is no signature. */

import assert from "node:assert/strict";
import test from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { fromHex, type Hex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { recoverPublicKey } from "../../src/merkle/recover.ts";

const { ORDER } = secp256k1.Point.Fn;
const SIGNATURES = 64;

test("the key that signed is found again, for odd and even points alike", () => {
  const seen = new Set<boolean>();
  for (let i = 0; i < SIGNATURES; i++) {
    const secret = keccak256(utf8(`secret ${i}`));
    const digest = i === 0 ? new Uint8Array(32).fill(0xff) : keccak256(utf8(`digest ${i}`));
    const signed = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
    const isOdd = signed[0] === 1;
    seen.add(isOdd);
    const key = recoverPublicKey(signed.subarray(1), isOdd, digest);
    assert.deepEqual(key, secp256k1.getPublicKey(secret, false), `signature ${i}`);
  }
  assert.deepEqual([...seen].sort(), [false, true]);
});

test("a signature that no key makes is refused", () => {
  // R = kG and digest = sk: the key would be the point at infinity.
  const k = 5n;
  const s = 9n;
  const { x, y } = secp256k1.Point.BASE.multiply(k).toAffine();
  const signature = fromHex(`0x${word(x)}${word(s)}` as Hex);
  assert.throws(() => recoverPublicKey(signature, y % 2n === 1n, fromHex(`0x${word(s * k)}` as Hex)), {
    message: "expected a signature of some key, got one that no key makes",
  });
});

test("numbers outside of their ranges, and an r that is of no point, are refused", () => {
  const { x } = secp256k1.Point.BASE.toAffine();
  const pairs = {
    "r of 0": [0n, 1n],
    "s of 0": [x, 0n],
    "r of the order": [ORDER, 1n],
    "s of the order": [x, ORDER],
    "high s": [x, ORDER / 2n + 1n],
    "r without a point": [5n, 1n],
  } as const;
  for (const [name, [r, s]] of Object.entries(pairs)) {
    const signature = fromHex(`0x${word(r)}${word(s)}` as Hex);
    assert.throws(() => recoverPublicKey(signature, false, new Uint8Array(32)), Error, name);
  }
  assert.doesNotThrow(() =>
    recoverPublicKey(fromHex(`0x${word(x)}${word(ORDER / 2n)}` as Hex), false, new Uint8Array(32)),
  );
});

function word(number: bigint): string {
  return number.toString(16).padStart(64, "0");
}
