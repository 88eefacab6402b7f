/**
 * An archive -> the same archive with less in it: of members that were erased since, digests stand in the place of texts and salts. Leaf
 * hashes, checkpoints and the proof stay as they are, so that it proves what it proved; its digest, and with it its name, are others.
 * Why: docs/decisions/0249.
 */

import type { Entry } from "../../entry/entry.ts";
import { type PackedEntry, packEntry, unpackEntry } from "../../entry/packed.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import { ARCHIVE_FORMATS, type ArchivedEntries, type ArchivePart } from "../archive.ts";
import { CODEC_DEFAULT } from "../format/compression.ts";
import { encodeCheckpoint, encodeEntries } from "../format/entry-records.ts";
import { FrameWriter, KINDS, magicOf } from "../format/frames.ts";
import { encodeText } from "../format/texts.ts";
import { readArchive } from "../read-archive.ts";

/** What an entry of an archive becomes; undefined where nothing of it goes. It has the same leaf hash. */
export type Lessen = (index: number, entry: Entry) => Promise<Entry | undefined>;

/** An entry that an archive has with its body. */
export type ArchivedBody = { readonly index: number; readonly entry: Entry };

/**
 * Entries of an archive in clear that it has with their bodies, in order; none where it is of another ledger.
 * @throws ArchiveError
 */
export async function* bodiesOf(
  bytes: AsyncIterable<Uint8Array>,
  ledgerId: Hex,
): AsyncGenerator<ArchivedBody, void, void> {
  for await (const part of readArchive(bytes)) {
    if (part.kind === "header" && part.header.ledger.id !== ledgerId) return;
    if (part.kind !== "entries") continue;
    for (const [i, packed] of part.entries.entries()) {
      if (packed.pruned === undefined) yield { index: part.first + i, entry: unpackEntry(packed) };
    }
  }
}

/**
 * The bytes of the archive in clear that it becomes, a frame for each frame. Whoever keeps it verifies it first (keep-archive.ts).
 * @param bytes of an archive in clear
 * @throws ArchiveError
 */
export async function* rewriteArchive(
  bytes: AsyncIterable<Uint8Array>,
  lessen: Lessen,
): AsyncGenerator<Uint8Array, void, void> {
  let writer: FrameWriter | undefined;
  for await (const part of readArchive(bytes)) {
    if (part.kind === "header") {
      const version = part.header.format === ARCHIVE_FORMATS[1] ? 1 : 2;
      writer = new FrameWriter(CODEC_DEFAULT, version);
      yield magicOf(version);
    }
    // The header comes first, of whatever is read as an archive.
    yield await writeAgain(writer as FrameWriter, part, lessen);
  }
}

async function writeAgain(writer: FrameWriter, part: ArchivePart, lessen: Lessen): Promise<Uint8Array> {
  if (part.kind === "header") return writer.write(KINDS.header, encodeText(part.header));
  if (part.kind === "entries") return writer.write(KINDS.entries, encodeEntries(await lessenAll(part, lessen)));
  if (part.kind === "checkpoint") return writer.write(KINDS.checkpoint, encodeCheckpoint(part.checkpoint));
  if (part.kind === "proof") return writer.write(KINDS.proof, encodeText(part.proof));
  const { entries, checkpoints } = part.trailer;
  const trailer = { entries, checkpoints, frames: writer.frames + 1, digest: toHex(writer.digest) };
  return writer.write(KINDS.trailer, encodeText(trailer));
}

async function lessenAll({ first, entries }: ArchivedEntries, lessen: Lessen): Promise<ArchivedEntries> {
  const lessened: PackedEntry[] = [];
  for (const [i, packed] of entries.entries()) {
    const left = packed.pruned === undefined ? await lessen(first + i, unpackEntry(packed)) : undefined;
    lessened.push(left === undefined ? packed : packEntry(left));
  }
  return { first, entries: lessened };
}
