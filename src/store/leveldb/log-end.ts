/**
 * Cuts off what a failed write left at the end of LevelDB's log. Nobody was told of it, and what was written behind it would
 * not be found again: after a failed append LevelDB's place in the block has moved, and the file has not.
 * Why: docs/decisions/0035.
 */

import { open } from "node:fs/promises";
import { filesIn, type LogFile, readLogs, readManifest } from "./folder.ts";
import { batchNumbers } from "./write-batch.ts";

/** Writes that were acknowledged are not in the files: nothing may be cut. */
export class AcknowledgedMissingError extends Error {
  override readonly name = "AcknowledgedMissingError";
  readonly code = "acknowledged_missing";
}

/**
 * Cuts the logs of a folder behind the last write that was acknowledged, durably; returns how many bytes went.
 * @param acknowledged sequence number of that write
 * @throws AcknowledgedMissingError when the whole part of the logs does not reach it; nothing is changed then
 */
export async function cutLogs(directory: string, acknowledged: number): Promise<number> {
  const manifest = await readManifest(directory);
  const logs = await readLogs(directory, await filesIn(directory), manifest);
  // Not by spreading: small records are so many that a call does not take them.
  const reached = logs.flatMap(numbersOf).reduce((max, { last }) => Math.max(max, last), manifest.lastSequence);
  if (reached < acknowledged) {
    const message = `expected write ${acknowledged}, which was acknowledged, in the logs of ${directory}, got ${reached} as the last whole one`;
    throw new AcknowledgedMissingError(message);
  }
  let cut = 0;
  for (const [i, log] of logs.entries()) {
    const first = numbersOf(log).find(({ last }) => last > acknowledged);
    const length = first?.start ?? (log.end === "whole" ? log.bytes : log.wholeBytes);
    if (length < log.bytes) cut += await shorten(log, length);
    if (first === undefined) continue;
    for (const later of logs.slice(i + 1)) if (later.bytes > 0) cut += await shorten(later, 0);
    break;
  }
  return cut;
}

function numbersOf({ records }: LogFile): { start: number; last: number }[] {
  return records.map(({ start, bytes }) => {
    const { sequence, count } = batchNumbers(bytes);
    return { start, last: sequence + count - 1 };
  });
}

/** Takes no room, so that it works on a full disk too. */
async function shorten({ path, bytes }: LogFile, length: number): Promise<number> {
  const file = await open(path, "r+");
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
  return bytes - length;
}
