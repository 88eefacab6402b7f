/**
 * An archive: one file with a range of a ledger and everything that proves it, to be kept where the ledger is not. Here
 * is what it says; its bytes are in format/, and docs/archive.md is the page about them.
 * Why: docs/decisions/0196.
 */

import type { PackedEntry } from "../entry/packed.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Frame } from "../verify/bundle/bundle.ts";

/** By the version of its frames. */
export const ARCHIVE_FORMATS = { 1: "holdfast/archive@1", 2: "holdfast/archive@2" } as const;

/** How the name of an archive in clear ends; that of an encrypted one has `.age` behind it. */
export const ARCHIVE_ENDING = ".hfa";
export const ENCRYPTED_ENDING = `${ARCHIVE_ENDING}.age`;
export const ARCHIVE_TYPE = "application/vnd.holdfast.archive";

/** What an archive is of; its first frame. */
export type ArchiveHeader = {
  readonly format: (typeof ARCHIVE_FORMATS)[keyof typeof ARCHIVE_FORMATS];
  /** Version of the entries' bytes, docs/format.md §3. */
  readonly entryVersion: 1;
  readonly ledger: {
    readonly id: Hex;
    readonly name: string;
    readonly label: Hex;
    /** EIP-55 spelling. */
    readonly owner: string;
    /** Milliseconds since 1970. */
    readonly createdAt: number;
  };
  /** Who signs, and who signed before, the oldest first; EIP-55 spelling. */
  readonly signers: readonly string[];
  /** Entries [from, to). */
  readonly range: { readonly from: number; readonly to: number };
  /** Roots of the full subtrees of the tree of size `from`, the smallest first. */
  readonly left: readonly Hex[];
};

/** What proves the range: the frame of a bundle, and the consistency path from the range's end to its checkpoint. */
export type ArchiveProof = Frame & { readonly right: readonly Hex[] };

/** What an archive has, counted; its last frame. */
export type ArchiveTrailer = {
  readonly entries: number;
  readonly checkpoints: number;
  /** All of them, this one included. */
  readonly frames: number;
  /** SHA-256 of everything before it, docs/archive.md. */
  readonly digest: Hex;
};

/** Entries as the ledger has them: members packed as in docs/archive.md, with their salts, or nothing but the leaf hash. */
export type ArchivedEntries = {
  /** Index of the first one. */
  readonly first: number;
  readonly entries: readonly PackedEntry[];
};

/** What comes of reading an archive, in the order in which it stands there. */
export type ArchivePart =
  | { readonly kind: "header"; readonly header: ArchiveHeader }
  | ({ readonly kind: "entries" } & ArchivedEntries)
  | { readonly kind: "checkpoint"; readonly checkpoint: SignedCheckpoint }
  | { readonly kind: "proof"; readonly proof: ArchiveProof }
  | { readonly kind: "trailer"; readonly trailer: ArchiveTrailer };

export type ArchiveErrorCode =
  | "archive_not_one"
  | "archive_cut"
  | "archive_damaged"
  | "archive_out_of_order"
  | "archive_followed"
  | "archive_malformed"
  | "archive_too_new";

/** A file that is no archive, or not a whole one; the message says what was expected, what came, and at which byte. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
