/**
 * Looks at LevelDB's log before LevelDB does. It holds what was written last, and LevelDB passes over what is damaged in
 * it without a word, goes on with an older state, and deletes the file: one bit would take acknowledged entries along.
 * The form is that of LevelDB's doc/log_format.md: blocks of 32 KiB, and records in parts of checksum, length and type.
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DamagedStoreError } from "./store.ts";

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** Types of parts: a whole record, and the first and the last of several. */
const WHOLE = 1;
const FIRST = 2;
const LAST = 4;
/** Added to checksums, so that checksums of checksums are no trouble. */
const MASK = 0xa282ead8;

/** CRC-32C, polynomial 0x1EDC6F41 reflected. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/**
 * Reads the logs in LevelDB's folder.
 * @throws DamagedStoreError when one is damaged before its end; at its end a crash leaves a record that is cut off
 */
export async function checkLogs(directory: string): Promise<void> {
  for (const name of await logsIn(directory)) {
    const at = findDamage(await readFile(join(directory, name)));
    if (at === undefined) continue;
    const wayOut = "keep a copy of the folder, and bring back a copy of the store from before";
    throw new DamagedStoreError(
      `expected the log ${name} in ${directory} as it was written, got damage at byte ${at}; opening it would drop what came after: ${wayOut}`,
    );
  }
}

async function logsIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => /^\d+\.log$/.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Where a log is damaged, with a record behind that place that was begun later; undefined when it is not. */
export function findDamage(log: Uint8Array): number | undefined {
  let damagedAt: number | undefined;
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const blockEnd = at - (at % BLOCK_BYTES) + BLOCK_BYTES;
    if (blockEnd - at < HEADER_BYTES) {
      at = blockEnd;
      continue;
    }
    const type = log[at + 6] as number;
    const end = at + HEADER_BYTES + ((log[at + 4] as number) | ((log[at + 5] as number) << 8));
    const isPart = type >= WHOLE && type <= LAST && end <= Math.min(blockEnd, log.length);
    if (isPart && checksumAt(log, at) === checksum(log, at + 6, end)) {
      if (damagedAt !== undefined && (type === WHOLE || type === FIRST)) return damagedAt;
      at = end;
    } else {
      damagedAt ??= at;
      // Where the next part begins is not known, as the length itself may be what is damaged.
      at++;
    }
  }
  return undefined;
}

function checksumAt(log: Uint8Array, at: number): number {
  return new DataView(log.buffer, log.byteOffset + at, 4).getUint32(0, true);
}

function checksum(log: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let i = from; i < to; i++) crc = (TABLE[(crc ^ (log[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}
