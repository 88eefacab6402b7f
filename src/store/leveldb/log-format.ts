/**
 * LevelDB's log, read by ourselves: it holds what was written last, and LevelDB passes over what is damaged in it without a
 * word, goes on with an older state, and deletes the file. The manifest has the same form. The form is that of LevelDB's
 * doc/log_format.md: blocks of 32 KiB, and records in parts of checksum, length and type.
 */

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** Types of parts: a whole record, and the first, those between, and the last of several. */
const WHOLE = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
/** Added to checksums, so that checksums of checksums are no trouble. */
const MASK = 0xa282ead8;

/** CRC-32C, polynomial 0x1EDC6F41 reflected, of a byte with up to seven zeros behind it: eight bytes are summed at once. */
const TABLES = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  TABLES[byte] = value;
}
for (let i = 256; i < TABLES.length; i++) {
  const before = TABLES[i - 256] as number;
  TABLES[i] = (TABLES[before & 0xff] as number) ^ (before >>> 8);
}

/** A record and where it lies in the file: [start, end). */
export type LogRecord = { readonly start: number; readonly end: number; readonly bytes: Uint8Array };

/**
 * What a log holds: the records before the first byte that is not as it was written, and what is behind them.
 * - `whole`: nothing is.
 * - `torn`: the beginning of one record that was never finished, as a crash or a failed write leaves it.
 * - `damaged`: something that was written whole. Records that were acknowledged may be among what cannot be read.
 */
export type LogContents = {
  readonly records: readonly LogRecord[];
  readonly end: "whole" | "torn" | "damaged";
  /** Length of the part that is as it was written. */
  readonly wholeBytes: number;
};

/** Reads a log as far as it is whole, and tells what follows. */
export function readLog(log: Uint8Array): LogContents {
  return readFrom(log, 0);
}

function readFrom(log: Uint8Array, from: number): LogContents {
  const records: LogRecord[] = [];
  let pending: { start: number; parts: Uint8Array[] } | undefined;
  let at = from;
  for (;;) {
    at = nextHeader(log, at);
    const part = partAt(log, at, blockEnd(at));
    // A record that begins inside another one, or goes on without having begun, follows a loss.
    const fits = part !== undefined && (part.type === WHOLE || part.type === FIRST) === (pending === undefined);
    if (part === undefined || !fits)
      return { records, ...judgeRest(log, at, pending?.start ?? records.at(-1)?.end ?? from) };
    if (pending === undefined) pending = { start: at, parts: [part.bytes] };
    else pending.parts.push(part.bytes);
    at = part.end;
    if (part.type === FIRST || part.type === MIDDLE) continue;
    records.push({ start: pending.start, end: at, bytes: join(pending.parts) });
    pending = undefined;
  }
}

/**
 * Every whole record, also behind damage: for keeping what can be kept. Where a log is damaged, each further place is tried
 * until a record begins.
 */
export function salvageLog(log: Uint8Array): { readonly records: readonly LogRecord[]; readonly lostBytes: number } {
  const records: LogRecord[] = [];
  let lostBytes = 0;
  let rest = 0;
  for (;;) {
    const found = readFrom(log, rest);
    records.push(...found.records);
    const at = found.wholeBytes;
    const next = found.end === "damaged" ? nextStart(log, at + 1) : undefined;
    lostBytes += found.end === "whole" ? 0 : (next ?? log.length) - at;
    if (next === undefined) return { records, lostBytes };
    rest = next;
  }
}

/** The next place where a record begins. */
function nextStart(log: Uint8Array, from: number): number | undefined {
  for (let at = from; at + HEADER_BYTES <= log.length; at++) {
    const type = partAt(log, at, blockEnd(at))?.type;
    if (type === WHOLE || type === FIRST) return at;
  }
  return undefined;
}

/** CRC-32C of [from, to), masked as LevelDB stores it. */
export function maskedCrc(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc ^= byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    crc =
      sumOf(crc & 0xff, 7) ^
      sumOf((crc >>> 8) & 0xff, 6) ^
      sumOf((crc >>> 16) & 0xff, 5) ^
      sumOf(crc >>> 24, 4) ^
      sumOf(byte(bytes, at + 4), 3) ^
      sumOf(byte(bytes, at + 5), 2) ^
      sumOf(byte(bytes, at + 6), 1) ^
      sumOf(byte(bytes, at + 7), 0);
  }
  for (; at < to; at++) crc = sumOf((crc ^ byte(bytes, at)) & 0xff, 0) ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function sumOf(value: number, zeros: number): number {
  return TABLES[(zeros << 8) | value] as number;
}

/** What stands at `at`, where reading ended; `wholeBytes` is the end of the last whole record. */
function judgeRest(log: Uint8Array, at: number, wholeBytes: number): Omit<LogContents, "records"> {
  if (lastByte(log) <= wholeBytes) return { end: "whole", wholeBytes };
  // Where the next part begins is not known: lengths may be what is damaged, and after a failed write LevelDB goes on at
  // places where its blocks do not begin.
  for (let from = at; from + HEADER_BYTES <= log.length; from++) {
    if (partAt(log, from, log.length) !== undefined) return { end: "damaged", wholeBytes };
  }
  return { end: "torn", wholeBytes };
}

/** Zeros behind the last record, as the end of a block has them, are no record that was begun. */
function lastByte(log: Uint8Array): number {
  let end = log.length;
  while (end > 0 && log[end - 1] === 0) end--;
  return end;
}

function blockEnd(at: number): number {
  return at - (at % BLOCK_BYTES) + BLOCK_BYTES;
}

/** A block's last bytes are left out where no header fits. */
function nextHeader(log: Uint8Array, at: number): number {
  const end = blockEnd(at);
  return end - at < HEADER_BYTES ? Math.min(end, log.length) : at;
}

type Part = { readonly type: number; readonly bytes: Uint8Array; readonly end: number };

/** The part at a place, when there is a whole one that ends before `limit`. */
function partAt(log: Uint8Array, at: number, limit: number): Part | undefined {
  const type = log[at + 6];
  if (type === undefined || type < WHOLE || type > LAST) return undefined;
  const end = at + HEADER_BYTES + ((log[at + 4] as number) | ((log[at + 5] as number) << 8));
  if (end > Math.min(limit, log.length)) return undefined;
  const sum = new DataView(log.buffer, log.byteOffset + at, 4).getUint32(0, true);
  if (sum !== maskedCrc(log, at + 6, end)) return undefined;
  return { type, bytes: log.subarray(at + HEADER_BYTES, end), end };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
