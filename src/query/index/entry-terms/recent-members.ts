/**
 * What members said that were read lately, found by their bytes: most entries have the actions, actors and sources of others. Each
 * text has one place, which follows from a hash, and the newest of those with the same place is kept.
 */

import { mix32 } from "../../../mix32.ts";

const PLACES = 8192;
/** Longer texts are not kept. */
const LENGTH_MAX = 512;

type Kept<Said> = { readonly bytes: Uint8Array; readonly said: Said };

export class RecentMembers<Said> {
  readonly #kept: (Kept<Said> | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  /** What was said by the very bytes [start, end). */
  get(bytes: Uint8Array, start: number, end: number): Said | undefined {
    const kept = this.#kept[placeOf(bytes, start, end)];
    return kept !== undefined && isSame(kept.bytes, bytes, start, end) ? kept.said : undefined;
  }

  set(bytes: Uint8Array, start: number, end: number, said: Said): void {
    if (end - start > LENGTH_MAX) return;
    this.#kept[placeOf(bytes, start, end)] = { bytes: Uint8Array.from(bytes.subarray(start, end)), said };
  }
}

/** Four bytes at a time: to mix in each alone takes longer than all else that is done with a text. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
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
  return mix32(hash) & (PLACES - 1);
}

function isSame(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (kept.length !== end - start) return false;
  for (let i = 0; i < kept.length; i++) if (kept[i] !== bytes[start + i]) return false;
  return true;
}
