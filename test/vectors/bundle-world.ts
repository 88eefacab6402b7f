/**
 * The ledgers, the chains and the good bundles and sets that the vectors of bundles.json begin from. Trees and proofs
 * come from the recursive definitions in test/verify/fixture.ts, not from the code under test.
 */

import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { checksumAddress } from "../../src/merkle/address.ts";
import { concat, type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { checkpointDigest } from "../../src/merkle/checkpoint.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { Bundle, BundleAnchor, Status } from "../../src/verify/bundle/bundle.ts";
import { signHash, TestChain, TestLedger, textsOf } from "../verify/fixture.ts";

const NEXT_KEY = keccak256(utf8("the signer after a rotation"));
const THIEF_KEY = keccak256(utf8("a signer that nobody named"));
const START = { action: "file.read", time: "2026-11-23T18:00:00Z" };
const MAIN_SIZE = 17;
/** Sizes of the main ledger that are on chain; the last two came after the signer was rotated. */
const ANCHORED = [1, 2, 3, 4, 7, 8, 9, 13, 16, 17];
const ROTATED_FROM = 16;

/** Events whose values are hard to spell, one canonical way each. */
const STRANGE_EVENTS: readonly (() => Record<string, unknown>)[] = [
  () => ({
    ...START,
    n: [9007199254740991, -9007199254740991, 0.1, 1e-7, 0.000001, 5e-324, -0, 4.5, 333333333.3333333],
  }),
  () => ({
    ...START,
    "€": "Euro",
    "\r": "CR",
    "\ufb33": "Dalet",
    "😀": "Grinning",
    ö: "o\u0308",
    "": "no name",
    "1": 1,
  }),
  () => ({ ...START, note: "\u2028\u2029\ufeff\uffff\ufffd\u202eright to left", pairs: "𐀀 􏿿 👩‍👩‍👧 𝒳" }),
  () => ({
    ...START,
    controls: Array.from({ length: 0x21 }, (_, i) => String.fromCharCode(i)).join(""),
    more: '\u007f\u0080\u009f"\\/',
  }),
  () => ({ ...START, constructor: "a name", toString: 1, hasOwnProperty: { prototype: { valueOf: null } } }),
  () =>
    JSON.parse('{"__proto__":{"isAdmin":true},"action":"file.read","x":{"__proto__":{"y":1}}}') as Record<
      string,
      unknown
    >,
  () => ({ ...START, ...Object.fromEntries(Array.from({ length: 62 }, (_, i) => [`m${i}`, i])) }),
  () => ({
    ...START,
    deep: Array.from({ length: 31 }).reduce<unknown>((inner, _, i) => (i % 2 ? [inner] : { a: inner }), 1),
  }),
  () => ({ ...START, long: "0123456789abcdef".repeat(200), empty: [{}, [], "", null, true, false] }),
];

/** Texts that no member has, hashed all the same by a service that does not keep the rules; the steps of others hold. */
const CROOKED_TEXTS: Readonly<Record<string, readonly string[]>> = {
  "with a space": ['"a": 1'],
  "with a space behind": ['"a":1 '],
  "with a name in two spellings": ['"\\u0061":1'],
  "with a number in another spelling": ['"a":1.0'],
  "with an exponent": ['"a":1e0'],
  "with minus zero": ['"a":-0'],
  "with a plus": ['"a":+1'],
  "with a leading zero": ['"a":01'],
  "with a number that doubles cannot hold": ['"a":9007199254740993'],
  "with a number beyond doubles": ['"a":1e400'],
  "with names out of order inside": ['"a":{"c":1,"b":2}'],
  "with a name twice inside": ['"a":{"b":1,"b":1}'],
  "with a name twice inside, in two spellings": ['"a":{"b":1,"\\u0062":1}'],
  "with an escape that is not needed": ['"a":"\\u00e9"'],
  "with an escaped slash": ['"a":"\\/"'],
  "with upper-case hex in an escape": ['"a":"\\u000F"'],
  "with half a surrogate pair": ['"a":"\\ud800"'],
  "with two members in one text": ['"a":1,"b":2'],
  "with a bracket that closes the event": ['"a":1},{"b":2'],
  "with no name": ["1"],
  "with names out of order": ['"b":1', '"a":2'],
  "with a name twice": ['"a":1', '"a":2'],
  "ordered by code points, not by UTF-16 units": ['"\ufb33":1', '"😀":2'],
  "ordered by length": ['"b":1', '"aa":2'],
};
export const CROOKED_NAMES = Object.keys(CROOKED_TEXTS);

export type World = Awaited<ReturnType<typeof makeWorld>>;

export async function makeWorld() {
  const main = new TestLedger(MAIN_SIZE);
  const rotated = new TestLedger(MAIN_SIZE, { key: NEXT_KEY });
  const thief = new TestLedger(MAIN_SIZE, { key: THIEF_KEY });
  const other = new TestLedger(13, { name: "other" });
  const strange = new TestLedger(STRANGE_EVENTS.length, {
    name: 'Zürich 😀 \u0000 "quoted"',
    texts: (index) => textsOf((STRANGE_EVENTS[index] as () => Record<string, unknown>)()),
  });
  const crooked = new TestLedger(CROOKED_NAMES.length, {
    name: "crooked",
    texts: (index) => CROOKED_TEXTS[CROOKED_NAMES[index] as string] as string[],
  });
  const chain = makeChain();
  const anchors = new Map<number, BundleAnchor>();
  for (const size of ANCHORED) {
    anchors.set(size, await chain.anchor(size < ROTATED_FROM ? main : rotated, size, { withState: true }));
  }
  const strangeAnchor = await chain.anchor(strange, strange.size, { withState: true });
  const crookedAnchor = await chain.anchor(crooked, crooked.size, { withState: true });
  const otherAnchor = await chain.anchor(other, 13, { withState: true });
  chain.finalUpTo = otherAnchor.blockNumber;
  /** The anchor of a size of the main ledger, for a bundle under the checkpoint of a smaller one. */
  const anchorOf = (size: number, from = size): BundleAnchor => {
    const { consistency: _, ...anchor } = anchors.get(size) as BundleAnchor;
    const { chainId, contract, root, ...place } = anchor;
    const path = from === size ? {} : { consistency: main.consistency(from, size) };
    return { chainId, contract, size, root, ...path, ...withoutSize(place) };
  };
  const foreign = await makeForeign(main);
  const ledgers = { main, rotated, thief, other, strange, crooked };
  return { ...ledgers, chain, anchorOf, strangeAnchor, crookedAnchor, otherAnchor, ...foreign };
}

function withoutSize<T extends { readonly size: number }>({ size: _, ...rest }: T): Omit<T, "size"> {
  return rest;
}

function makeChain(firstBlock?: number): TestChain {
  const chain = new TestChain(firstBlock);
  chain.code = artifact.runtimeCodeHash as Hex;
  return chain;
}

/** The same checkpoint where it proves nothing: on another chain, by other code, at another address. */
async function makeForeign(main: TestLedger) {
  const elsewhere = makeChain(70);
  elsewhere.id = 10;
  const lookalike = makeChain(800);
  lookalike.code = toHex(keccak256(utf8("code that answers as it likes")));
  const misplaced = makeChain(900);
  misplaced.contract = checksumAddress(toHex(keccak256(utf8("another address")).subarray(12)));
  const onOtherChain = await elsewhere.anchor(main, 13, { withState: true });
  const byOtherCode = await lookalike.anchor(main, 13, { withState: true });
  const atOtherAddress = await misplaced.anchor(main, 13, { withState: true });
  return { onOtherChain, byOtherCode, atOtherAddress };
}

/** A bundle with anchors; without their state proofs unless it is final. */
export function anchoredBy(bundle: Bundle, anchors: readonly BundleAnchor[], status: Status = "final"): Bundle {
  const thawed = anchors.map(({ state, ...anchor }) => (status === "final" && state ? { ...anchor, state } : anchor));
  return { ...bundle, anchors: thawed, status };
}

/** A bundle of another history of a ledger: another ledger's tree, signed as this one's by its own signer. */
export function ofSecondHistory(ledger: TestLedger, other: TestLedger, index: number): Bundle {
  const { entry, inclusion } = other.bundle(index);
  const { size, root } = inclusion;
  const statement = { size, root, signedAt: 1_700_000_500 };
  const signature = signHash(checkpointDigest({ ...statement, ledgerId: ledger.record.id }));
  return { ...ledger.bundle(index, size), entry, inclusion, checkpoint: { ...statement, signature } };
}

/** A set as text, with a last line that fits. */
export function sealed(lines: readonly string[], indexes: readonly number[]): string {
  let digest: Uint8Array = new Uint8Array(32);
  for (const line of lines) digest = keccak256(concat(digest, keccak256(utf8(line))));
  const count = indexes.length;
  const first = indexes[0];
  const last = indexes.at(-1);
  const end = { format: "holdfast/set-end@1", count, first, last, digest: toHex(digest) };
  return [...lines, JSON.stringify(end), ""].join("\n");
}

/** A set of whole bundles. */
export function plainSet(bundles: readonly Bundle[]): string {
  const begin = { format: "holdfast/set@1", ledgerId: bundles[0]?.ledger.id };
  return sealed(
    [begin, ...bundles].map((line) => JSON.stringify(line)),
    bundles.map(({ entry }) => entry.index),
  );
}

/** A shared proof and the lines of its entries, which are of one ledger and under one checkpoint. */
export function sharedLines(ledger: TestLedger, bundles: readonly Bundle[]): string[] {
  const [first] = bundles as readonly [Bundle];
  const { checkpoint, anchors, status } = first;
  const indexes = bundles.map(({ entry }) => entry.index);
  const leafHashes = bundles.map(({ entry }) => entry.leafHash);
  const nodes = ledger.nodes(indexes, checkpoint.size);
  const frame = { ledger: first.ledger, checkpoint, anchors, status };
  const shared = { format: "holdfast/shared@1", ...frame, indexes, leafHashes, nodes };
  const entries = bundles.map(({ entry: { leafHash: _, ...entry } }) => entry);
  return [shared, ...entries].map((line) => JSON.stringify(line));
}

/** The first line of a set that may have shared proofs. */
export function beginShared(ledger: TestLedger): string {
  return JSON.stringify({ format: "holdfast/set@2", ledgerId: ledger.record.id });
}

/** The places of all members. */
export function withheldAll(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}
