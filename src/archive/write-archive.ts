/**
 * A range of a ledger -> the bytes of an archive, a frame at a time, so that memory does not grow with the range. What is
 * written is checked by whoever keeps it (keep-archive.ts), by reading it back.
 */

import type { PackedEntry } from "../entry/packed.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { checksumAddress } from "../merkle/address.ts";
import { toHex } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import { makeFrame, spellAll } from "../prove/make-bundle.ts";
import type { Store } from "../store/store.ts";
import { ARCHIVE_FORMATS, type ArchiveHeader } from "./archive.ts";
import { CODEC_DEFAULT, type CodecName } from "./format/compression.ts";
import { encodeCheckpoint, encodeEntries, recordLength } from "./format/entry-records.ts";
import { type FrameVersion, FrameWriter, KINDS, magicOf } from "./format/frames.ts";
import { encodeText } from "./format/texts.ts";

/** What an archive is made of. */
export type ArchiveSource = { readonly ledger: Ledger; readonly store: Store; readonly hash: Hash };

export type ArchiveRequest = {
  /** Entries [from, to). */
  readonly from: number;
  readonly to: number;
  readonly codec?: CodecName;
  /** 2 where it is not looked first whether there are entries of nothing but their leaf hash. */
  readonly version?: 2;
  /** Entries that go into it with their members; of the others, as of those that are pruned, the leaf hash proves the rest. */
  readonly isWanted?: (index: number) => boolean;
  readonly onProgress?: (done: number, total: number) => void;
  /** Hands pieces on at the pace of somebody who has others to serve; it may end all of it by throwing. */
  readonly pace?: <Piece>(pieces: AsyncIterable<Piece>) => AsyncIterable<Piece>;
};

/** Bytes of entries in a frame, but for one that is larger by itself. */
const FRAME_BYTES = 256 * 1024;
/** Checkpoints of the ledger itself are kept about this often: whoever restores the range needs some to stop at. */
const CHECKPOINT_SPAN = 4096;
const NO_MEMBERS = new Uint8Array(0);

/**
 * The bytes of an archive.
 * @throws RangeError unless 0 <= from < to <= the ledger's size
 * @throws DamagedStoreError when something of it cannot be read
 */
export async function* writeArchive(source: ArchiveSource, request: ArchiveRequest): AsyncGenerator<Uint8Array, void> {
  const { ledger } = source;
  const { from, to, codec = CODEC_DEFAULT, onProgress = () => undefined } = request;
  if (!(from >= 0 && from < to && to <= ledger.size)) {
    throw new RangeError(`expected a range with entries of the ${ledger.size} there are, got [${from}, ${to})`);
  }
  const version = request.version ?? ((await hasLeavesAlone(ledger, request)) ? 2 : 1);
  const writer = new FrameWriter(codec, version);
  yield magicOf(version);
  yield writer.write(KINDS.header, encodeText(await headerOf(ledger, from, to, version)));
  let checkpoints = 0;
  for (let at = from; at < to; ) {
    const checkpoint = await ledger.checkpointCovering(Math.min(at + CHECKPOINT_SPAN, to) - 1);
    const end = Math.min(checkpoint?.size ?? to, to);
    for await (const batch of batches(ledger, { ...request, from: at, to: end })) {
      yield writer.write(KINDS.entries, encodeEntries({ first: at, entries: batch }));
      at += batch.length;
      onProgress(at - from, to - from);
    }
    if (checkpoint?.size !== end) continue;
    checkpoints++;
    yield writer.write(KINDS.checkpoint, encodeCheckpoint(checkpoint));
  }
  const frame = await makeFrame({ ...source, index: to - 1 });
  const right = spellAll(await ledger.consistencyPath(to, frame.checkpoint.size));
  yield writer.write(KINDS.proof, encodeText({ ...frame, right }));
  const trailer = { entries: to - from, checkpoints, frames: writer.frames + 1, digest: toHex(writer.digest) };
  yield writer.write(KINDS.trailer, encodeText(trailer));
}

const asTheyCome = <Piece>(pieces: AsyncIterable<Piece>): AsyncIterable<Piece> => pieces;

/** Looked for first, as the version stands in front of everything. */
async function hasLeavesAlone(ledger: Ledger, request: ArchiveRequest): Promise<boolean> {
  const { from, to, isWanted = () => true, pace = asTheyCome } = request;
  for (let index = from; index < to; index++) if (!isWanted(index)) return true;
  for await (const some of pace(ledger.packedEntries(from, to))) {
    if (some.some(({ pruned }) => pruned !== undefined)) return true;
  }
  return false;
}

async function headerOf(ledger: Ledger, from: number, to: number, version: FrameVersion): Promise<ArchiveHeader> {
  const { id, name, label, owner, createdAt, signer, formerSigners = [] } = ledger.record;
  // The path of the leaf that comes next is made of all that is before it, and of nothing else.
  const left = from === 0 ? [] : await ledger.inclusionPath(from, from + 1);
  return {
    format: ARCHIVE_FORMATS[version],
    entryVersion: 1,
    ledger: { id, name, label, owner: checksumAddress(owner), createdAt },
    signers: [...formerSigners, signer].map(checksumAddress),
    range: { from, to },
    left: spellAll(left),
  };
}

/** Entries [from, to), so many at a time as a frame holds. */
async function* batches(
  ledger: Ledger,
  { from, to, isWanted = () => true, pace = asTheyCome }: ArchiveRequest,
): AsyncGenerator<readonly PackedEntry[], void> {
  let batch: PackedEntry[] = [];
  let bytes = 0;
  let index = from;
  for await (const some of pace(ledger.packedEntries(from, to))) {
    for (const found of some) {
      const entry = isWanted(index) ? found : await leafAlone(ledger, found, index);
      index++;
      const length = recordLength(entry);
      if (bytes + length > FRAME_BYTES && batch.length > 0) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(entry);
      bytes += length;
    }
  }
  if (batch.length > 0) yield batch;
}

async function leafAlone(ledger: Ledger, { recordedAt, pruned }: PackedEntry, index: number): Promise<PackedEntry> {
  const leafHash = pruned?.leafHash ?? (await ledger.leafHash(index)).slice();
  return { recordedAt, members: NO_MEMBERS, pruned: { leafHash } };
}
