/**
 * Writes events into the newest segment and syncs it before anybody is told that they are there; what comes while a sync is
 * under way goes with the next one. After a failed write nothing more goes into that segment: what is in it behind the last
 * sync is cut off.
 */

import { type FileHandle, rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../client/holdfast-error.ts";
import { encodeFrame, SEGMENT_HEAD } from "./frames.ts";
import { openPrivateFile } from "./private-files.ts";
import { type Segment, segmentName, syncFolder } from "./segments.ts";

type Adding = {
  readonly frames: Buffer;
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: HoldfastError) => void;
};

export class SegmentWriter {
  readonly #folder: string;
  readonly #segmentBytesMax: number;
  readonly #onSegment: (segment: Segment) => void;
  #next: number;
  #file: { readonly handle: FileHandle; readonly segment: Segment } | undefined;
  #adding: Adding[] = [];
  #working: Promise<void> | undefined;

  /** @param next number of the next segment */
  constructor(folder: string, segmentBytesMax: number, next: number, onSegment: (segment: Segment) => void) {
    this.#folder = folder;
    this.#segmentBytesMax = segmentBytesMax;
    this.#next = next;
    this.#onSegment = onSegment;
  }

  /** The segment that is written to. */
  get segment(): Segment | undefined {
    return this.#file?.segment;
  }

  /** Resolves when these texts are synced. @throws HoldfastError spool_failed */
  add(texts: readonly string[]): Promise<void> {
    const frames = Buffer.concat(texts.map(encodeFrame));
    return new Promise((resolve, reject) => {
      this.#adding.push({ frames, count: texts.length, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Ends the segment: the next event begins another. */
  async endSegment(): Promise<void> {
    await this.#working;
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  async #work(): Promise<void> {
    // Whoever calls in the same turn goes along.
    await Promise.resolve();
    for (let adding = this.#adding.splice(0); adding.length > 0; adding = this.#adding.splice(0)) {
      try {
        await this.#write(adding);
        for (const { resolve } of adding) resolve();
      } catch (cause) {
        const message = `the spool ${this.#folder} takes no events: ${(cause as Error).message}`;
        const error = new HoldfastError("spool_failed", message, { cause, remedy: "wait" });
        for (const { reject } of adding) reject(error);
      }
    }
    this.#working = undefined;
  }

  async #write(adding: readonly Adding[]): Promise<void> {
    const file = await this.#openFile();
    const { handle, segment } = file;
    const bytes = Buffer.concat(adding.map(({ frames }) => frames));
    try {
      await writeAll(handle, bytes, segment.size);
      await handle.datasync();
    } catch (error) {
      this.#file = undefined;
      await handle.truncate(segment.size).catch(() => undefined); // a start reads what is left, and tells it from a crash
      await handle.close();
      throw error;
    }
    segment.size += bytes.length;
    segment.count += adding.reduce((sum, { count }) => sum + count, 0);
    if (segment.size < this.#segmentBytesMax) return;
    this.#file = undefined;
    await handle.close();
  }

  async #openFile(): Promise<{ readonly handle: FileHandle; readonly segment: Segment }> {
    if (this.#file !== undefined) return this.#file;
    const name = segmentName(this.#next++);
    const handle = await openPrivateFile(join(this.#folder, name), "create");
    try {
      await writeAll(handle, SEGMENT_HEAD, 0);
      await syncFolder(this.#folder);
    } catch (error) {
      await handle.close();
      // Else a disk that is full gets a file for each event that is refused.
      await rm(join(this.#folder, name), { force: true }).catch(() => undefined);
      throw error;
    }
    this.#file = { handle, segment: { name, size: SEGMENT_HEAD.length, count: 0 } };
    this.#onSegment(this.#file.segment);
    return this.#file;
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
