/** Records of exports for tests: an event as a ledger would have recorded it, with the leaf hash that it leads to. */

import { type Entry, entryLeafHash, type Member } from "../../src/entry/entry.ts";
import { memberText } from "../../src/entry/member.ts";
import type { ExportRecord } from "../../src/export/record.ts";
import { sortNames } from "../../src/json/canonical.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";

const RECORDED_AT = 1_790_000_000_000;

/** @param hidden names of members that are withheld */
export function recordOf(
  event: Readonly<Record<string, unknown>>,
  index = 7,
  hidden: readonly string[] = [],
): ExportRecord {
  const members = sortNames(Object.keys(event)).map((name, i): Member => {
    const salt = new Uint8Array(16).fill(i + 1);
    const text = memberText(name, event[name]);
    return hidden.includes(name) ? { digest: keccak256(salt) } : { salt, text };
  });
  const entry: Entry = { recordedAt: RECORDED_AT, members };
  const shown = Object.fromEntries(Object.entries(event).filter(([name]) => !hidden.includes(name)));
  return { index, recordedAt: RECORDED_AT, leafHash: toHex(entryLeafHash(keccak256, entry)), event: shown, entry };
}
