/**
 * Which public key made an ECDSA signature over secp256k1 (SEC 1 §4.1.6), by the point arithmetic of @noble/curves. Only this
 * is asked of the curve here, so that a page need not carry what makes signatures. Why: docs/decisions/0130.
 */

import { Field } from "@noble/curves/abstract/modular.js";
import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { concat } from "./bytes.ts";

/** SEC 2 §2.4.1. */
const CURVE = {
  p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn,
  n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  h: 1n,
  a: 0n,
  b: 7n,
  Gx: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  Gy: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
};
/** The endomorphism of GLV that halves the work: the constants of @noble/curves/secp256k1.js; a wrong one fails every recovery. */
const HALVES = {
  beta: 0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501een,
  basises: [
    [0x3086d221a7d46bcde86c90e49284eb15n, -0xe4437ed6010e88286f547fa90abfe4c3n],
    [0x114ca50f7a8e2f3f657c1108d9d44cfd8n, 0x3086d221a7d46bcde86c90e49284eb15n],
  ] as [[bigint, bigint], [bigint, bigint]],
};
const Point = weierstrass(CURVE, { Fp: Field(CURVE.p), endo: HALVES });
const { Fn } = Point;

/**
 * The uncompressed public key (65 bytes) whose key made the signature.
 * @param signature r || s, 64 bytes, with a low s: a larger one is the same signature spelled again (EIP-2)
 * @param isOdd whether the y of the signature's point is odd
 * @param digest 32 bytes that were signed
 * @throws Error when the signature is none
 */
export function recoverPublicKey(signature: Uint8Array, isOdd: boolean, digest: Uint8Array): Uint8Array {
  const r = Fn.fromBytes(signature.subarray(0, 32));
  const s = Fn.fromBytes(signature.subarray(32, 64));
  if (r === 0n || s === 0n) throw new RangeError("expected a signature with r and s above 0, got 0");
  if (s > CURVE.n / 2n) throw new RangeError("expected a signature with a low s, got a high one");
  const R = Point.fromBytes(concat(new Uint8Array([isOdd ? 3 : 2]), signature.subarray(0, 32)));
  const inverse = Fn.inv(r);
  const u1 = Fn.neg(Fn.mul(Fn.create(toNumber(digest)), inverse));
  const key = Point.BASE.mulAddUnsafe(u1, R, Fn.mul(s, inverse));
  if (key.is0()) throw new RangeError("expected a signature of some key, got one that no key makes");
  return key.toBytes(false);
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
