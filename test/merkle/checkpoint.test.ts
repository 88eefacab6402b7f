/** Checkpoints as EIP-712 typed data, against ethers; and which spellings of a signature are read. */

import assert from "node:assert/strict";
import test from "node:test";
import { AbiCoder, id, keccak256, Signature, TypedDataEncoder, Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import {
  CHECKPOINT_TYPE,
  type Checkpoint,
  checkpointDigest,
  deriveLedgerId,
  labelOf,
  recoverSigner,
} from "../../src/merkle/checkpoint.ts";
import { sha256 } from "../../src/merkle/hash.ts";
import { ProofError } from "../../src/merkle/proof.ts";

const DOMAIN = { name: "Holdfast", version: "1" };
const TYPES = {
  Checkpoint: [
    { name: "ledgerId", type: "bytes32" },
    { name: "size", type: "uint64" },
    { name: "root", type: "bytes32" },
    { name: "signedAt", type: "uint64" },
  ],
};
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SIZES = [1, 2, 255, 65_536, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER];

const checkpoint: Checkpoint = {
  ledgerId: id("a ledger") as Hex,
  size: 3,
  root: id("a root") as Hex,
  signedAt: 1_790_000_000,
};
/** A key for tests only. */
const wallet = new Wallet(id("a key"));
const signature = (await wallet.signTypedData(DOMAIN, TYPES, checkpoint)) as Hex;

test("the type and the digest of a checkpoint are those of ethers, without a chain id", () => {
  assert.equal(CHECKPOINT_TYPE, TypedDataEncoder.from(TYPES).encodeType("Checkpoint"));
  for (const size of SIZES) {
    const statement = { ...checkpoint, size, signedAt: size - 1, root: id(`root ${size}`) as Hex };
    assert.equal(toHex(checkpointDigest(statement)), TypedDataEncoder.hash(DOMAIN, TYPES, statement));
  }
});

test("the signer of a wallet's signature is found again", async () => {
  for (const size of SIZES) {
    const statement = { ...checkpoint, size };
    const signed = (await wallet.signTypedData(DOMAIN, TYPES, statement)) as Hex;
    assert.equal(recoverSigner({ ...statement, signature: signed }), wallet.address.toLowerCase());
  }
});

test("a signature under another statement names another signer", () => {
  for (const other of [{ size: 4 }, { signedAt: 1 }, { root: checkpoint.ledgerId }, { ledgerId: checkpoint.root }]) {
    assert.notEqual(recoverSigner({ ...checkpoint, ...other, signature }), wallet.address.toLowerCase());
  }
});

test("the same signature with a high s is refused, though a wallet would read it", () => {
  const { r, s, yParity } = Signature.from(signature);
  const high = `0x${(ORDER - BigInt(s)).toString(16).padStart(64, "0")}`;
  const flipped = `${r}${high.slice(2)}${yParity === 0 ? "1c" : "1b"}` as Hex;
  assert.throws(() => recoverSigner({ ...checkpoint, signature: flipped }), {
    name: "ProofError",
    code: "proof_invalid",
    message: "expected a signed checkpoint: expected a signature with a low s, got a high one",
  });
});

test("a signature with another v than 27 or 28 is refused", () => {
  for (const v of ["00", "01", "1a", "1d", "25", "26", "ff"]) {
    const spelled = `${signature.slice(0, -2)}${v}` as Hex;
    assert.throws(() => recoverSigner({ ...checkpoint, signature: spelled }), ProofError, v);
  }
});

test("garbage instead of a signature is refused with a ProofError", () => {
  const zeros = "0".repeat(64);
  const order = ORDER.toString(16);
  const r = signature.slice(2, 66);
  const s = signature.slice(66, 130);
  const garbage: unknown[] = [
    "",
    "0x",
    `0x${r}${s}`,
    `${signature}00`,
    signature.toUpperCase(),
    undefined,
    null,
    7,
    {},
  ];
  for (const pair of [zeros + zeros, r + zeros, zeros + s, order + s, r + order, "f".repeat(128)]) {
    garbage.push(`0x${pair}1b`);
  }
  for (const wrong of garbage) {
    assert.throws(() => recoverSigner({ ...checkpoint, signature: wrong as Hex }), ProofError, String(wrong));
  }
});

test("a checkpoint with a field of another form has no digest and no signer", () => {
  const wrong = [
    { ledgerId: "0x00" },
    { ledgerId: checkpoint.ledgerId.toUpperCase() },
    { root: undefined },
    { size: -1 },
    { size: 2 ** 53 },
    { size: "3" },
    { signedAt: 0.5 },
  ];
  for (const field of wrong) {
    const statement = { ...checkpoint, ...field } as Checkpoint;
    assert.throws(() => checkpointDigest(statement), /^(TypeError|RangeError)/);
    assert.throws(() => recoverSigner({ ...statement, signature }), ProofError);
  }
  for (const nothing of [undefined, null, 7]) assert.throws(() => recoverSigner(nothing as never), ProofError);
});

test("the digest can be taken with a faster hash, and a wrong hash shows", () => {
  assert.deepEqual(
    checkpointDigest(checkpoint, (data) => fromHex(keccak256(data))),
    checkpointDigest(checkpoint),
  );
  assert.notDeepEqual(checkpointDigest(checkpoint, sha256), checkpointDigest(checkpoint));
});

test("the id of a ledger is what the contract computes from its owner and label", () => {
  const owner = wallet.address;
  const encoded = AbiCoder.defaultAbiCoder().encode(["address", "bytes32"], [owner, labelOf("main")]);
  assert.equal(deriveLedgerId(owner as Hex, labelOf("main")), keccak256(encoded));
  assert.equal(labelOf("main"), id("main"));
  assert.equal(labelOf("Zürich"), id("Zürich"));
  assert.throws(() => deriveLedgerId("0x00", labelOf("main")), RangeError);
});
