/**
 * Verifies an archive, for people and programs that trust neither the service nor the file: every member hashed again, the
 * root rebuilt from the entries, the checkpoint, and its anchors as those of a bundle are. Nothing is asked but the chains that
 * the caller names.
 */

import { setImmediate } from "node:timers/promises";
import { entryLeafHash } from "../entry/entry.ts";
import { type PackedEntry, unpackMembers } from "../entry/packed.ts";
import { fromHex, toHex } from "../merkle/bytes.ts";
import { recoverSigner, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { checkConsistency, ProofError } from "../merkle/proof.ts";
import { judgeFrame } from "../verify/check-frame.ts";
import { readShown } from "../verify/check-members.ts";
import type { VerifyOptions } from "../verify/options.ts";
import { compare, type StepName, Trail } from "../verify/verdict/verdict.ts";
import {
  type ArchivedEntries,
  ArchiveError,
  type ArchiveHeader,
  type ArchivePart,
  type ArchiveProof,
  type ArchiveTrailer,
} from "./archive.ts";
import { type ArchiveFacts, type ArchiveVerdict, judgeArchive, noArchive } from "./archive-verdict.ts";
import { RangeTree } from "./range-tree.ts";
import { readArchive } from "./read-archive.ts";

/** Entries that are hashed before it is looked at the clock, and how long until others get their turn. */
const SLICE_ENTRIES = 32;
const SLICE_MS = 5;

export type CheckOptions = VerifyOptions & {
  /** keccak256; a fast one pays. */
  readonly hash: Hash;
  readonly onProgress?: (done: number, total: number) => void;
  /** Gets each part once it was checked, while nothing is wrong; what it throws ends the reading. */
  readonly onPart?: (part: ArchivePart) => Promise<void>;
};

/** Verifies an archive in clear. It resolves to a verdict whatever the bytes are, and rejects only when they cannot be read. */
export async function checkArchive(bytes: AsyncIterable<Uint8Array>, options: CheckOptions): Promise<ArchiveVerdict> {
  const pass = new ArchivePass(options);
  const trail = new Trail();
  const refused = await readAll(bytes, pass, options.onPart);
  if (refused?.code === "archive_not_one") return noArchive(options, refused.message);
  await trail.take(
    { name: "archive" },
    () => refuse(refused),
    () => pass.describe(),
  );
  const steps = [
    ["members", () => pass.describeMembers()],
    ["path", () => pass.describePath()],
  ] as const;
  for (const [name, describe] of steps) {
    await trail.take({ name }, () => refuse(pass.problem?.step === name ? pass.problem.error : undefined), describe);
  }
  const { facts } = pass;
  if (facts === undefined || trail.checks === "failed") return judgeArchive(trail, [], undefined, options);
  const { trail: rest, witnesses } = await judgeFrame(facts.proof, options);
  trail.join(rest);
  return judgeArchive(trail, witnesses, facts, options);
}

function refuse(error: Error | undefined): true {
  if (error !== undefined) throw error;
  return true;
}

/** What is wrong with the file itself. */
async function readAll(
  bytes: AsyncIterable<Uint8Array>,
  pass: ArchivePass,
  onPart: CheckOptions["onPart"],
): Promise<ArchiveError | undefined> {
  try {
    for await (const part of readArchive(bytes)) {
      if (part.kind === "header") pass.begin(part.header);
      else if (part.kind === "entries") await pass.takeEntries(part);
      else if (part.kind === "checkpoint") pass.takeCheckpoint(part.checkpoint);
      else if (part.kind === "proof") pass.takeProof(part.proof);
      else pass.trailer = part.trailer;
      if (pass.problem === undefined) await onPart?.(part);
    }
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
}

/** One reading of an archive. What is wrong with its contents is kept, and the rest is read all the same, for it may be cut. */
class ArchivePass {
  readonly #options: CheckOptions;
  #tree: RangeTree | undefined;
  #header: ArchiveHeader | undefined;
  #proof: ArchiveProof | undefined;
  #lastRecordedAt = 0;
  #turnBegan = performance.now();
  #members = 0;
  #withheld = 0;
  #byLeaf = 0;
  trailer: ArchiveTrailer | undefined;
  problem: { readonly step: StepName; readonly error: Error } | undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  get facts(): ArchiveFacts | undefined {
    if (this.#header === undefined || this.#proof === undefined || this.trailer === undefined) return undefined;
    return {
      header: this.#header,
      proof: this.#proof,
      trailer: this.trailer,
      lastRecordedAt: this.#lastRecordedAt,
      shown: this.#members - this.#withheld,
      withheld: this.#withheld,
      byLeaf: this.#byLeaf,
    };
  }

  begin(header: ArchiveHeader): void {
    this.#header = header;
    this.#try("path", () => {
      const left = header.left.map((root) => fromHex(root, 32));
      this.#tree = new RangeTree(this.#options.hash, header.range.from, left);
    });
  }

  /** In slices: whoever verifies in a service has others to answer. */
  async takeEntries({ first, entries }: ArchivedEntries): Promise<void> {
    for (let at = 0; at < entries.length; at += SLICE_ENTRIES) {
      const slice = entries.slice(at, at + SLICE_ENTRIES);
      this.#try("members", () => {
        const leaves = slice.map((entry, i) => this.#leafOf(entry, first + at + i));
        this.#tree?.add(leaves);
      });
      if (performance.now() - this.#turnBegan < SLICE_MS) continue;
      await setImmediate();
      this.#turnBegan = performance.now();
    }
    const { from = 0, to = 0 } = this.#header?.range ?? {};
    this.#options.onProgress?.(first + entries.length - from, to - from);
  }

  /** Of one that is here by its leaf hash alone, that is what it has: whether it is right, the root tells. */
  #leafOf({ recordedAt, members: packed, pruned }: PackedEntry, index: number): Uint8Array {
    if (pruned !== undefined) {
      this.#byLeaf++;
      return pruned.leafHash;
    }
    try {
      const members = unpackMembers(packed);
      this.#members += members.length;
      this.#withheld += members.length - readShown(members).shown.length;
      this.#lastRecordedAt = recordedAt;
      return entryLeafHash(this.#options.hash, { recordedAt, members });
    } catch (cause) {
      throw new ProofError(`entry ${index}: ${(cause as Error).message}`, { cause });
    }
  }

  takeCheckpoint(checkpoint: SignedCheckpoint): void {
    const { recover = recoverSigner } = this.#options;
    this.#try("path", () => {
      const { size } = checkpoint;
      compare(
        `the checkpoint of size ${this.#tree?.size} behind the entries before it, not of size`,
        this.#tree?.size ?? 0,
        size,
      );
      compare(
        `the root of size ${size}, as the entries lead to it,`,
        toHex(this.#tree?.root() ?? fromHex("0x")),
        checkpoint.root,
      );
      const signer = recover(checkpoint);
      const known = (this.#header?.signers ?? []).map((address) => address.toLowerCase());
      if (!known.includes(signer)) {
        throw new ProofError(`expected a signature of ${known.join(" or ")} under size ${size}, got one of ${signer}`);
      }
    });
  }

  takeProof(proof: ArchiveProof): void {
    this.#proof = proof;
    this.#try("path", () => {
      const { ledger, range } = this.#header as ArchiveHeader;
      for (const name of ["id", "label", "owner"] as const) {
        compare(`the ledger's ${name} as the header says,`, ledger[name], proof.ledger[name]);
      }
      const { size, root } = proof.checkpoint;
      checkConsistency(this.#options.hash, {
        from: range.to,
        to: size,
        fromRoot: this.#tree?.root() ?? new Uint8Array(0),
        toRoot: fromHex(root, 32),
        path: proof.right.map((node) => fromHex(node, 32)),
      });
    });
  }

  describe(): string {
    const { entries = 0, frames = 0, digest = "" } = this.trailer ?? {};
    return `${entries} entries in ${frames} frames, each whole and in its place; the trailer counts them and has their digest ${digest}`;
  }

  describeMembers(): string {
    const byLeaf = this.#byLeaf === 0 ? "" : `; of ${this.#byLeaf} entries nothing but the leaf hash`;
    return `${this.#members - this.#withheld} shown in canonical form and order, ${this.#withheld} withheld${byLeaf}`;
  }

  describePath(): string {
    const { range } = this.#header as ArchiveHeader;
    const { size, root } = (this.#proof as ArchiveProof).checkpoint;
    return `entries ${range.from} to ${range.to - 1}, hashed again, lead to root ${root} of size ${size}, which the checkpoint states`;
  }

  #try(step: StepName, check: () => void): void {
    if (this.problem !== undefined) return;
    try {
      check();
    } catch (error) {
      this.problem = { step, error: error as Error };
    }
  }
}
