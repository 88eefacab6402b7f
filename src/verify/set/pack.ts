/**
 * Writes an evidence set in which bundles that follow each other share what they have in common: a run of bundles under
 * one checkpoint becomes a shared proof and a line for each entry. That is smaller for two bundles already; a bundle that
 * shares nothing is written whole.
 */

import type { Hex } from "../../merkle/bytes.ts";
import { joinPaths } from "../../merkle/multiproof.ts";
import type { Bundle, Frame } from "../bundle/bundle.ts";
import { SET_SHARED_FORMAT, SetTally } from "./set.ts";
import { SHARED_ENTRIES_MAX, SHARED_FORMAT, type SharedEntry, type SharedProofLine } from "./shared-proof.ts";

/** What a run may hold in memory before it is written; about as many characters of entries and paths. */
const RUN_CHARACTERS_MAX = 8 * 1024 * 1024;

/** Collects bundles, and gives lines without newlines as soon as they are certain. */
export class SetPacker {
  readonly #tally = new SetTally();
  readonly #ledgerId: Hex;
  #run: Bundle[] = [];
  #frame: Frame | undefined;
  #frameText = "";
  #characters = 0;
  #isBegun = false;

  constructor(ledgerId: Hex) {
    this.#ledgerId = ledgerId;
  }

  /**
   * Takes a bundle that verifies.
   * @returns lines that can be written
   * @throws RangeError when its ledger is another or its index does not ascend
   */
  add(bundle: Bundle): string[] {
    if (bundle.ledger.id !== this.#ledgerId) {
      throw new RangeError(`expected a bundle of ledger ${this.#ledgerId}, got one of ${bundle.ledger.id}`);
    }
    this.#tally.addIndex(bundle.entry.index);
    const { ledger, checkpoint, anchors, status, entry, inclusion } = bundle;
    const frame = { ledger, checkpoint, anchors, status };
    const frameText = JSON.stringify(frame);
    const isFull = this.#run.length === SHARED_ENTRIES_MAX || this.#characters > RUN_CHARACTERS_MAX;
    const lines = isFull || frameText !== this.#frameText ? this.#flush() : [];
    this.#frame ??= frame;
    this.#frameText = frameText;
    // The frame is kept once: it is by far the larger part.
    this.#run.push({ ...bundle, ...this.#frame });
    this.#characters += JSON.stringify(entry).length + 70 * inclusion.path.length;
    return lines;
  }

  /** The lines that are left, with the last one. @throws RangeError when the set has no bundle */
  end(): string[] {
    return [...this.#flush(), this.#tally.end()];
  }

  #flush(): string[] {
    const run = this.#run;
    const values: object[] = run.length < 2 ? run : linesOf(run);
    if (!this.#isBegun && values.length > 0) values.unshift({ format: SET_SHARED_FORMAT, ledgerId: this.#ledgerId });
    this.#isBegun ||= values.length > 0;
    this.#run = [];
    this.#frame = undefined;
    this.#characters = 0;
    return values.map((value) => {
      const line = JSON.stringify(value);
      this.#tally.addLine(line);
      return line;
    });
  }
}

/** The shared proof of a run of bundles under one checkpoint, and the line of each entry. */
function linesOf(run: readonly Bundle[]): (SharedProofLine | SharedEntry)[] {
  const [{ ledger, checkpoint, anchors, status }] = run as readonly [Bundle];
  const indexes = run.map(({ entry }) => entry.index);
  const leafHashes = run.map(({ entry }) => entry.leafHash);
  const nodes = joinPaths(
    indexes,
    checkpoint.size,
    run.map(({ inclusion }) => inclusion.path),
  );
  const shared = { format: SHARED_FORMAT, ledger, checkpoint, anchors, status, indexes, leafHashes, nodes } as const;
  return [shared, ...run.map(({ entry: { index, recordedAt, members } }) => ({ index, recordedAt, members }))];
}
