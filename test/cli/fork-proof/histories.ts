/** Histories of one ledger that begin alike and may differ later, with everything that can be stated of them. */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { encodeEntry, memberDigest } from "../../../src/entry/entry.ts";
import { checksumAddress } from "../../../src/merkle/address.ts";
import { fromHex, type Hex, toHex, utf8 } from "../../../src/merkle/bytes.ts";
import {
  addressOf,
  checkpointDigest,
  deriveLedgerId,
  labelOf,
  recoverSigner,
  type SignedCheckpoint,
} from "../../../src/merkle/checkpoint.ts";
import { keccak256, leafHash } from "../../../src/merkle/hash.ts";
import type { Bundle, BundleAnchor } from "../../../src/verify/bundle/bundle.ts";
import type { SignedStatement } from "../../../src/watch/statement.ts";
import { type Tree, treeOfLeaves } from "../../contracts/trees.ts";
import { ANVIL_ACCOUNT } from "../../verify/anvil.ts";
import { signHash } from "../../verify/fixture.ts";

export const SIGNED_AT = 1_790_000_000;
export const SIGNER_KEY = keyNamed("signer");
export const SIGNER = signerOf(SIGNER_KEY);
export const LABEL = labelOf("main");
/** Of the account that anvil's tests own. */
export const LEDGER_ID = deriveLedgerId(ANVIL_ACCOUNT.address.toLowerCase() as Hex, LABEL);

export function keyNamed(name: string): Uint8Array {
  return keccak256(utf8(`key of ${name}`));
}

export function signerOf(key: Uint8Array): Hex {
  return addressOf(secp256k1.getPublicKey(key, false));
}

type MadeEntry = { readonly recordedAt: number; readonly salt: Hex; readonly text: string; readonly leaf: Uint8Array };

export class History {
  readonly tree: Tree;
  readonly #entries: readonly MadeEntry[];

  /** `size` entries, of which the first `sameUntil` are those of every history. */
  constructor(size: number, name = "told", sameUntil = 0) {
    this.#entries = Array.from({ length: size }, (_, index) => makeEntry(index, index < sameUntil ? "told" : name));
    this.tree = treeOfLeaves(this.#entries.map(({ leaf }) => leaf));
  }

  checkpoint(size: number, { key = SIGNER_KEY, signedAt = SIGNED_AT, ledgerId = LEDGER_ID } = {}): SignedCheckpoint {
    const checkpoint = { ledgerId, size, root: this.tree.root(size), signedAt };
    return { ...checkpoint, signature: signHash(checkpointDigest(checkpoint), key) };
  }

  statement(size: number, options: Parameters<History["checkpoint"]>[1] = {}): SignedStatement {
    const checkpoint = this.checkpoint(size, options);
    return { kind: "signed", ...checkpoint, signer: recoverSigner(checkpoint) };
  }

  /** As a service answers …/consistency. */
  consistency(from: number, to: number) {
    const roots = { fromRoot: this.tree.root(from), toRoot: this.tree.root(to) };
    return { ledgerId: LEDGER_ID, from, to, ...roots, path: this.tree.consistency(from, to) };
  }

  bundle(index: number, size: number, anchors: readonly BundleAnchor[] = []): Bundle {
    const { recordedAt, salt, text, leaf } = this.#entries[index] as MadeEntry;
    const { ledgerId: id, ...checkpoint } = this.checkpoint(size);
    const signer = checksumAddress(SIGNER);
    return {
      format: "holdfast/bundle@1",
      ledger: { id, name: "main", label: LABEL, owner: ANVIL_ACCOUNT.address, signer },
      entry: { index, recordedAt, members: [{ salt, text }], leafHash: toHex(leaf) },
      inclusion: { size, root: this.tree.root(size), path: this.tree.inclusion(index, size) },
      checkpoint,
      anchors,
      status: anchors.length === 0 ? "recorded" : "anchored",
    };
  }
}

function makeEntry(index: number, name: string): MadeEntry {
  const salt = toHex(keccak256(utf8(`${name}/${index}`)).subarray(0, 16));
  const text = `"action":"a.${index}"`;
  const recordedAt = SIGNED_AT * 1000 + index;
  const digest = memberDigest(keccak256, { salt: fromHex(salt), text });
  return { recordedAt, salt, text, leaf: leafHash(keccak256, encodeEntry(recordedAt, [digest])) };
}
