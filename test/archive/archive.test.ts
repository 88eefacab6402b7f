/** Archives: any range of a ledger is proved by the file alone, and what is not as it was written is found and named. */

import assert from "node:assert/strict";
import test from "node:test";
import type { ArchiveHeader } from "../../src/archive/archive.ts";
import { openPortably } from "../../src/archive/format/compression.ts";
import { decodeEntries, encodeEntries } from "../../src/archive/format/entry-records.ts";
import { type ArchiveFrame, KINDS, MAGIC } from "../../src/archive/format/frames.ts";
import { readArchive } from "../../src/archive/read-archive.ts";
import { memberDigests } from "../../src/entry/entry.ts";
import { packMembers, unpackMembers } from "../../src/entry/packed.ts";
import type { PreparedEntry } from "../../src/entry/prepare.ts";
import { utf8 } from "../../src/merkle/bytes.ts";
import { hash, names, openLedger, otherSigner, signer, storeWithLedger } from "../ledger/fixtures.ts";
import { archiveOf, bytesOf, check, failedAt, forge, framesOf, sourceOf } from "./fixtures.ts";

const source = await sourceOf(1, 2, 5, 1, 24);
const SIZE = 33;
/** All of them with EVERY=1: every range, bit and cut. */
const IS_EVERY = process.env.EVERY === "1";
const whole = await archiveOf(source, { from: 0, to: SIZE });
const middle = await archiveOf(source, { from: 5, to: 20 });

test("every range of a ledger is proved from its entries alone", async () => {
  const starts = [0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 32];
  for (const from of IS_EVERY ? Array.from({ length: SIZE }, (_, i) => i) : starts) {
    for (let to = from + 1; to <= SIZE; to++) {
      const verdict = await check(await archiveOf(source, { from, to, codec: "none" }));
      assert.equal(verdict.cell.name, "signed", `[${from}, ${to}): ${verdict.summary}`);
      assert.deepEqual(verdict.archive?.range, { from, to });
    }
  }
});

test("what is in it are the entries of the ledger, with their salts, and the checkpoints of the ledger", async () => {
  const found: string[] = [];
  const sizes: number[] = [];
  for await (const part of readArchive(bytesOf(whole))) {
    if (part.kind === "checkpoint") sizes.push(part.checkpoint.size);
    if (part.kind !== "entries") continue;
    for (const { members } of part.entries) {
      const [member] = unpackMembers(members);
      assert.ok(member !== undefined && "text" in member);
      found.push(JSON.parse(`{${member.text}}`).name);
    }
  }
  assert.deepEqual(found, await names(source.ledger));
  assert.deepEqual(sizes, [SIZE]);
});

test("an archive says no more than it was checked against", async () => {
  assert.equal((await check(whole, { expected: {} })).cell.name, "unvouched");
  assert.match(
    failedAt(await check(whole, { expected: { signers: [otherSigner.address] } })),
    /^expected: expected signer/,
  );
  assert.match(failedAt(await check(whole, { expected: { ledgerId: `0x${"1".repeat(64)}` } })), /^expected: /);
  assert.equal((await check(whole, { requireChain: true })).cell.name, "unanchored");
});

test("zstd and DEFLATE hold the same, and zstd is read without Node's own", async () => {
  const frames = await framesOf(whole);
  for (const codec of ["deflate", "none"] as const) {
    const other = await framesOf(await archiveOf(source, { from: 0, to: SIZE, codec }));
    assert.deepEqual(
      other,
      frames.map((frame, i) => ({ ...frame, at: other[i]?.at })),
    );
  }
  const head = MAGIC.length;
  assert.equal(whole[head + 1], 2, "the first frame is zstd");
  const stored = whole.subarray(head + 18, head + 18 + whole.readUInt32BE(head + 6));
  assert.deepEqual(
    Buffer.from(await openPortably(stored, whole.readUInt32BE(head + 2))),
    Buffer.from(frames[0]?.plain ?? []),
  );
});

test("a bit that flips anywhere is found", async () => {
  const one = await archiveOf(await sourceOf(1), { from: 0, to: 1 });
  const said = new Map<string, number>();
  for (let at = 0; at < one.length; at++) {
    for (const bit of IS_EVERY ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8]) {
      const changed = Buffer.from(one);
      changed[at] = (changed[at] as number) ^ (1 << bit);
      const { outcome, steps, cell } = await check(changed);
      assert.ok(outcome === "failed" || outcome === "no-proof", `byte ${at}, bit ${bit}: ${cell.word}`);
      const kind = outcome === "no-proof" ? outcome : steps.map(({ name }) => name).join();
      said.set(kind, (said.get(kind) ?? 0) + 1);
    }
  }
  assert.deepEqual([...said.keys()].sort(), ["archive", "no-proof"]);
});

