/** What bodies are decompressed from: whole or not at all, in memory that was asked for before. */

import assert from "node:assert/strict";
import test from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { compress } from "snappyjs";
import { BodyBudget } from "../../../src/http/intake/body.ts";
import { decodeBody } from "../../../src/http/intake/decode.ts";

const TEXT = Buffer.from("what was sent, and what was sent again, and what was sent a third time; ".repeat(40));
const MAX = 10_000_000;
const anything = (): void => undefined;

function framed(bytes: Uint8Array, kind: 0 | 1): Buffer {
  const data = kind === 0 ? compress(bytes) : bytes;
  const size = data.length + 4;
  const head = [0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59, kind, size & 255, size >> 8, 0, 0, 0, 0, 0];
  return Buffer.concat([Buffer.from(head), data]);
}

const ENCODED: readonly (readonly [string, Uint8Array])[] = [
  ["gzip", gzipSync(TEXT)],
  ["deflate", deflateSync(TEXT)],
  ["deflate", deflateRawSync(TEXT)],
  ["br", brotliCompressSync(TEXT)],
  ["zstd", zstdCompressSync(TEXT)],
  ["snappy", compress(TEXT)],
  ["snappy", framed(TEXT, 0)],
  ["x-snappy-framed", framed(TEXT, 1)],
];

test("every encoding is taken whole, and with something behind it or something missing not at all", async () => {
  for (const [encoding, bytes] of ENCODED) {
    const whole = await decodeBody(bytes, encoding, MAX, anything);
    assert.ok(TEXT.equals(whole ?? Buffer.alloc(0)), encoding);
    const more = Buffer.concat([bytes, Buffer.from([0x0c, 1, 2, 3, 4])]);
    assert.equal(await decodeBody(more, encoding, MAX, anything), undefined, `${encoding} with more`);
    for (const length of [0, 1, 5, bytes.length - 1]) {
      const cut = await decodeBody(bytes.subarray(0, length), encoding, MAX, anything);
      assert.ok(cut === undefined || length === 0, `${encoding} cut off at ${length}`);
    }
  }
});

test("a block of snappy that is not as long as it says is not taken for what was sent", async () => {
  const block = Buffer.from(compress(Buffer.from("0123456789")));
  for (const length of [0, 1, 9, 11, 100]) {
    const lying = Buffer.concat([Buffer.from([length]), block.subarray(1)]);
    assert.equal(await decodeBody(lying, "snappy", MAX, anything), undefined, String(length));
  }
});

test("any bytes come back from snappy, and what is no block never throws or runs over", async () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.array(fc.constantFrom(1, 2), { maxLength: 3000 }));
  await fc.assert(
    fc.asyncProperty(bytes, fc.nat(), fc.nat(255), async (values, at, byte) => {
      const sent = Uint8Array.from(values);
      const block = compress(sent);
      assert.deepEqual(Uint8Array.from((await decodeBody(block, "snappy", MAX, anything)) ?? []), sent);
      const broken = block.slice();
      broken[at % block.length] = byte;
      await decodeBody(broken, "snappy", 1_000_000, anything).catch((error) =>
        assert.equal(error.code, "request_too_large"),
      );
    }),
    { seed: 20_260_311, numRuns: 300 },
  );
});

test("memory is asked for before it is taken, and what asks for too much ends there", async () => {
  const zeros = Buffer.alloc(20_000_000);
  const bombs: readonly (readonly [string, Uint8Array])[] = [
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["br", brotliCompressSync(zeros)],
    ["zstd", zstdCompressSync(zeros)],
    ["snappy", Buffer.from([0x80, 0xda, 0xc4, 0x09, 0])],
  ];
  for (const [encoding, bytes] of bombs) {
    const budget = new BodyBudget(1_000_000);
    const hold = (more: number): void => budget.take(more);
    await assert.rejects(decodeBody(bytes, encoding, 100_000_000, hold), { code: "service_busy" });
    await assert.rejects(decodeBody(bytes, encoding, 1000, anything), { code: "request_too_large" });
  }
});

test("a few encodings are undone one after another, many are kept as they came", async () => {
  const twice = gzipSync(deflateSync(TEXT));
  assert.ok(TEXT.equals((await decodeBody(twice, "deflate, identity, GZIP", MAX, anything)) ?? Buffer.alloc(0)));
  let nested: Buffer = TEXT;
  for (let i = 0; i < 5; i++) nested = gzipSync(nested);
  assert.equal(await decodeBody(nested, "gzip,".repeat(5), MAX, anything), undefined);
  assert.equal(await decodeBody(TEXT, "gzip, rot13", MAX, anything), undefined);
});
