/** Bytes of a connection parted into messages, the same ones wherever the bytes are cut, and none of them lost. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { FrameSplitter, framesOfDatagram, type SyslogFrame } from "../../../../src/ingest/formats/syslog/frames.ts";

const SEED = { seed: 20_261_127, numRuns: 500 };

function split(chunks: readonly Uint8Array[], bytesMax = 1000): SyslogFrame[] {
  const frames: SyslogFrame[] = [];
  const splitter = new FrameSplitter(bytesMax, (frame) => frames.push({ ...frame, bytes: Buffer.from(frame.bytes) }));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return frames;
}

function texts(text: string, bytesMax?: number): string[] {
  return split([Buffer.from(text)], bytesMax).map(({ bytes, part, isIncomplete }) => {
    const marks = `${part === undefined ? "" : `#${part} `}${isIncomplete === true ? "incomplete " : ""}`;
    return marks + Buffer.from(bytes).toString();
  });
}

test("counts, lines, lines that end with CR LF, and NULs", () => {
  assert.deepEqual(texts("5 <1>ab6 <1>\nab"), ["<1>ab", "<1>\nab"]);
  assert.deepEqual(texts("5 <1>ab\n5 <1>cd\n"), ["<1>ab", "<1>cd"], "a line break behind a message that was counted");
  assert.deepEqual(texts("<1>ab\n<1>cd\n\n<1>ef"), ["<1>ab", "<1>cd", "<1>ef"]);
  assert.deepEqual(texts("<1>ab\r\n<1>cd\r\n"), ["<1>ab\r", "<1>cd\r"]);
  assert.deepEqual(texts("<1>ab\0<1>cd\0"), ["<1>ab", "<1>cd"]);
  assert.deepEqual(texts("\n\n5 <1>ab"), ["<1>ab"]);
  assert.deepEqual(texts(""), []);
});

test("digits at the start of a line are no count where the first message had none", () => {
  assert.deepEqual(texts("<1>ab\n12 apples\n<1>cd\n"), ["<1>ab", "12 apples", "<1>cd"]);
});

test("where a count is none, the rest comes as lines", () => {
  assert.deepEqual(texts("5 <1>ab<1>cd\n5 <1>ef\n"), ["<1>ab", "<1>cd", "5 <1>ef"]);
  assert.deepEqual(texts("2026-11-27 a\nb\n"), ["2026-11-27 a", "b"]);
  assert.deepEqual(texts("1234567890 a\nb"), ["1234567890 a", "b"]);
  assert.deepEqual(texts("5 <1>ab05 x\n"), ["<1>ab", "05 x"]);
});

test("what the end of a connection cuts off is there, and said to be incomplete where its length is known", () => {
  assert.deepEqual(texts("9 <1>ab"), ["incomplete <1>ab"]);
  assert.deepEqual(texts("5 <1>ab12"), ["<1>ab", "incomplete 12"]);
  assert.deepEqual(texts("<1>ab"), ["<1>ab"]);
});

test("what is longer than the limit comes whole, in parts, and the connection goes on", () => {
  assert.deepEqual(texts("10 abcdefghij3 xyz", 4), ["#1 abcd", "#2 efgh", "#3 ij", "xyz"]);
  assert.deepEqual(texts("8 abcdefgh3 xyz", 4), ["#1 abcd", "#2 efgh", "xyz"]);
  assert.deepEqual(texts("<bcdefghij\nxyz\n", 4), ["#1 <bcd", "#2 efgh", "#3 ij", "xyz"]);
  assert.deepEqual(texts("<bcd\nxyz\n", 4), ["<bcd", "xyz"]);
  assert.deepEqual(texts("999999999 abcdef", 4), ["#1 abcd", "#2 incomplete ef"]);
});

test("memory is that of one message: nothing is held that was announced and has not come", () => {
  const before = process.memoryUsage().rss;
  const splitters = Array.from({ length: 100 }, () => new FrameSplitter(1 << 28, () => undefined));
  for (const each of splitters) each.push(Buffer.from("999999999 a"));
  assert.ok(process.memoryUsage().rss - before < 50 * 1024 * 1024);
});

/** Bytes of which the framing is made, more often than others. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom("\n", "\0", "\r", " ", "<", ">", "1", "2", "3", "9", "0", "<13>", "5 <1>ab", "12 "),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.from(parts.join("")));

test("any cut of the bytes gives the same messages", () => {
  fc.assert(
    fc.property(
      bytes,
      fc.array(fc.nat(400), { maxLength: 30 }),
      fc.integer({ min: 1, max: 40 }),
      (all, cuts, bytesMax) => {
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length])].sort(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((end, i) => all.subarray(places[i], end));
        const whole = split([all], bytesMax);
        assert.deepEqual(split(chunks, bytesMax), whole);
        assert.deepEqual(
          split(
            [...all].map((byte) => Uint8Array.of(byte)),
            bytesMax,
          ),
          whole,
        );
      },
    ),
    SEED,
  );
});

test("every byte is in a message, but for what frames them", () => {
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 40 }), (all, bytesMax) => {
      const without = (text: string) => text.replaceAll(/[\0\r\n \d]/g, "");
      const joined = split([all], bytesMax)
        .map((frame) => {
          assert.ok(frame.bytes.length > 0 && frame.bytes.length <= Math.max(bytesMax, 9));
          return Buffer.from(frame.bytes).toString("latin1");
        })
        .join("");
      assert.equal(without(joined), without(all.toString("latin1")));
    }),
    SEED,
  );
});

test("messages that are framed by their count come out as they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }), (messages) => {
      const stream = Buffer.concat(messages.flatMap((each) => [Buffer.from(`${each.length} `), each]));
      assert.deepEqual(
        split([stream]).map((frame) => [...frame.bytes]),
        messages.map((each) => [...each]),
      );
    }),
    SEED,
  );
});

test("a datagram is one message, but for lines of JSON", () => {
  const of = (text: string) => framesOfDatagram(Buffer.from(text)).map((frame) => Buffer.from(frame.bytes).toString());
  assert.deepEqual(of("<13>a\nb\n"), ["<13>a\nb\n"]);
  assert.deepEqual(of('{"a":1}\n{"a":2}\n'), ['{"a":1}', '{"a":2}']);
  assert.deepEqual(of("12 apples"), ["12 apples"]);
  assert.deepEqual(of(""), []);
});

test("time is linear in what comes, whatever its framing", () => {
  const linear = (make: (n: number) => Buffer) => {
    const took = (n: number): number => {
      const chunk = make(n);
      const began = process.cpuUsage().user;
      split([chunk], 1 << 30);
      return process.cpuUsage().user - began;
    };
    took(20_000);
    const few = took(50_000);
    const many = took(400_000);
    // Eight times as much, and the square of it would be 64 times.
    assert.ok(many < 32 * Math.max(few, 5000), `expected about 8 times ${few} µs, got ${many} µs`);
  };
  linear((n) => Buffer.from("<13>abc\n".repeat(n / 8)));
  linear((n) => Buffer.from("<13>abc\0".repeat(n / 8)));
  linear((n) => Buffer.from("\n\0".repeat(n / 2)));
  linear((n) => Buffer.from("5 <1>ab".repeat(n / 7)));
});
