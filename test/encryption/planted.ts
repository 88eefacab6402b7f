/** Looking for a text in files, in every spelling that hides it from a search for the text itself. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { constants, gunzipSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { readTable } from "../../src/store/leveldb/tables/table.ts";

/** Files under a folder, or the one file, in which a text stands, in some spelling. */
export function foundIn(place: string, text: string): string[] {
  const spellings = spellingsOf(text);
  return filesUnder(place).filter((path) => {
    const bytes = readFileSync(path);
    return [bytes, ...recordsOf(path, bytes), ...unpacked(bytes)].some((each) =>
      spellings.some((spelling) => each.includes(spelling)),
    );
  });
}

function filesUnder(place: string): string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));
}

/** UTF-8, UTF-16 either way, hex, and base64 as it stands behind 0, 1 or 2 other bytes, in both alphabets. */
function spellingsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  const inBase64 = [0, 1, 2].flatMap((skip) => {
    const whole = bytes.subarray(skip, skip + 3 * Math.floor((bytes.length - skip) / 3));
    return [whole.toString("base64"), whole.toString("base64url")];
  });
  const utf16 = Buffer.from(text, "utf16le");
  const spelled = [hex, hex.toUpperCase(), ...inBase64].map((each) => Buffer.from(each));
  return [bytes, utf16, Buffer.from(utf16).swap16(), ...spelled];
}

/** What compressed streams in some bytes hold, as far as each can be read. */
function unpacked(bytes: Buffer): Buffer[] {
  const finishFlush = constants.Z_SYNC_FLUSH;
  return [
    ...streams(bytes, [0x1f, 0x8b, 0x08], (rest) => gunzipSync(rest, { finishFlush })),
    ...streams(bytes, [0x50, 0x4b, 0x03, 0x04], (rest) => inflateRawSync(rest.subarray(30), { finishFlush })),
    ...streams(bytes, [0x28, 0xb5, 0x2f, 0xfd], (rest) => zstdDecompressSync(rest)),
  ];
}

function streams(bytes: Buffer, magic: readonly number[], unpack: (rest: Buffer) => Buffer): Buffer[] {
  const found: Buffer[] = [];
  const beginning = Buffer.from(magic);
  for (let at = bytes.indexOf(beginning); at >= 0; at = bytes.indexOf(beginning, at + 1)) {
    try {
      found.push(unpack(bytes.subarray(at)));
    } catch {
      // It only began as one does.
    }
  }
  return found;
}

/** Keys and values of a sorted file of LevelDB, whose blocks are compressed one by one. */
function recordsOf(path: string, bytes: Uint8Array): Buffer[] {
  if (!path.endsWith(".ldb")) return [];
  return [...readTable(bytes, [])].flatMap(({ key, value }) => [key, value].map((each) => Buffer.from(each ?? [])));
}
