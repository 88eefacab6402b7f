/**
 * Events that wait on a disk, in the order in which they were added. How far they are recorded is written down beside them,
 * now and then and unsynced: an event that is sent once more after a crash is recorded once, by its id.
 * Why: docs/decisions/0175.
 */

import { rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readJson } from "../../json/read.ts";
import { isObject } from "../../verify/bundle/forms.ts";
import type { RecordedEvent } from "../client/answers/check-answer.ts";
import type { OutgoingEvent } from "../client/event.ts";
import { HoldfastError } from "../client/holdfast-error.ts";
import type { EventSpool } from "../client/options.ts";
import type { BatchLimits } from "../client/sending/outbox.ts";
import { FRAME_HEAD, readFrames, SEGMENT_HEAD } from "./frames.ts";
import { openPrivateFile, openPrivateFolder, readPrivateFile, writePrivateFile } from "./private-files.ts";
import { numberOf, openSegments, removeLeftovers, type Segment, type SpoolDamage } from "./segments.ts";
import { SetAside } from "./set-aside.ts";
import { SpoolLock } from "./spool-lock.ts";
import { SegmentWriter } from "./writer.ts";

export type SpoolOptions = {
  /** A folder of its own for each process and ledger, which this user alone can open; made when it is not there. */
  readonly folder: string;
  /** Most bytes that the folder may have, 256 MiB when absent: an eighth is for what is set aside, the rest for events that wait. */
  readonly bytesMax?: number;
  /** What happens to an event for which there is no room: `refuse` (when absent) throws, `drop-oldest` makes room and counts. */
  readonly whenFull?: "refuse" | "drop-oldest";
  /** A start found a damaged file and has set it aside; a line on standard error when absent. */
  readonly onDamage?: (damage: SpoolDamage) => void;
  /**
   * There is no room in `refused.ndjson` for what the service refuses: so many such events were dropped. Told at the first one and
   * whenever the count has doubled; a line on standard error when absent.
   */
  readonly onRefusedDropped?: (count: number) => void;
};

const BYTES_MAX = 256 * 1024 * 1024;
const SEGMENT_BYTES_MAX = 8 * 1024 * 1024;
/** What is read ahead of what is sent. */
const READ_BYTES = 1024 * 1024;
/** Files of which all is recorded are removed when they have become this large, and at the end. */
const DRAINED_BYTES = 1024 * 1024;
/** What part of the folder is for what is set aside. */
const ASIDE_PART = 8;
const FRONT = "front.json";

type Waiting = OutgoingEvent & { readonly segment: string; readonly end: number };