test("a file that was cut anywhere is never green, and says so", async () => {
  for (let length = 0; length < whole.length; length += IS_EVERY ? 1 : 5) {
    const { outcome, summary } = await check(whole.subarray(0, length));
    if (length < MAGIC.length) assert.equal(outcome, "no-proof");
    else {
      assert.equal(outcome, "failed", `cut at ${length}`);
      assert.match(summary, /the file was cut/);
    }
  }
});

/** Bytes of each frame, with the magic before them. */
async function piecesOf(bytes: Buffer): Promise<Buffer[]> {
  const starts = (await framesOf(bytes)).map(({ at }) => at);
  return [bytes.subarray(0, starts[0]), ...starts.map((at, i) => bytes.subarray(at, starts[i + 1] ?? bytes.length))];
}

test("frames that are whole and in another place are named: swapped, left out, of another archive, its trailer, two files in one", async () => {
  const large = await sourceOf(5000, 5000);
  const pieces = await piecesOf(await archiveOf(large, { from: 0, to: 10_000 }));
  const others = await piecesOf(middle);
  assert.ok(pieces.length > 6, `expected some frames, got ${pieces.length}`);
  const swap = (a: number, b: number) =>
    pieces.map((piece, i) => (i === a ? pieces[b] : i === b ? pieces[a] : piece) as Buffer);
  const cases: readonly [string, readonly Buffer[], RegExp][] = [
    ["swapped", swap(2, 3), /expected at byte \d+ the frame that follows frame 1 .* swapped or left out/],
    ["left out", pieces.filter((_, i) => i !== 3), /the frame that follows frame 2 /],
    ["twice", [...pieces.slice(0, 3), pieces[2] as Buffer, ...pieces.slice(3)], /the frame that follows frame 2 /],
    [
      "another's trailer",
      [...pieces.slice(0, -1), others.at(-1) as Buffer],
      /got this trailer, whole and of another place/,
    ],
    [
      "another's header",
      [pieces[0] as Buffer, others[1] as Buffer, ...pieces.slice(2)],
      /the frame that follows frame 1 /,
    ],
    ["no trailer", pieces.slice(0, -1), /there being no trailer yet/],
    ["glued", [...pieces, ...others], /expected nothing behind the trailer/],
    ["a byte more", [...pieces, Buffer.of(0)], /expected nothing behind the trailer/],
  ];
  for (const [name, changed, said] of cases) {
    assert.match(failedAt(await check(Buffer.concat(changed))), said, name);
  }
});

type Change = (frames: ArchiveFrame[]) => void;

const asText = ({ plain }: ArchiveFrame) => JSON.parse(Buffer.from(plain).toString());
const at = (frames: ArchiveFrame[], kind: string) => frames.findIndex((frame) => frame.kind === kind);

function changeText(kind: string, change: (value: ReturnType<typeof asText>) => void): Change {
  return (frames) => {
    const i = at(frames, kind);
    const value = asText(frames[i] as ArchiveFrame);
    change(value);
    frames[i] = { ...(frames[i] as ArchiveFrame), plain: Buffer.from(JSON.stringify(value)) };
  };
}

function changeEntries(change: (held: ReturnType<typeof decodeEntries>) => ReturnType<typeof decodeEntries>): Change {
  return (frames) => {
    const i = at(frames, KINDS.entries);
    const plain = encodeEntries(change(decodeEntries(frames[i]?.plain ?? new Uint8Array(0), 1)));
    frames[i] = { ...(frames[i] as ArchiveFrame), plain };
  };
}

