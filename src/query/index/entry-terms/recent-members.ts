/**
 * What members said that were read lately, found by their bytes: most entries have the actions, actors and sources of others. Each
 * text has one place, which follows from a hash. It is kept there when it comes for the second time, as one that comes once would
 * cost more than it spares; the newest of those with the same place is.
 */

import { mix32 } from "../../../mix32.ts";

const PLACES = 8192;
/** Longer texts are not kept. */
export const LENGTH_MAX = 512;

type Kept<Said> = { readonly bytes: Uint8Array; readonly said: Said };

export class RecentMembers<Said> {
  readonly #kept: (Kept<Said> | undefined)[] = Array.from({ length: PLACES }, () => undefined);
  /** Hash of the text that was asked for last at each place, and is not kept. */
  readonly #asked = new Int32Array(PLACES);
  #hash = 0;

  /** What was said by the very bytes [start, end); undefined where that is not kept. */
  get(bytes: Uint8Array, start: number, end: number): Said | undefined {
    if (end - start > LENGTH_MAX) return undefined;
    this.#hash = hashOf(bytes, start, end);
    const kept = this.#kept[this.#hash & (PLACES - 1)];
    return kept !== undefined && isSame(kept.bytes, bytes, start, end) ? kept.said : undefined;
  }

  /** Whether the bytes that were asked for last and are not kept had been asked for before, so that they are worth it. */
  isWanted(): boolean {
    const place = this.#hash & (PLACES - 1);
    if (this.#asked[place] === this.#hash) return true;
    this.#asked[place] = this.#hash;
    return false;
  }

  /** Keeps what was said by the bytes that were asked for last. */
  keep(bytes: Uint8Array, start: number, end: number, said: Said): void {
    const copy = new Uint8Array(end - start);
    for (let i = 0; i < copy.length; i++) copy[i] = bytes[start + i] as number;
    this.#kept[this.#hash & (PLACES - 1)] = { bytes: copy, said };
  }

  clear(): void {
    this.#kept.fill(undefined);
    this.#asked.fill(0);
  }
}

/** Four bytes at a time: to mix in each alone takes longer than all else that is done with a text. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x9e3779b1);
  return mix32(hash);
}

function isSame(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (kept.length !== end - start) return false;
  for (let i = 0; i < kept.length; i++) if (kept[i] !== bytes[start + i]) return false;
  return true;
}