/** Opens a spool. @throws HoldfastError spool_locked, spool_unsafe, spool_failed */
export async function openSpool(options: SpoolOptions): Promise<EventSpool> {
  // A slash at the end would have a link followed.
  const folder = resolve(options.folder);
  const { bytesMax = BYTES_MAX, whenFull = "refuse", onDamage = tellDamage } = options;
  let lock: SpoolLock | undefined;
  try {
    await openPrivateFolder(folder);
    lock = await SpoolLock.take(folder);
    await removeLeftovers(folder);
    const asideBytes = Math.floor(bytesMax / ASIDE_PART);
    const tellDropped = options.onRefusedDropped ?? ((count) => tellRefusedDropped(folder, count));
    const aside = await SetAside.open(folder, asideBytes, tellDropped);
    const segments = await openSegments(folder, aside, onDamage);
    const limits = { folder, bytesMax: bytesMax - asideBytes, whenFull };
    return new DiskSpool(limits, lock, aside, segments, await readFront(folder, segments));
  } catch (cause) {
    await lock?.release();
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("spool_failed", `the spool ${folder} cannot be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}

type SpoolLimits = Required<Pick<SpoolOptions, "folder" | "bytesMax" | "whenFull">>;
type Front = { readonly end: number; readonly recorded: number };

class DiskSpool implements EventSpool {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #dropsOldest: boolean;
  readonly #lock: SpoolLock;
  readonly #aside: SetAside;
  readonly #segments: Segment[];
  readonly #writer: SegmentWriter;
  /** Bytes of frames that are being written. */
  #coming = 0;
  /** Events that were read and are not settled; all of the first segment. */
  #ahead: Waiting[] = [];
  /** How far the first segment was read, and how far it is settled. */
  #readTo: number;
  #settledTo: number;
  #settledCount: number;
  dropped = 0;
  refused = 0;

  constructor(
    { folder, bytesMax, whenFull }: SpoolLimits,
    lock: SpoolLock,
    aside: SetAside,
    segments: Segment[],
    { end, recorded }: Front,
  ) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    this.#dropsOldest = whenFull === "drop-oldest";
    this.#lock = lock;
    this.#aside = aside;
    this.#segments = segments;
    this.#readTo = end;
    this.#settledTo = end;
    this.#settledCount = recorded;
    const next = numberOf(segments.at(-1)?.name ?? "") + 1;
    const segmentBytes = Math.min(SEGMENT_BYTES_MAX, Math.ceil(bytesMax / 8));
    this.#writer = new SegmentWriter(folder, segmentBytes, next, (segment) => this.#segments.push(segment));
  }

  get refusedDropped(): number {
    return this.#aside.refusedDropped;
  }

  get count(): number {
    return this.#segments.reduce((sum, { count }) => sum + count, 0) - this.#settledCount;
  }

  /** Of the events that wait, without what frames them. */
  get bytes(): number {
    const heads = this.#segments.length * SEGMENT_HEAD.length + this.count * FRAME_HEAD;
    const settled = this.#settledTo - SEGMENT_HEAD.length;
    return this.#fileBytes - heads - settled;
  }

  /** Of the files, with what is settled in the first of them. */
  get #fileBytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  async add(events: readonly OutgoingEvent[]): Promise<void> {
    const bytes = events.reduce((sum, each) => sum + each.bytes + FRAME_HEAD, 0);
    await this.#makeRoom(bytes, events);
    this.#coming += bytes;
    try {
      await this.#writer.add(events.map(({ text }) => text));
    } catch (error) {
      throw error instanceof HoldfastError ? error.about(events.map(({ id }) => id)) : error;
    } finally {
      this.#coming -= bytes;
    }
  }

  async #makeRoom(bytes: number, events: readonly OutgoingEvent[]): Promise<void> {
    const isFull = () => this.#fileBytes + this.#coming + bytes > this.#bytesMax;
    if (isFull() && this.count === 0) await this.#removeDrained(0);
    while (isFull() && this.#dropsOldest && this.#segments.length > 0) {
      const [oldest] = this.#segments as [Segment];
      if (oldest === this.#writer.segment) await this.#writer.endSegment();
      this.dropped += oldest.count - this.#settledCount;
      await this.#removeFirst();
    }
    if (!isFull()) return;
    const held = `${this.count} events in ${this.#fileBytes} bytes`;
    const message = `expected room for ${bytes} bytes in the spool ${this.#folder}, which may have ${this.#bytesMax} of events that wait, got ${held}`;
    throw new HoldfastError("spool_full", message, { remedy: "wait", ids: events.map(({ id }) => id) });
  }

  async peek({ countMax, bytesMax }: BatchLimits): Promise<readonly OutgoingEvent[]> {
    if (this.#ahead.length === 0) await this.#readAhead();
    let bytes = 0;
    let count = 0;
    for (const each of this.#ahead) {
      bytes += each.bytes;
      if (count > 0 && (count >= countMax || bytes > bytesMax)) break;
      count++;
    }
    return this.#ahead.slice(0, count);
  }

  async #readAhead(): Promise<void> {
    await this.#removeDrained(DRAINED_BYTES);
    const [segment] = this.#segments;
    if (segment === undefined || this.#readTo >= segment.size) return;
    const { name, size } = segment;
    const handle = await openPrivateFile(join(this.#folder, name), "read");
    try {
      let bytes = Buffer.alloc(Math.min(READ_BYTES, size - this.#readTo));
      await handle.read(bytes, 0, bytes.length, this.#readTo);
      let { frames } = readFrames(bytes, this.#readTo);
      if (frames.length === 0) {
        bytes = Buffer.alloc(size - this.#readTo);
        await handle.read(bytes, 0, bytes.length, this.#readTo);
        ({ frames } = readFrames(bytes, this.#readTo));
      }
      // It was dropped to make room, meanwhile.
      if (this.#segments[0] !== segment) return await this.#readAhead();
      if (frames.length === 0) throw new Error(`${join(this.#folder, name)} is not as it was written`);
      this.#ahead = frames.map(({ text, bytes, end }) => ({ id: idOf(text), text, bytes, end, segment: name }));
      this.#readTo = this.#ahead.at(-1)?.end ?? this.#readTo;
    } finally {
      await handle.close();
    }
  }

  async settle(events: readonly OutgoingEvent[], _: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      // One that was dropped meanwhile is not there any more.
      if (this.#ahead[0] !== event) continue;
      this.#ahead.shift();
      this.#settledTo = (event as Waiting).end;
      this.#settledCount++;
    }
    if (this.#ahead.length === 0) await this.#removeDrained(DRAINED_BYTES);
    await this.#writeFront();
  }

  async refuse(event: OutgoingEvent, error: HoldfastError): Promise<void> {
    await this.#aside.keepRefused(event, error);
    this.refused++;
    await this.settle([event], []);
  }

  /** What is on the disk waits until somebody has changed what has to be changed. */
  async fail(): Promise<void> {
    await Promise.resolve();
  }

  /** Removes the first files of which all is settled. @param leastBytes of the one that is written to */
  async #removeDrained(leastBytes: number): Promise<void> {
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      if (this.#settledCount < first.count) return;
      if (first === this.#writer.segment) {
        if (this.#coming > 0 || first.count === 0 || first.size < leastBytes) return;
        await this.#writer.endSegment();
        if (this.#settledCount < first.count) return;
      }
      await this.#removeFirst();
    }
  }

  async #removeFirst(): Promise<void> {
    const first = this.#segments.shift();
    if (first === undefined) return;
    this.#ahead = this.#ahead.filter(({ segment }) => segment !== first.name);
    this.#readTo = SEGMENT_HEAD.length;
    this.#settledTo = SEGMENT_HEAD.length;
    this.#settledCount = 0;
    await rm(join(this.#folder, first.name), { force: true });
  }

  async #writeFront(): Promise<void> {
    const [first] = this.#segments;
    if (first === undefined) return;
    const path = join(this.#folder, FRONT);
    const front = { segment: first.name, end: this.#settledTo, recorded: this.#settledCount };
    await writePrivateFile(`${path}.new`, JSON.stringify(front), false);
    await rename(`${path}.new`, path);
  }

  async close(): Promise<void> {
    await this.#writer.endSegment();
    await this.#removeDrained(0);
    await this.#lock.release();
  }
}

/** How far the first segment is recorded; from its beginning where that is not known, which costs sending it again. */
async function readFront(folder: string, [first]: readonly Segment[]): Promise<Front> {
  const start = { end: SEGMENT_HEAD.length, recorded: 0 };
  if (first === undefined) return start;
  try {
    const front = readJson((await readPrivateFile(join(folder, FRONT))).toString());
    if (!isObject(front) || front.segment !== first.name) return start;
    const { end, recorded } = front as { readonly end: number; readonly recorded: number };
    const bytes = (await readPrivateFile(join(folder, first.name))).subarray(SEGMENT_HEAD.length);
    const before = readFrames(bytes, SEGMENT_HEAD.length).frames.filter((frame) => frame.end <= end);
    const isThere = before.at(-1)?.end === end && before.length === recorded;
    return isThere ? { end, recorded } : start;
  } catch {
    return start;
  }
}

function idOf(text: string): string {
  const event = readJson(text);
  return isObject(event) && typeof event.id === "string" ? event.id : "";
}

function tellDamage({ file, bytes, setAside }: SpoolDamage): void {
  const where = setAside === undefined ? "there is no room to set it aside" : `it is set aside as ${setAside}`;
  console.error(
    `holdfast: ${bytes} bytes of the spool's file ${file} are damaged; ${where}, and what is whole in it is sent`,
  );
}

function tellRefusedDropped(folder: string, count: number): void {
  const events = count === 1 ? "1 event that the service refused was" : `${count} events that the service refused were`;
  console.error(
    `holdfast: ${events} dropped: there is no room for more in ${join(folder, "refused.ndjson")}. Mend what it says, take the file away, and more is kept.`,
  );
}
