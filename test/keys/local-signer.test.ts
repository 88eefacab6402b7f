import assert from "node:assert/strict";
import test from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { fastRecoverSigner, keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import { type Checkpoint, recoverSigner } from "../../src/merkle/checkpoint.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { ProofError } from "../../src/merkle/proof.ts";

const ORDER = secp256k1.Point.Fn.ORDER;
const checkpoint: Checkpoint = { ledgerId: `0x${"ab".repeat(32)}`, size: 7, root: `0x${"cd".repeat(32)}`, signedAt: 1 };

test("the fast hash has the values of the portable one, at every length around its block of 136 bytes", async () => {
  const fast = await fastKeccak256();
  for (let length = 0; length < 300; length++) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    assert.deepEqual(fast(data), keccak256(data));
  }
  const first = fast(new Uint8Array(1));
  const copy = first.slice();
  fast(new Uint8Array(2));
  assert.deepEqual(first, copy, "a digest is not overwritten by the next");
});

test("a signature recovers to the signer's address, by the fast code and by the portable code", async () => {
  for (let seed = 1; seed < 40; seed++) {
    const signer = keySigner(new Uint8Array(32).fill(seed));
    const signed = { ...checkpoint, size: seed, signature: await signer.sign({ ...checkpoint, size: seed }) };
    assert.equal(recoverSigner(signed), signer.address);
    assert.equal(fastRecoverSigner(signed), signer.address);
    assert.notEqual(fastRecoverSigner({ ...signed, signedAt: 2 }), signer.address);
  }
});

test("signing the same checkpoint twice gives the same signature", async () => {
  const signer = keySigner(new Uint8Array(32).fill(9));
  assert.equal(await signer.sign(checkpoint), await signer.sign(checkpoint));
});

test("the address of a key is the one everybody knows", () => {
  const known = keySigner("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
  assert.equal(known.address, "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
});

test("signatures that are not canonical are refused by the fast code like by the portable one", async () => {
  const signature = fromHex(await keySigner(new Uint8Array(32).fill(3)).sign(checkpoint), 65);
  const r = signature.subarray(0, 32);
  const s = BigInt(toHex(signature.subarray(32, 64)));
  const high = fromHex(`0x${(ORDER - s).toString(16).padStart(64, "0")}`, 32);
  const v = signature[64] as number;
  const zero = new Uint8Array(32);
  const wrong: Record<string, Hex> = {
    "high s": toHex(Uint8Array.of(...r, ...high, 55 - v)),
    "v 0": toHex(Uint8Array.of(...signature.subarray(0, 64), v - 27)),
    "v 29": toHex(Uint8Array.of(...signature.subarray(0, 64), 29)),
    "r zero": toHex(Uint8Array.of(...zero, ...signature.subarray(32))),
    "s zero": toHex(Uint8Array.of(...r, ...zero, v)),
    "r beyond the order": toHex(Uint8Array.of(...fromHex(`0x${"ff".repeat(32)}`), ...signature.subarray(32))),
    "64 bytes": toHex(signature.subarray(0, 64)),
    "66 bytes": toHex(Uint8Array.of(...signature, 0)),
  };
  for (const [what, hex] of Object.entries(wrong)) {
    assert.throws(() => fastRecoverSigner({ ...checkpoint, signature: hex }), ProofError, what);
    assert.throws(() => recoverSigner({ ...checkpoint, signature: hex }), ProofError, what);
  }
});

test("what is no private key is refused without being shown", () => {
  const order = `0x${ORDER.toString(16)}` as Hex;
  for (const key of [new Uint8Array(32), new Uint8Array(31).fill(1), order]) {
    assert.throws(
      () => keySigner(key),
      (error: unknown) => error instanceof RangeError && !error.message.includes(order.slice(2)),
    );
  }
});
