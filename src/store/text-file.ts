/**
 * Text files that people write: settings, passwords, keys, addresses. Editors put a byte order mark in front that nobody
 * sees, and some write UTF-16; the first is left out, the second is said.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";

const PIECE_BYTES = 64 * 1024;

/**
 * The text of a file.
 * @param file a path, or an open file such as 0 for standard input
 * @throws what the system says when it cannot be read, TypeError when it is no UTF-8
 */
export function readTextFile(file: string | number): string {
  return textOf(readFileSync(file));
}

/**
 * The text of a file that a program keeps for itself, and that anything may stand in the place of: a pipe that nobody
 * writes to would be waited for, and a device or a giant be read for ever.
 * @throws what the system says when it cannot be read, TypeError when it is no file, too large or no UTF-8
 */
export function readKeptFile(path: string, bytesMax: number): string {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(fd);
    // Of a folder the system says that it is one.
    if (!stats.isFile() && !stats.isDirectory()) throw new TypeError("expected a file, got a pipe or a device");
    return textOf(readAll(fd, bytesMax));
  } finally {
    closeSync(fd);
  }
}

/** What is read, and not what the system calls its size, is bounded: a file may grow meanwhile. */
function readAll(fd: number, bytesMax: number): Uint8Array {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = Buffer.alloc(PIECE_BYTES);
    const got = readSync(fd, piece);
    if (got === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, got));
    length += got;
    if (length > bytesMax) throw new TypeError(`expected at most ${bytesMax} bytes, got more`);
  }
}

function textOf(bytes: Uint8Array): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw new TypeError("expected text in UTF-8, got UTF-16; save it as UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TypeError("expected text in UTF-8, got other bytes", { cause });
  }
}
