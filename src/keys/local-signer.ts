/**
 * Signs checkpoints with a key in this process, the door of `secp256k1`: libsecp256k1 takes 45 µs for a signature and
 * 60 µs to recover its signer, where portable code takes milliseconds.
 */

import secp256k1 from "secp256k1";
import { equal, fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { addressOf, type Checkpoint, checkpointDigest, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import { type Hash, keccak256 } from "../merkle/hash.ts";
import { ProofError } from "../merkle/proof.ts";
import { type ReportStatement, reportDigest } from "../merkle/report-statement.ts";
import { type WordStatement, wordStatementDigest } from "../merkle/word-statement.ts";
import type { LedgerSigner, WordSigner } from "./signer.ts";

/**
 * A signer that holds its key in memory; signatures are deterministic (RFC 6979).
 * @param privateKey 32 bytes, or lower-case hex of them
 * @throws RangeError when that is no private key of the curve
 */
export function keySigner(privateKey: Uint8Array | Hex, hash: Hash = keccak256): LedgerSigner & WordSigner {
  const key = typeof privateKey === "string" ? fromHex(privateKey, 32) : Uint8Array.from(privateKey);
  // The message must not show the key, nor how it is wrong.
  if (key.length !== 32 || !secp256k1.privateKeyVerify(key)) throw new RangeError("expected a secp256k1 private key");
  const address = addressOf(secp256k1.publicKeyCreate(key, false));
  const signDigest = (digest: Uint8Array): Hex => {
    const { signature, recid } = secp256k1.ecdsaSign(digest, key);
    return toHex(Uint8Array.of(...signature, 27 + recid));
  };
  return {
    address,
    sign: async (checkpoint: Checkpoint) => signDigest(checkpointDigest(checkpoint, hash)),
    signReport: async (statement: ReportStatement) => signDigest(reportDigest(statement, hash)),
    signWord: async (statement: WordStatement) => signDigest(wordStatementDigest(statement, hash)),
  };
}

/**
 * Address whose key made the signature: `recoverSigner` of merkle/checkpoint.ts, thirty times as fast.
 * @throws ProofError when the signature is not one in canonical form, or a field of the checkpoint has the wrong form
 */
export function fastRecoverSigner(checkpoint: SignedCheckpoint, hash: Hash = keccak256): Hex {
  return recovered("checkpoint", checkpoint.signature, () => checkpointDigest(checkpoint, hash), hash);
}

/** Address whose key signed the word of a watcher. @throws ProofError as {@link fastRecoverSigner} does */
export function fastRecoverWordSigner(statement: WordStatement, signature: Hex, hash: Hash = keccak256): Hex {
  return recovered("word", signature, () => wordStatementDigest(statement, hash), hash);
}

function recovered(what: string, hex: Hex, digestOf: () => Uint8Array, hash: Hash): Hex {
  try {
    const digest = digestOf();
    const signature = fromHex(hex, 65);
    const compact = signature.subarray(0, 64);
    const v = signature[64] as number;
    if (v !== 27 && v !== 28) throw new RangeError(`expected a signature with v 27 or 28, got ${v}`);
    if (!equal(secp256k1.signatureNormalize(compact.slice()), compact)) {
      throw new RangeError("expected a signature with a low s, got a high one");
    }
    const publicKey = secp256k1.ecdsaRecover(compact, v - 27, digest, false);
    return toHex(hash(publicKey.subarray(1)).subarray(12));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProofError(`expected a signed ${what}: ${reason}`, { cause });
  }
}
