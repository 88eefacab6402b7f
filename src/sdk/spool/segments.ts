/**
 * The files of a spool in their order, and mending them at a start: what was torn by a crash is cut off, what is damaged is
 * set aside whole, and the events in it that are whole are kept.
 */

import { lstat, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeFrame, FRAME_HEAD, readFrames, SEGMENT_HEAD } from "./frames.ts";
import { openPrivateFile, readPrivateFile, writePrivateFile } from "./private-files.ts";
import type { SetAside } from "./set-aside.ts";

/** A segment: a file that events are only ever added to. */
export type Segment = { readonly name: string; size: number; count: number };

/** Something that a start found and that people should know of. */
export type SpoolDamage = {
  readonly file: string;
  readonly bytes: number;
  /** Where the file is kept as it was found, in the folder; undefined when there was no room for it. */
  readonly setAside: string | undefined;
};

const NAME = /^(\d{12})\.events$/;
/** What a process that was killed leaves half written, and the claim of one that wanted the lock. */
const HALF_WRITTEN = /\.new$/;
const CLAIM = /^lock-/;
const CLAIM_MS = 60_000;

export function segmentName(number: number): string {
  return `${String(number).padStart(12, "0")}.events`;
}

export function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

/** Removes what processes that were killed have left half done. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (HALF_WRITTEN.test(name)) await rm(path, { force: true });
    // A young one is of somebody who is about to be told that the spool is taken.
    else if (CLAIM.test(name) && Date.now() - ((await lstat(path).catch(() => undefined))?.mtimeMs ?? 0) > CLAIM_MS) {
      await rm(path, { force: true });
    }
  }
}

/** Reads the segments of a folder, oldest first, each mended. @param onDamage is told of each that was damaged */
export async function openSegments(
  folder: string,
  aside: SetAside,
  onDamage: (damage: SpoolDamage) => void,
): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const segments: Segment[] = [];
  for (const name of names) {
    const segment = await openSegment(folder, name, name === names.at(-1), { aside, onDamage });
    if (segment.count > 0) segments.push(segment);
    else await rm(join(folder, name), { force: true });
  }
  return segments;
}

async function openSegment(
  folder: string,
  name: string,
  isNewest: boolean,
  { aside, onDamage }: { readonly aside: SetAside; readonly onDamage: (damage: SpoolDamage) => void },
): Promise<Segment> {
  const path = join(folder, name);
  const bytes = await readPrivateFile(path);
  const hasHead = bytes.subarray(0, SEGMENT_HEAD.length).equals(SEGMENT_HEAD);
  const from = hasHead ? SEGMENT_HEAD.length : 0;
  const { frames, end, damagedBytes, isTorn } = readFrames(bytes.subarray(from), from);
  const isCutHead = !hasHead && bytes.length < SEGMENT_HEAD.length;
  if (hasHead && damagedBytes === 0 && (!isTorn || isNewest)) {
    if (isTorn) await cut(path, end);
    return { name, size: isTorn ? end : bytes.length, count: frames.length };
  }
  if (!isCutHead) {
    const setAside = await aside.keepDamaged(name, bytes.length);
    const wholeBytes = frames.reduce((sum, each) => sum + each.bytes + FRAME_HEAD, from);
    onDamage({ file: name, bytes: bytes.length - wholeBytes, setAside });
  }
  const whole = Buffer.concat([SEGMENT_HEAD, ...frames.map(({ text }) => encodeFrame(text))]);
  await replace(path, whole);
  await syncFolder(folder);
  return { name, size: whole.length, count: frames.length };
}

async function cut(path: string, end: number): Promise<void> {
  const handle = await openPrivateFile(path, "change");
  try {
    await handle.truncate(end);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function replace(path: string, bytes: Buffer): Promise<void> {
  const fresh = `${path}.new`;
  await writePrivateFile(fresh, bytes, true);
  await rename(fresh, path);
}

/** Makes names durable; some systems open no folders, and need none of it. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(folder, "r");
  } catch (error) {
    if (["EPERM", "EISDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
