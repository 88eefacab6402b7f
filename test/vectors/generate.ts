/**
 * Golden vectors: what the formats of docs/format.md come to for fixed events, salts and keys. TypeScript, Solidity and
 * the browser read the same files. `node test/vectors/generate.ts` writes them; a test holds them to this code and, by
 * other packages, to the specification.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { id, TypedDataEncoder, Wallet } from "ethers";
import { encodeEntry, type Member } from "../../src/entry/entry.ts";
import { checkEvent, EVENT_LIMITS } from "../../src/entry/event.ts";
import { parseJson } from "../../src/entry/i-json.ts";
import { readMemberText } from "../../src/entry/member.ts";
import { unpackMembers } from "../../src/entry/packed.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import { withholdMembers } from "../../src/entry/redact.ts";
import { concat, encodeUint64, fromHex, type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { checkpointDigest, deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { keccak256 as hash, leafHash, nodeHash } from "../../src/merkle/hash.ts";
import { consistencyRanges, inclusionRanges, provePath } from "../../src/merkle/proof.ts";
import { tileRoot } from "../../src/merkle/tile.ts";
import { type NodeSource, rangeHash } from "../../src/merkle/tree.ts";
import { decodeEntry } from "../entry/decode-entry.ts";
import { makeBundleVectors } from "./bundle-vectors.ts";
import { EVENTS, type EventVector, REFUSED_TEXTS } from "./events.ts";

const TREE_SIZE = 70;
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 69, 70];
/** The keys are keccak256 of these texts: anyone can sign with them. */
const KEY_TEXTS = { owner: "holdfast vectors: owner", signer: "holdfast vectors: signer" };
const OWNER = new Wallet(id(KEY_TEXTS.owner));
const SIGNER = new Wallet(id(KEY_TEXTS.signer));
const LEDGER_NAME = "main";
const SIGNED_AT = 1_790_000_000;

/** Salt of a member: the first 16 bytes of keccak256 of a text that nobody else hashes. */
function saltOf(vector: string, member: number): Uint8Array {
  return hash(utf8(`holdfast vectors: salt ${member} of ${vector}`)).slice(0, 16);
}

function describeMember(member: Member): object {
  return "digest" in member
    ? { digest: toHex(member.digest) }
    : { name: readMemberText(member.text).name, salt: toHex(member.salt), text: member.text };
}

function makeEntry({ name, received, own, recordedAt, withheld }: EventVector) {
  const event = checkEvent(parseJson(received, EVENT_LIMITS));
  const salts = (n: number) => concat(...Array.from({ length: n }, (_, i) => saltOf(name, i)));
  const prepared = prepareEntry(event, { hash, salts, ...(own === undefined ? {} : { own: ownMembers(own) }) });
  const digests = Array.from({ length: prepared.digests.length / 32 }, (_, i) =>
    prepared.digests.subarray(32 * i, 32 * i + 32),
  );
  const entry = encodeEntry(recordedAt, digests);
  const members = unpackMembers(prepared.members);
  const shown = withholdMembers(hash, { recordedAt, members }, withheld ?? []);
  return {
    name,
    received,
    ...(own === undefined ? {} : { own }),
    recordedAt,
    members: members.map(describeMember),
    digests: decodeEntry(entry).digests.map(toHex),
    content: toHex(prepared.content as Uint8Array),
    entry: toHex(entry),
    leafHash: toHex(leafHash(hash, entry)),
    ...(withheld === undefined ? {} : { withheld: shown.members.map(describeMember) }),
  };
}

function sourceOf(leaves: readonly Uint8Array[]): NodeSource {
  const source = (level: number, index: number): Uint8Array =>
    level === 0
      ? (leaves[index] as Uint8Array)
      : nodeHash(hash, source(level - 1, 2 * index), source(level - 1, 2 * index + 1));
  return source;
}

function rootOf(leaves: readonly Uint8Array[], size: number): Hex {
  return toHex(size === 0 ? hash(new Uint8Array(0)) : rangeHash(hash, { start: 0, end: size }, sourceOf(leaves)));
}

function makeTree() {
  const leaves = Array.from({ length: 256 }, (_, i) => leafHash(hash, encodeUint64(i)));
  const source = sourceOf(leaves);
  const tile = concat(...leaves);
  return {
    about: "Leaf i is the hash of 0x00 and of i as 8 bytes, big-endian. roots[size] is the root of the first leaves.",
    leafHashes: leaves.slice(0, TREE_SIZE).map(toHex),
    roots: Array.from({ length: TREE_SIZE + 1 }, (_, size) => rootOf(leaves, size)),
    inclusion: SIZES.flatMap((size) =>
      [...new Set([0, 1, Math.floor(size / 2), size - 2, size - 1])]
        .filter((index) => index >= 0 && index < size)
        .map((index) => ({ index, size, path: provePath(hash, inclusionRanges(index, size), source).map(toHex) })),
    ),
    consistency: SIZES.flatMap((to) =>
      [...new Set([0, 1, Math.floor(to / 2), to - 1, to])].map((from) => ({
        from,
        to,
        path: provePath(hash, consistencyRanges(from, to), source).map(toHex),
      })),
    ),
    tile: { level: 0, n: 0, digest: toHex(hash(tile)), root: toHex(tileRoot(hash, tile)) },
  };
}

function makeCheckpoints(leaves: readonly Uint8Array[]) {
  const label = labelOf(LEDGER_NAME);
  const ledgerId = deriveLedgerId(OWNER.address as Hex, label);
  const checkpoints = leaves.map((_, i) => {
    const statement = { ledgerId, size: i + 1, root: rootOf(leaves, i + 1), signedAt: SIGNED_AT + i };
    const digest = checkpointDigest(statement);
    const { serialized: signature } = SIGNER.signingKey.sign(digest);
    return {
      size: statement.size,
      root: statement.root,
      signedAt: statement.signedAt,
      digest: toHex(digest),
      signature,
    };
  });
  return {
    about: "Checkpoints over the entries of entries.json, in their order. The private keys are keccak256 of keyTexts.",
    ledger: { id: ledgerId, name: LEDGER_NAME, label, owner: OWNER.address, signer: SIGNER.address },
    keyTexts: KEY_TEXTS,
    domainSeparator: TypedDataEncoder.hashDomain({ name: "Holdfast", version: "1" }),
    typeHash: id("Checkpoint(bytes32 ledgerId,uint64 size,bytes32 root,uint64 signedAt)"),
    checkpoints,
  };
}

/** Every file of vectors and its text. */
export async function makeVectors(): Promise<ReadonlyMap<string, string>> {
  const about = "Events as they are received, and the entries they become. The hash is keccak256.";
  const entries = EVENTS.map(makeEntry);
  const leaves = entries.map(({ leafHash }) => fromHex(leafHash, 32));
  const files = {
    "entries.json": { about, entries, refusedTexts: REFUSED_TEXTS },
    "tree.json": makeTree(),
    "checkpoints.json": makeCheckpoints(leaves),
  };
  const texts = new Map(Object.entries(files).map(([name, value]) => [name, `${JSON.stringify(value, null, 1)}\n`]));
  return texts.set("bundles.json", await makeBundleVectors());
}

if (import.meta.main) {
  for (const [name, text] of await makeVectors()) writeFileSync(join(import.meta.dirname, name), text);
}
