/** Bodies of real senders made into ones that no sender sends: changed, cut, doubled, packed, in other charsets, nested, or of no format at all. */

import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

/** A number from 0 to less than `below`. */
export type Roll = (below: number) => number;

export type Mutated = {
  readonly body: Buffer;
  /** Content-Encoding, where it is said to be packed. */
  readonly encoding?: string;
  /** Whether that is what it is: then what it holds is `plain`. */
  readonly plain: Buffer | undefined;
};

const CHARSETS = ["utf16le", "latin1", "hex", "base64"] as const;
/** What parsers meet with surprise. */
const TOKENS = [
  "\u0000",
  "\ufeff",
  "\ud800",
  "1e999",
  "-0",
  "__proto__",
  "\\u0000",
  '"constructor":{"prototype":1}',
  "[".repeat(5_000),
  '{"a":'.repeat(3_000),
  "9".repeat(400),
  "\r\n\r\n",
  "\n",
  "<134>1 2026-11-28T00:00:00Z h a - - - ",
  "__CURSOR=s=1;i=1\n",
];
const GZIP_BOMB_BYTES = 80 * 1024 * 1024;
let bomb: Buffer | undefined;

export function pick<T>(roll: Roll, list: readonly T[]): T {
  return list[roll(list.length)] as T;
}

function changeBytes(roll: Roll, body: Buffer): Buffer {
  const changed = Buffer.from(body);
  for (let n = roll(9); n >= 0 && changed.length > 0; n--) changed[roll(changed.length - 1 + 1)] = roll(256);
  return changed;
}

function insert(roll: Roll, body: Buffer): Buffer {
  const at = roll(body.length + 1);
  return Buffer.concat([body.subarray(0, at), Buffer.from(pick(roll, TOKENS)), body.subarray(at)]);
}

function swapParts(roll: Roll, body: Buffer): Buffer {
  const [a = 0, b = 0, c = 0] = [roll(body.length + 1), roll(body.length + 1), roll(body.length + 1)].sort(
    (x, y) => x - y,
  );
  return Buffer.concat([body.subarray(0, a), body.subarray(b, c), body.subarray(a, b), body.subarray(c)]);
}

const CHANGES: readonly ((roll: Roll, body: Buffer) => Buffer)[] = [
  (_, body) => body,
  changeBytes,
  changeBytes,
  insert,
  swapParts,
  (roll, body) => body.subarray(0, roll(body.length + 1)),
  (roll, body) => Buffer.concat(Array.from({ length: 1 + roll(21) }, () => body)),
  (roll, body) => Buffer.from(body.toString(pick(roll, CHARSETS))),
  (_, body) => Buffer.from(body.toString("latin1"), "utf16le"),
  (roll) => Buffer.from(Array.from({ length: roll(2_000) }, () => roll(256))),
  (roll) => Buffer.from(pick(roll, TOKENS)),
];

const PACKERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  zstd: (body) => zstdCompressSync(body),
};

/** One to three changes, and then, one time in four, packed: rightly, under a wrong name, damaged, or as a bomb. */
export function mutate(roll: Roll, body: Buffer): Mutated {
  let changed = body;
  for (let n = roll(3); n >= 0; n--) changed = pick(roll, CHANGES)(roll, changed);
  switch (roll(16)) {
    case 0:
    case 1: {
      const encoding = pick(roll, Object.keys(PACKERS));
      return { body: PACKERS[encoding]?.(changed) ?? changed, encoding, plain: changed };
    }
    case 2:
      return { body: changeBytes(roll, gzipSync(changed)), encoding: "gzip", plain: undefined };
    case 3:
      return {
        body: brotliCompressSync(changed),
        encoding: pick(roll, ["br", "snappy", "gzip", "zstd"]),
        plain: undefined,
      };
    case 4:
      if (roll(31) > 0) break;
      bomb ??= gzipSync(Buffer.alloc(GZIP_BOMB_BYTES, "[1]\n"));
      return { body: bomb, encoding: "gzip", plain: undefined };
  }
  return { body: changed, plain: changed };
}
