/**
 * Evidence sets of the same events in both forms: bundles whole, and bundles that share what they have in common. Their
 * sizes, plain and compressed, and how long the verifier takes, beside the hashes that it cannot do without.
 * `node bench/sets.ts [events] [--json]`. The tree has 2^20 leaves, of which only those in the set are real.
 */

import { gzipSync } from "node:zlib";
import { encodeEntry, memberDigest } from "../src/entry/entry.ts";
import { memberText } from "../src/entry/member.ts";
import { toHex, utf8 } from "../src/merkle/bytes.ts";
import { checkpointDigest } from "../src/merkle/checkpoint.ts";
import { keccak256, leafHash, nodeHash } from "../src/merkle/hash.ts";
import { inclusionRanges, provePath } from "../src/merkle/proof.ts";
import type { NodeSource } from "../src/merkle/tree.ts";
import type { Bundle, BundleMember } from "../src/verify/bundle/bundle.ts";
import { verifySet } from "../src/verify/set/check-set.ts";
import { SetPacker } from "../src/verify/set/pack.ts";
import { SetWriter } from "../src/verify/set/set.ts";
import { anchored, eventOf, signHash, TestChain, TestLedger } from "../test/verify/fixture.ts";

const COUNT = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 1_000);
const HEIGHT = 20;
const SIZE = 2 ** HEIGHT;
const SIGNED_AT = 1_790_000_000;
const ROUNDS = 5;
const NODE_BYTES = 65;

type Row = {
  readonly events: string;
  readonly form: "whole" | "shared";
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly verifyMs: number;
};

type Real = { readonly recordedAt: number; readonly members: BundleMember[]; readonly leaf: Uint8Array };

function makeEntry(index: number): Real {
  const event = eventOf(index);
  const members = Object.keys(event)
    .sort()
    .map((name) => {
      const salt = keccak256(utf8(`${index}/${name}`)).subarray(0, 16);
      return { salt, text: memberText(name, event[name]) };
    });
  const recordedAt = SIGNED_AT * 1000 + index;
  const digests = members.map((member) => memberDigest(keccak256, member));
  const leaf = leafHash(keccak256, encodeEntry(recordedAt, digests));
  return { recordedAt, members: members.map(({ salt, text }) => ({ salt: toHex(salt), text })), leaf };
}

/** A tree of SIZE leaves; a subtree without any of these has a hash that follows from its place. */
function treeOf(leaves: ReadonlyMap<number, Uint8Array>): NodeSource {
  const levels = [leaves];
  const source: NodeSource = (level, index) => levels[level]?.get(index) ?? keccak256(utf8(`${level}/${index}`));
  for (let level = 0; level < HEIGHT; level++) {
    const parents = new Set([...(levels[level] as typeof leaves).keys()].map((index) => Math.floor(index / 2)));
    const above = [...parents].map((index): [number, Uint8Array] => {
      const left = source(level, 2 * index) as Uint8Array;
      const right = source(level, 2 * index + 1) as Uint8Array;
      return [index, nodeHash(keccak256, left, right)];
    });
    levels.push(new Map(above));
  }
  return source;
}

/** Final bundles of events under one checkpoint; the state proof is that of a small chain. */
async function makeBundles(indexes: readonly number[]): Promise<Bundle[]> {
  const entries = new Map(indexes.map((index) => [index, makeEntry(index)]));
  const tree = treeOf(new Map([...entries].map(([index, { leaf }]) => [index, leaf])));
  const root = toHex(tree(HEIGHT, 0) as Uint8Array);
  const source = Object.assign(new TestLedger(1), { root: () => root });
  const { record: ledger } = source;
  const signature = signHash(checkpointDigest({ ledgerId: ledger.id, size: SIZE, root, signedAt: SIGNED_AT }));
  const checkpoint = { size: SIZE, root, signedAt: SIGNED_AT, signature };
  const anchors = [await new TestChain().anchor(source, SIZE, { withState: true })];
  return [...entries].map(([index, { recordedAt, members, leaf }]) => {
    const path = provePath(keccak256, inclusionRanges(index, SIZE), tree).map(toHex);
    const entry = { index, recordedAt, members, leafHash: toHex(leaf) };
    const bundle: Bundle = {
      format: "holdfast/bundle@1",
      ledger,
      entry,
      inclusion: { size: SIZE, root, path },
      checkpoint,
      anchors: [],
      status: "recorded",
    };
    return anchored(bundle, anchors, "final");
  });
}

function linesWhole(bundles: readonly Bundle[]): string[] {
  const writer = new SetWriter(bundles[0]?.ledger.id ?? "0x");
  return [writer.begin(), ...bundles.map((bundle) => writer.add(bundle)), writer.end()];
}

function linesShared(bundles: readonly Bundle[]): string[] {
  const packer = new SetPacker(bundles[0]?.ledger.id ?? "0x");
  return [...bundles.flatMap((bundle) => packer.add(bundle)), ...packer.end()];
}

async function medianMs(work: () => Promise<void> | void): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    await work();
    if (round > 0) times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number;
}

async function measure(events: string, form: Row["form"], lines: readonly string[]): Promise<Row> {
  const text = Buffer.from(`${lines.join("\n")}\n`);
  const verifyMs = await medianMs(async () => {
    const { checks, summary } = await verifySet(lines, { offline: true });
    if (checks !== "passed") throw new Error(summary);
  });
  return { events, form, bytes: text.length, gzipBytes: gzipSync(text).length, verifyMs };
}

const step = Math.floor(SIZE / COUNT);
const choices: readonly [string, number][] = [
  ["in a row", 1],
  ["one in ten", 10],
  ["all over the ledger", step],
];
const rows: Row[] = [];
for (const [name, stride] of choices) {
  const bundles = await makeBundles(Array.from({ length: COUNT }, (_, i) => (4711 % step) + i * stride));
  rows.push(await measure(name, "whole", linesWhole(bundles)));
  rows.push(await measure(name, "shared", linesShared(bundles)));
}
const node = new Uint8Array(NODE_BYTES);
const hashUs =
  (await medianMs(() => {
    for (let i = 0; i < 10_000; i++) keccak256(node);
  })) / 10;

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ events: COUNT, size: SIZE, hashUs, rows }));
} else {
  console.log(
    `${COUNT} events of a ledger of ${SIZE}; one keccak256 of ${NODE_BYTES} bytes takes ${hashUs.toFixed(1)} us`,
  );
  for (const { events, form, bytes, gzipBytes, verifyMs } of rows) {
    const sizes = `${bytes.toLocaleString("en")} bytes, ${gzipBytes.toLocaleString("en")} gzipped`;
    console.log(`${events.padEnd(20)} ${form.padEnd(7)} ${sizes}; verified in ${verifyMs.toFixed(0)} ms`);
  }
}
