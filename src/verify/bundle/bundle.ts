/**
 * A bundle: one JSON file that proves an event. Its form is `holdfast/bundle@1`, docs/format.md §7.
 * Hex is lower case with 0x, addresses are in EIP-55 spelling, integers are JSON numbers.
 */

import type { Hex } from "../../merkle/bytes.ts";

export const BUNDLE_FORMAT = "holdfast/bundle@1";

/** How far an entry has come; each state keeps what the earlier ones gave. */
export type Status = "recorded" | "anchored" | "final";

export type BundleMember = { readonly salt: Hex; readonly text: string } | { readonly digest: Hex };

export type BundleLedger = {
  readonly id: Hex;
  readonly name: string;
  readonly label: Hex;
  readonly owner: string;
  readonly signer: string;
};

export type BundleAnchor = {
  readonly chainId: number;
  readonly contract: string;
  /** The anchored checkpoint; `size` is the bundle's own, or larger with a `consistency` path from it. */
  readonly size: number;
  readonly root: Hex;
  readonly consistency?: readonly Hex[];
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly state?: AnchorState;
};

/** EIP-1186 proof that the contract held `root` for `size` in the state of the block; present once final. */
export type AnchorState = {
  /** RLP of the block header; its keccak256 is the block hash. */
  readonly header: Hex;
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly Hex[];
};

export type Bundle = {
  readonly format: typeof BUNDLE_FORMAT;
  readonly ledger: BundleLedger;
  readonly entry: {
    readonly index: number;
    /** Milliseconds since 1970. */
    readonly recordedAt: number;
    readonly members: readonly BundleMember[];
    readonly leafHash: Hex;
  };
  readonly inclusion: { readonly size: number; readonly root: Hex; readonly path: readonly Hex[] };
  readonly checkpoint: {
    readonly size: number;
    readonly root: Hex;
    /** Seconds since 1970. */
    readonly signedAt: number;
    readonly signature: Hex;
  };
  readonly anchors: readonly BundleAnchor[];
  readonly status: Status;
};

/** What the bundles under one checkpoint have in common. */
export type Frame = Pick<Bundle, "ledger" | "checkpoint" | "anchors" | "status">;

/** Bounds on a bundle's text; a tree of 2^53 entries needs paths of 54 hashes. */
export const BUNDLE_LIMITS = {
  charactersMax: 32 * 1024 * 1024,
  /** Of objects, lists and all that is in them: 64 anchors with proofs of 64 nodes have some 13,500. */
  valuesMax: 16_384,
  /** Of objects, lists and all that is in the shown members: an event of 4 MiB cannot have more. */
  memberValuesMax: 2 * 1024 * 1024,
  nameLengthMax: 256,
  pathMax: 64,
  anchorsMax: 64,
  proofNodesMax: 64,
  proofNodeBytesMax: 1024,
  headerBytesMax: 16 * 1024,
} as const;

export type BundleErrorCode =
  | "bundle_too_large"
  | "bundle_not_json"
  | "bundle_too_deep"
  | "bundle_duplicate_name"
  | "bundle_member_missing"
  | "bundle_member_unknown"
  | "bundle_value";

/** A text or a value that is not a bundle; `path` says where, as in `entry.members[2].salt`. */
export class BundleError extends Error {
  override readonly name = "BundleError";
  readonly code: BundleErrorCode;
  readonly path: string;
  readonly expected: string;
  readonly got: string;

  constructor(code: BundleErrorCode, path: string, expected: string, got: string) {
    super(`${path === "" ? "the bundle" : path}: expected ${expected}, got ${got}`);
    this.code = code;
    this.path = path;
    this.expected = expected;
    this.got = got;
  }
}
