/**
 * What a spool sets aside for people: events that the service refused, and files that a disk has damaged. Both have a part of
 * the spool's bytes; what there is no room for is counted and told. Why: docs/decisions/0194.
 */

import { type FileHandle, link, lstat, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../../json/read.ts";
import { isObject } from "../../verify/bundle/forms.ts";
import type { OutgoingEvent } from "../client/event.ts";
import type { HoldfastError } from "../client/holdfast-error.ts";
import { openPrivateFile, openPrivateFolder, readPrivateFile, writePrivateFile } from "./private-files.ts";

const REFUSED = "refused.ndjson";
const DROPPED = "refused-dropped.json";
const DAMAGED = "damaged";
const LINE_END = 0x0a;

export class SetAside {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #onRefusedDropped: (count: number) => void;
  #damagedBytes = 0;
  #told = 0;
  /** Events that the service refused and that there was no room for, since the start. */
  refusedDropped = 0;

  private constructor(folder: string, bytesMax: number, onRefusedDropped: (count: number) => void) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    this.#onRefusedDropped = onRefusedDropped;
  }

  /** Looks at what is set aside already. @param onRefusedDropped is told whenever the count has doubled */
  static async open(folder: string, bytesMax: number, onRefusedDropped: (count: number) => void): Promise<SetAside> {
    const aside = new SetAside(folder, bytesMax, onRefusedDropped);
    for (const name of await readdir(join(folder, DAMAGED)).catch(() => [])) {
      aside.#damagedBytes += await sizeOf(join(folder, DAMAGED, name));
    }
    if ((await sizeOf(join(folder, REFUSED))) > 0) await cutTornLine(join(folder, REFUSED));
    return aside;
  }

  /** Keeps an event that was refused, with the reason, or counts it where there is no room. */
  async keepRefused(event: OutgoingEvent, { code, message, errors }: HoldfastError): Promise<void> {
    const at = new Date().toISOString();
    const line = Buffer.from(`${JSON.stringify({ at, code, message, errors, event: event.text })}\n`);
    const path = join(this.#folder, REFUSED);
    // Somebody may have taken it away meanwhile, which makes room.
    if ((await sizeOf(path)) + this.#damagedBytes + line.length > this.#bytesMax) return await this.#drop(at);
    const handle = await openPrivateFile(path, "change");
    try {
      await appendWhole(handle, line);
    } finally {
      await handle.close();
    }
  }

  async #drop(at: string): Promise<void> {
    const path = join(this.#folder, DROPPED);
    const before = await readDropped(path);
    const now = { dropped: before.dropped + 1, since: before.since ?? at, last: at };
    await writePrivateFile(`${path}.new`, `${JSON.stringify(now)}\n`, false);
    await rename(`${path}.new`, path);
    this.refusedDropped++;
    if (this.refusedDropped < 2 * this.#told) return;
    this.#told = this.refusedDropped;
    this.#onRefusedDropped(this.refusedDropped);
  }

  /** Keeps a damaged file as it is. @returns where; undefined when there is no room for it */
  async keepDamaged(name: string, bytes: number): Promise<string | undefined> {
    const refusedBytes = await sizeOf(join(this.#folder, REFUSED));
    if (refusedBytes + this.#damagedBytes + bytes > this.#bytesMax) return undefined;
    await openPrivateFolder(join(this.#folder, DAMAGED));
    const kept = join(DAMAGED, `${Date.now()}-${name}`);
    await link(join(this.#folder, name), join(this.#folder, kept));
    this.#damagedBytes += bytes;
    return kept;
  }
}

async function sizeOf(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.size ?? 0;
}

/** A line that a crash has cut is of an event that is still in the spool, and is refused again. */
async function cutTornLine(path: string): Promise<void> {
  const bytes = await readPrivateFile(path);
  const end = bytes.lastIndexOf(LINE_END) + 1;
  if (end === bytes.length) return;
  const handle = await openPrivateFile(path, "change");
  try {
    await handle.truncate(end);
  } finally {
    await handle.close();
  }
}

/** All of it or nothing. */
async function appendWhole(handle: FileHandle, line: Buffer): Promise<void> {
  const { size } = await handle.stat();
  try {
    for (let at = 0; at < line.length; ) {
      const { bytesWritten } = await handle.write(line, at, line.length - at, size + at);
      at += bytesWritten;
    }
    await handle.datasync();
  } catch (error) {
    await handle.truncate(size).catch(() => undefined); // a start cuts what is left
    throw error;
  }
}

type DroppedSoFar = { readonly dropped: number; readonly since: string | undefined };

async function readDropped(path: string): Promise<DroppedSoFar> {
  const none = { dropped: 0, since: undefined };
  try {
    const read = readJson((await readPrivateFile(path)).toString());
    if (!isObject(read) || !Number.isSafeInteger(read.dropped)) return none;
    return { dropped: read.dropped as number, since: typeof read.since === "string" ? read.since : undefined };
  } catch {
    return none;
  }
}