test("what somebody makes who knows how frames are made is contradicted by the tree and the signature", async () => {
  const frames = await framesOf(middle);
  assert.equal((await check(forge(frames))).cell.name, "signed", "unchanged");
  const foreign = await framesOf(await archiveOf(await sourceOf(3, 30), { from: 5, to: 20 }));
  const changes: readonly [string, Change, RegExp][] = [
    [
      "another time",
      changeEntries(({ first, entries }) => ({
        first,
        entries: entries.map((entry, i) => (i === 3 ? { ...entry, recordedAt: entry.recordedAt + 1 } : entry)),
      })),
      /^path: /,
    ],
    [
      "two entries swapped",
      changeEntries(({ first, entries: [a, b, ...rest] }) => ({ first, entries: [b, a, ...rest] as never })),
      /^path: /,
    ],
    [
      "a member that is no member",
      changeEntries(({ first, entries: [a, ...rest] }) => ({
        first,
        entries: [{ ...a, members: Uint8Array.of(1, 9) } as never, ...rest],
      })),
      /^members: entry 5: /,
    ],
    [
      "an entry less",
      changeEntries(({ first, entries }) => ({ first, entries: entries.slice(1) })),
      /^archive: .*expected entries up to 19/,
    ],
    ["no entries", changeEntries(({ first }) => ({ first, entries: [] })), /^archive: .*expected entries, got none/],
    [
      "entries of elsewhere",
      changeEntries(({ entries }) => ({ first: 6, entries })),
      /^archive: .*expected entry 5, got 6/,
    ],
    [
      "an empty range",
      changeText("H", (header: ArchiveHeader) => Object.assign(header, { range: { from: 5, to: 5 } })),
      /^archive: .*an empty range proves nothing/,
    ],
    [
      "a range further on",
      changeText("H", (header: ArchiveHeader) => Object.assign(header, { range: { from: 4, to: 19 } })),
      /^archive: /,
    ],
    ["another left side", changeText("H", (header) => (header.left[0] = header.left[1])), /^path: /],
    [
      "a left side too many",
      changeText("H", (header) => header.left.push(header.left[0])),
      /^path: expected 2 subtrees/,
    ],
    ["another right side", changeText("P", (proof) => (proof.right[0] = proof.right[1])), /^path: /],
    [
      "another ledger in the header",
      changeText("H", (header) => (header.ledger.id = `0x${"2".repeat(64)}`)),
      /^path: expected the ledger's id/,
    ],
    ["another root", changeText("P", (proof) => (proof.checkpoint.root = `0x${"2".repeat(64)}`)), /^path: /],
    ["another time of signing", changeText("P", (proof) => proof.checkpoint.signedAt++), /^signature: /],
    [
      "another owner",
      changeText("P", (proof) => (proof.ledger.owner = proof.ledger.signer.replace(/^0x./, "0x0"))),
      /^archive: |^path: /,
    ],
    ["a member that nobody knows", changeText("H", (header) => (header.more = 1)), /^archive: its header is malformed/],
    [
      "a trailer that counts others",
      changeText("T", (trailer) => trailer.entries++),
      /^archive: .*says 15 as entries, got 16/,
    ],
    [
      "the proof of another ledger",
      (all) => (all[at(all, "P")] = foreign[at(foreign, "P")] as ArchiveFrame),
      /^path: /,
    ],
    [
      "a proof too many",
      (all) => all.splice(at(all, "P"), 0, all[at(all, "P")] as ArchiveFrame),
      /^archive: .*expected the trailer/,
    ],
    ["no header", (all) => all.splice(0, 1), /^archive: .*expected a header/],
  ];
  for (const [name, change, said] of changes) {
    const changed = [...frames];
    change(changed);
    assert.match(failedAt(await check(forge(changed))), said, name);
  }
});

test("what a dishonest service signed fails too, where a member is spelled in another way than the one that counts", async () => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  const salt = new Uint8Array(16);
  const members = (...texts: readonly string[]): PreparedEntry => {
    const shown = texts.map((text) => ({ salt, text }));
    return { members: packMembers(shown), digests: memberDigests(hash, shown), content: hash(utf8(texts.join())) };
  };
  const entries = [members('"a":1', '"b":2'), members('"a": 1'), members('"b":2', '"a":1')];
  await ledger.append({ entries, source: "tests" });
  const from = { ledger, store, hash };
  assert.equal((await check(await archiveOf(from, { from: 0, to: 1 }))).cell.name, "signed");
  assert.match(
    failedAt(await check(await archiveOf(from, { from: 0, to: 2 }))),
    /^members: entry 1: member 0: expected a member in canonical/,
  );
  assert.match(
    failedAt(await check(await archiveOf(from, { from: 2, to: 3 }))),
    /^members: entry 2: expected the names of members in ascending order/,
  );
});

test("a checkpoint in between that the ledger's signer did not sign, or not for these entries, fails", async () => {
  const frames = await framesOf(whole);
  const i = at(frames, KINDS.checkpoint);
  for (const byte of [0, 10, 47, 60]) {
    const plain = Buffer.from(frames[i]?.plain ?? []);
    plain[byte] = (plain[byte] as number) ^ 1;
    const changed = frames.map((frame, j) => (j === i ? { ...frame, plain } : frame));
    assert.match(failedAt(await check(forge(changed))), /^(?:path|archive): /, `byte ${byte}`);
  }
  const strangers = frames.map((frame, j) => {
    if (j !== 0) return frame;
    const header = { ...asText(frame), signers: [otherSigner.address] };
    header.signers = ["0x5FbDB2315678afecb367f032d93F642f64180aa3"];
    return { ...frame, plain: Buffer.from(JSON.stringify(header)) };
  });
  assert.match(failedAt(await check(forge(strangers))), new RegExp(`^path: .*got one of ${signer.address}`));
});

test("what is no archive is said to be none, and one of a later version to be that", async () => {
  for (const text of ["", "{}", "age-encryption.org/v1\n", "\x89PNG\r\n\x1a\n"]) {
    const { cell, summary } = await check(Buffer.from(text, "latin1"));
    assert.equal(cell.name, "noProof", text);
    assert.match(summary, /expected an archive, which begins with/);
  }
  const later = Buffer.from(whole);
  later[7] = 3;
  assert.match(failedAt(await check(later)), /a newer holdfast reads it/);
});
