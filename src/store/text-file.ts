/**
 * Text files that people write: settings, passwords, keys, addresses. Editors put a byte order mark in front that nobody
 * sees, and some write UTF-16; the first is left out, the second is said.
 */

import { readFileSync } from "node:fs";

/**
 * The text of a file.
 * @param file a path, or an open file such as 0 for standard input
 * @throws what the system says when it cannot be read, TypeError when it is no UTF-8
 */
export function readTextFile(file: string | number): string {
  const bytes = readFileSync(file);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw new TypeError("expected text in UTF-8, got UTF-16; save it as UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TypeError("expected text in UTF-8, got other bytes", { cause });
  }
}
