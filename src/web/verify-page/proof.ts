/** What a reader brought: a text, or bytes that are none. */

import { readUtf8 } from "../../merkle/bytes.ts";

/** A text and where it came from. */
export type Proof = {
  readonly name: string;
  /** What is no text, as far as it can be spelled. */
  readonly text: string;
  /** Why it is no text; undefined when it is one. */
  readonly problem?: string;
};

/** A proof from bytes, every one of which counts: a byte order mark is text, and what is no UTF-8 is none. */
export function proofOf(name: string, read: () => Uint8Array): Proof {
  let bytes: Uint8Array;
  try {
    bytes = read();
  } catch (error) {
    return unreadable(name, error as Error);
  }
  try {
    return { name, text: readUtf8(bytes) };
  } catch {
    return { name, text: new TextDecoder().decode(bytes), problem: "expected UTF-8, got other bytes" };
  }
}

/** Judged like anything else that is no text, and says why. */
export function unreadable(name: string, error: Error): Proof {
  return { name, text: "", problem: error.message };
}
