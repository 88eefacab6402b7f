/**
 * A checkpoint: what a ledger's signer says of the whole ledger at one size, as EIP-712 typed data without a chain
 * id, so that the statement holds on every chain. Signing needs a key and lives elsewhere; reading one back is here.
 */

import { concat, encodeUint64, fromHex, type Hex, toHex, utf8 } from "./bytes.ts";
import { type Hash, keccak256 } from "./hash.ts";
import { ProofError } from "./proof.ts";
import { recoverPublicKey } from "./recover.ts";

/** `root` of the tree of `size` entries of a ledger, stated at `signedAt` seconds since 1970. */
export type Checkpoint = {
  readonly ledgerId: Hex;
  readonly size: number;
  readonly root: Hex;
  readonly signedAt: number;
};

/** A checkpoint with the signer's 65-byte signature r || s || v, v being 27 or 28. */
export type SignedCheckpoint = Checkpoint & { readonly signature: Hex };

export const CHECKPOINT_TYPE = "Checkpoint(bytes32 ledgerId,uint64 size,bytes32 root,uint64 signedAt)";
const DOMAIN_TYPE = "EIP712Domain(string name,string version)";
const CHECKPOINT_TYPE_HASH = keccak256(utf8(CHECKPOINT_TYPE));
const DOMAIN_SEPARATOR = keccak256(
  concat(keccak256(utf8(DOMAIN_TYPE)), keccak256(utf8("Holdfast")), keccak256(utf8("1"))),
);
const PREFIX = new Uint8Array([0x19, 0x01]);

/**
 * Digest that the signer signs: EIP-712, keccak256(0x1901 || domainSeparator || hashStruct(checkpoint)).
 * @throws TypeError or RangeError when a field has the wrong form
 */
export function checkpointDigest(checkpoint: Checkpoint, hash: Hash = keccak256): Uint8Array {
  const struct = concat(
    CHECKPOINT_TYPE_HASH,
    fromHex(checkpoint.ledgerId, 32),
    word(checkpoint.size),
    fromHex(checkpoint.root, 32),
    word(checkpoint.signedAt),
  );
  return typedDigest(struct, hash);
}

/** Digest of a struct of EIP-712 in this domain: what its type hash begins with tells one kind of statement from another. */
export function typedDigest(struct: Uint8Array, hash: Hash = keccak256): Uint8Array {
  return hash(concat(PREFIX, DOMAIN_SEPARATOR, hash(struct)));
}

/**
 * Address whose key made the signature, in lower case. Only the canonical form is read: 65 bytes, v 27 or 28, low s.
 * @throws ProofError when the signature is not one, or a field of the checkpoint has the wrong form
 */
export function recoverSigner(checkpoint: SignedCheckpoint): Hex {
  try {
    return recoverAddress(checkpointDigest(checkpoint), checkpoint.signature);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProofError(`expected a signed checkpoint: ${reason}`, { cause });
  }
}

/** Address whose key signed a digest, in lower case. @throws RangeError, TypeError when the signature is not one in canonical form */
export function recoverAddress(digest: Uint8Array, signature: Hex): Hex {
  const bytes = fromHex(signature, 65);
  const v = bytes[64] as number;
  if (v !== 27 && v !== 28) throw new RangeError(`expected a signature with v 27 or 28, got ${v}`);
  return addressOf(recoverPublicKey(bytes.subarray(0, 64), v === 28, digest));
}

/** Ethereum address of an uncompressed public key (65 bytes), in lower case. */
export function addressOf(publicKey: Uint8Array): Hex {
  return toHex(keccak256(publicKey.subarray(1)).subarray(12));
}

/** ledgerId = keccak256(abi.encode(owner, label)): who opened the ledger, and under which 32-byte label. */
export function deriveLedgerId(owner: Hex, label: Hex): Hex {
  return toHex(keccak256(concat(new Uint8Array(12), fromHex(owner.toLowerCase(), 20), fromHex(label, 32))));
}

/** Label of a name that may be guessed: keccak256 of its UTF-8. */
export function labelOf(name: string): Hex {
  return toHex(keccak256(utf8(name)));
}

/** A uint64 as a word of the ABI. */
export function word(value: number): Uint8Array {
  return concat(new Uint8Array(24), encodeUint64(value));
}
