/**
 * An archive in clear -> what it holds, part by part, and that the parts are those of one archive: header first, entries one
 * after the other, proof and trailer, and nothing left out. Whether it proves anything is for check-archive.ts to say.
 */

import { toHex } from "../merkle/bytes.ts";
import { ARCHIVE_FORMATS, ArchiveError, type ArchiveHeader, type ArchivePart, type ArchiveTrailer } from "./archive.ts";
import { decodeCheckpoint, decodeEntries } from "./format/entry-records.ts";
import { type ArchiveFrame, KINDS, readFrames } from "./format/frames.ts";
import { decodeHeader, decodeProof, decodeTrailer } from "./format/texts.ts";

/**
 * Reads an archive. The trailer comes last, and only of one that is whole to its end.
 * @throws ArchiveError for what is none, or not whole
 */
export async function* readArchive(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ArchivePart, void, void> {
  const order = new PartOrder();
  for await (const frame of readFrames(bytes)) yield order.take(frame);
}

class PartOrder {
  #header: ArchiveHeader | undefined;
  #next = 0;
  #entries = 0;
  #checkpoints = 0;
  #isProved = false;
  #digest = "";

  take(frame: ArchiveFrame): ArchivePart {
    const part = this.#part(frame);
    this.#digest = toHex(frame.chain);
    return part;
  }

  #part(frame: ArchiveFrame): ArchivePart {
    const { kind, plain } = frame;
    if (this.#header === undefined) {
      if (kind !== KINDS.header) throw wrongKind(frame, "a header");
      return { kind: "header", header: this.#begin(frame, decodeHeader(plain)) };
    }
    if (this.#isProved) {
      if (kind !== KINDS.trailer) throw wrongKind(frame, "the trailer");
      return { kind: "trailer", trailer: this.#end(frame) };
    }
    if (kind === KINDS.entries) return this.#takeEntries(frame, this.#header);
    if (kind === KINDS.checkpoint) {
      this.#checkpoints++;
      return { kind: "checkpoint", checkpoint: read(frame, () => decodeCheckpoint(plain, this.#id)) };
    }
    if (kind !== KINDS.proof) throw wrongKind(frame, "entries, a checkpoint or the proof");
    const { to } = this.#header.range;
    if (this.#next !== to)
      throw malformed(frame, `expected entries up to ${to - 1} before the proof, got ${this.#next - 1}`);
    this.#isProved = true;
    return { kind: "proof", proof: decodeProof(plain) };
  }

  get #id() {
    return (this.#header as ArchiveHeader).ledger.id;
  }

  #begin(frame: ArchiveFrame, header: ArchiveHeader): ArchiveHeader {
    const format = ARCHIVE_FORMATS[frame.version];
    if (header.format !== format) throw malformed(frame, `expected the format ${format}, got ${header.format}`);
    const { from, to } = header.range;
    if (from >= to) {
      throw new ArchiveError(
        "archive_malformed",
        `expected a range with entries, got [${from}, ${to}): an empty range proves nothing`,
      );
    }
    this.#header = header;
    this.#next = from;
    return header;
  }

  #takeEntries(frame: ArchiveFrame, { range }: ArchiveHeader): ArchivePart {
    const { first, entries } = read(frame, () => decodeEntries(frame.plain, frame.version));
    if (entries.length === 0) throw malformed(frame, "expected entries, got none");
    if (first !== this.#next) throw malformed(frame, `expected entry ${this.#next}, got ${first}`);
    this.#next += entries.length;
    this.#entries += entries.length;
    if (this.#next > range.to) throw malformed(frame, `expected entries up to ${range.to - 1}, got ${this.#next - 1}`);
    return { kind: "entries", first, entries };
  }

  #end(frame: ArchiveFrame): ArchiveTrailer {
    const trailer = decodeTrailer(frame.plain);
    const counted: ArchiveTrailer = {
      entries: this.#entries,
      checkpoints: this.#checkpoints,
      frames: frame.number,
      digest: this.#digest as ArchiveTrailer["digest"],
    };
    for (const name of ["entries", "checkpoints", "frames", "digest"] as const) {
      if (trailer[name] === counted[name]) continue;
      throw malformed(frame, `expected a trailer that says ${counted[name]} as ${name}, got ${trailer[name]}`);
    }
    return trailer;
  }
}

function read<T>(frame: ArchiveFrame, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw malformed(frame, (cause as Error).message, cause);
  }
}

function malformed({ number, at }: ArchiveFrame, what: string, cause?: unknown): ArchiveError {
  return new ArchiveError("archive_malformed", `frame ${number}, at byte ${at}: ${what}`, { cause });
}

function wrongKind(frame: ArchiveFrame, expected: string): ArchiveError {
  return malformed(frame, `expected ${expected}, got a frame of kind ${frame.kind}`);
}
