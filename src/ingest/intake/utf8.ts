/** UTF-8 as it must be where nothing else is taken. */

import { IntakeError } from "./intake-error.ts";

/** A byte order mark is not skipped, RFC 8259 §8.1. */
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws IntakeError utf8_invalid */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw new IntakeError("utf8_invalid", "expected UTF-8, got bytes that are not", { cause });
  }
}
