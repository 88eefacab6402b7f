/**
 * A shared proof: what several bundles under one checkpoint say alike, said once, and one proof for all of their leaves.
 * It is a line of an evidence set, with a line for each entry after it (docs/format.md §10). Each entry can be judged by
 * itself, and its bundle given back.
 */

import { equal, fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import { type OpenInclusions, openInclusions } from "../../merkle/multiproof.ts";
import { ProofError } from "../../merkle/proof.ts";
import { BUNDLE_FORMAT, BUNDLE_LIMITS, type Bundle, BundleError, type Frame } from "../bundle/bundle.ts";
import { type FormOf, hex, integer, list, object, oneOf } from "../bundle/forms.ts";
import { frameForms, members, READING } from "../bundle/parse.ts";
import { readBundleJson } from "../bundle/strict-json.ts";
import type { EntryClaim } from "../verify.ts";
import { SHARED_READING } from "./set.ts";

export const SHARED_FORMAT = "holdfast/shared@1";
/** How a shared proof begins; no bundle does. */
export const SHARED_BEGIN = `{"format":"${SHARED_FORMAT}",`;

/** Entries of one shared proof; it is held in memory while their lines come. */
export const SHARED_ENTRIES_MAX = 4096;

/** The line of a shared proof. */
export type SharedProofLine = Frame & {
  readonly format: typeof SHARED_FORMAT;
  /** Ascending. */
  readonly indexes: readonly number[];
  /** One for each index. */
  readonly leafHashes: readonly Hex[];
  /** Hashes of the subtrees without any of the leaves, left to right. */
  readonly nodes: readonly Hex[];
};

/** The line of an entry after a shared proof. */
export type SharedEntry = Omit<Bundle["entry"], "leafHash">;

const shared: FormOf<SharedProofLine> = object<SharedProofLine>({
  format: oneOf([SHARED_FORMAT]),
  ...frameForms,
  indexes: list(integer, 1, SHARED_ENTRIES_MAX),
  leafHashes: list(hex(32), 1, SHARED_ENTRIES_MAX),
  nodes: list(hex(32), 0, SHARED_ENTRIES_MAX * BUNDLE_LIMITS.pathMax),
});

const sharedEntry: FormOf<SharedEntry> = object<SharedEntry>({ index: integer, recordedAt: integer, members });

/** Reads the line of an entry. @throws BundleError when it has another form */
export function readSharedEntry(line: string): SharedEntry {
  return sharedEntry(readBundleJson(line, READING), "");
}

/** A shared proof that was read, and whose proof was checked once for all of its entries. */
export class SharedProof {
  readonly #shared: SharedProofLine;
  readonly #frame: Frame;
  readonly #opened: OpenInclusions | ProofError;
  readonly #positions: ReadonlyMap<number, number>;

  /** @throws BundleError when the line has another form; whether the proof holds is said for each entry */
  constructor(line: string) {
    const { format, indexes, leafHashes, nodes, ...frame } = shared(readBundleJson(line, SHARED_READING), "");
    if (leafHashes.length !== indexes.length) {
      throw new BundleError("bundle_value", "leafHashes", `a list of ${indexes.length}`, `${leafHashes.length}`);
    }
    this.#shared = { format, indexes, leafHashes, nodes, ...frame };
    this.#frame = frame;
    // Of an index that is there twice, which no proof holds for, the first position counts.
    this.#positions = new Map(indexes.map((index, position) => [index, position] as const).toReversed());
    this.#opened = open(this.#shared);
  }

  /** Number of entries. */
  get count(): number {
    return this.#shared.indexes.length;
  }

  /** Index of the entry at a position. */
  indexAt(position: number): number {
    return this.#shared.indexes[position] as number;
  }

  /** Position of the entry with an index, -1 when there is none. */
  positionOf(index: number): number {
    return this.#positions.get(index) ?? -1;
  }

  /**
   * What is said of the entry at a position, from what its line holds.
   * @throws BundleError when that is another entry's
   */
  claim(position: number, { index, recordedAt, members }: SharedEntry): EntryClaim {
    const { indexes, leafHashes } = this.#shared;
    if (index !== indexes[position]) throw new BundleError("bundle_value", "index", `${indexes[position]}`, `${index}`);
    const entry = { index, recordedAt, members, leafHash: leafHashes[position] as Hex };
    return { format: SHARED_FORMAT, entry, frame: this.#frame, checkPath: () => this.#checkPath(index) };
  }

  /** The bundle of the entry at a position; undefined when there is none, because the proof or the line is wrong. */
  bundle(position: number, line: string): Bundle | undefined {
    if (this.#opened instanceof ProofError) return undefined;
    try {
      const { entry } = this.claim(position, readSharedEntry(line));
      const { ledger, checkpoint, anchors, status } = this.#frame;
      const { size, root } = checkpoint;
      const inclusion = { size, root, path: this.#opened.pathOf(position).map(toHex) };
      return { format: BUNDLE_FORMAT, ledger, entry, inclusion, checkpoint, anchors, status };
    } catch (error) {
      if (error instanceof BundleError) return undefined;
      throw error;
    }
  }

  #checkPath(index: number): string {
    if (this.#opened instanceof ProofError) throw this.#opened;
    const { size, root } = this.#frame.checkpoint;
    const others = this.count === 1 ? "" : `, together with ${this.count - 1} others,`;
    return `index ${index} of ${size}${others} leads to root ${root}, which the checkpoint states`;
  }
}

function open({ indexes, leafHashes, nodes, checkpoint }: SharedProofLine): OpenInclusions | ProofError {
  const { size, root } = checkpoint;
  try {
    const opened = openInclusions(keccak256, {
      indexes,
      size,
      leafHashes: leafHashes.map(bytes),
      nodes: nodes.map(bytes),
    });
    if (!equal(opened.root, bytes(root))) throw new ProofError("the nodes lead to another root");
    return opened;
  } catch (error) {
    if (error instanceof ProofError) return error;
    throw error;
  }
}

function bytes(hash: Hex): Uint8Array {
  return fromHex(hash, 32);
}
