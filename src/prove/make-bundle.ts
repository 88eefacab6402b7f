/**
 * Makes bundles: what proves one event, from what a ledger and its anchors hold. The answer to an append is one too,
 * made from what is in memory. What is read from the store is checked before it is given out.
 * Why: docs/decisions/0054.
 */

import type { Entry, Member } from "../entry/entry.ts";
import { withholdMembers } from "../entry/redact.ts";
import { fastRecoverSigner } from "../keys/local-signer.ts";
import type { LeafEntry, Ledger } from "../ledger/ledger.ts";
import { checksumAddress } from "../merkle/address.ts";
import { fromHex, type Hex } from "../merkle/bytes.ts";
import { labelOf, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { checkInclusion, ProofError } from "../merkle/proof.ts";
import { type AnchorRecord, listAnchors, passOver } from "../store/anchor-record.ts";
import { DamagedStoreError, type LedgerRecord, type Store } from "../store/store.ts";
import {
  BUNDLE_FORMAT,
  type Bundle,
  type BundleAnchor,
  type BundleLedger,
  type BundleMember,
  type Frame,
  type Status,
} from "../verify/bundle/bundle.ts";
import { prunedError } from "./pruned-error.ts";

/** The ledger has no event at an index, or no checkpoint that a bundle could be made for. */
class ProveError extends Error {
  override readonly name = "ProveError";
  readonly code: "event_unknown" | "checkpoint_unknown";

  constructor(code: ProveError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export type ProveRequest = {
  readonly ledger: Ledger;
  readonly store: Store;
  readonly hash: Hash;
  readonly index: number;
  /** Size of the checkpoint; the newest anchored one that covers the entry, else the newest, when absent. */
  readonly size?: number;
  /** With "final", the newest checkpoint that is final on a chain is taken before one that is not yet. */
  readonly prefer?: "final";
  /** Names of members to withhold. */
  readonly omit?: readonly string[];
  /** What the ledger has at the index, where it was read just now. */
  readonly proven?: LeafEntry;
};

/** Anchors that are looked at for one size: no service has more chains. */
const ANCHORS_MAX = 64;
/** Anchored checkpoints that are looked through for a final one; older ones are final long since. */
const SEARCH_MAX = 10_000;

/**
 * A bundle for an entry.
 * @throws ProveError; PrunedError; EventError code member_unknown; DamagedStoreError when what is stored does not prove the entry
 */
export async function makeBundle(request: ProveRequest): Promise<Bundle> {
  const { ledger, store, hash, index, omit = [] } = request;
  const proven = request.proven ?? (await ledger.provenEntry(index));
  if (proven === undefined) {
    throw new ProveError("event_unknown", `expected an index below ${ledger.size}, got ${index}`);
  }
  const { entry: stored, leafHash: leaf } = proven;
  if (stored.pruned !== undefined) throw await prunedError(store, index, stored.pruned);
  const { checkpoint, records } = await chooseCheckpoint(request);
  const [path, anchors] = await Promise.all([
    ledger.inclusionPath(index, checkpoint.size),
    anchorsOf(request, checkpoint.size, records),
  ]);
  const signer = fastRecoverSigner(checkpoint, hash);
  try {
    checkInclusion(hash, { index, size: checkpoint.size, leafHash: leaf, path, root: fromHex(checkpoint.root, 32) });
    checkSigner(ledger.record, signer);
  } catch (cause) {
    if (!(cause instanceof ProofError)) throw cause;
    throw new DamagedStoreError(`entry ${index} is not proved by checkpoint ${checkpoint.size}`, { cause });
  }
  const entry = omit.length === 0 ? stored : withholdMembers(hash, stored, omit);
  return assemble(bundleLedger(ledger.record, signer), { index, entry, leafHash: leaf, path, checkpoint }, anchors);
}

/**
 * What the bundles under the checkpoint of an entry have in common; it reads nothing of the entry.
 * @throws ProveError; DamagedStoreError when what is stored does not fit together
 */
export async function makeFrame(request: ProveRequest): Promise<Frame> {
  const { ledger, hash } = request;
  const { checkpoint, records } = await chooseCheckpoint(request);
  const anchors = await anchorsOf(request, checkpoint.size, records);
  const signer = fastRecoverSigner(checkpoint, hash);
  const { size, root, signedAt, signature } = checkpoint;
  return {
    ledger: bundleLedger(ledger.record, signer),
    checkpoint: { size, root, signedAt, signature },
    anchors: anchors.list,
    status: anchors.status,
  };
}

/** What an append knows of one entry. */
export type RecordedEntry = {
  readonly index: number;
  readonly entry: Entry;
  readonly leafHash: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly checkpoint: SignedCheckpoint;
};

/** The bundle of an entry that was recorded just now; it reads nothing. */
export function bundleOfAppend(hash: Hash, record: LedgerRecord, recorded: RecordedEntry): Bundle {
  const ledger = bundleLedger(record, signerOf(hash, record, recorded.checkpoint));
  return assemble(ledger, recorded, { list: [], status: "recorded" });
}

/** Who signed a checkpoint of a ledger, in lower case: after a rotation it need not be the signer in force. */
export function signerOf(hash: Hash, record: LedgerRecord, checkpoint: SignedCheckpoint): Hex {
  return record.formerSigners === undefined ? record.signer : fastRecoverSigner(checkpoint, hash);
}

type Anchors = { readonly list: readonly BundleAnchor[]; readonly status: Status };

function assemble(ledger: BundleLedger, recorded: RecordedEntry, anchors: Anchors): Bundle {
  const { index, entry, path, checkpoint } = recorded;
  const { size, root, signedAt, signature } = checkpoint;
  const [leafHash, ...rest] = spellAll([recorded.leafHash, ...path, ...entry.members.map(bytesOf)]);
  const values = rest.slice(path.length);
  return {
    format: BUNDLE_FORMAT,
    ledger,
    entry: {
      index,
      recordedAt: entry.recordedAt,
      members: entry.members.map((member, i) => spellMember(member, values[i] as Hex)),
      leafHash: leafHash as Hex,
    },
    inclusion: { size, root, path: rest.slice(0, path.length) },
    checkpoint: { size, root, signedAt, signature },
    anchors: anchors.list,
    status: anchors.status,
  };
}

function bytesOf(member: Member): Uint8Array {
  return "digest" in member ? member.digest : member.salt;
}

function spellMember(member: Member, value: Hex): BundleMember {
  return "digest" in member ? { digest: value } : { salt: value, text: member.text };
}

/** Hex of each of some bytes: one call of Node for all of them, and a third of the work of one call for each. */
export function spellAll(values: readonly Uint8Array[]): Hex[] {
  const bytes = Buffer.allocUnsafe(values.reduce((length, value) => length + value.length, 0));
  let length = 0;
  for (const value of values) {
    bytes.set(value, length);
    length += value.length;
  }
  const digits = bytes.toString("hex");
  let at = 0;
  return values.map((value) => {
    const from = at;
    at += 2 * value.length;
    return `0x${digits.slice(from, at)}` as const;
  });
}

function checkSigner(record: LedgerRecord, signer: Hex): void {
  if (signer === record.signer || record.formerSigners?.includes(signer)) return;
  throw new ProofError(`expected a signature of ${record.signer}, got one of ${signer}`);
}

/** Spellings that are remembered: a service has few ledgers and signers, and each costs a hash or two. */
const SPELLED_MAX = 10_000;
const ADDRESSES = new Map<Hex, string>();
const NAMES = new Map<Hex, string>();

function remembered<K>(spellings: Map<K, string>, key: K, spellNew: () => string): string {
  let spelled = spellings.get(key);
  if (spelled === undefined) {
    spelled = spellNew();
    if (spellings.size < SPELLED_MAX) spellings.set(key, spelled);
  }
  return spelled;
}

function spellAddress(address: Hex): string {
  return remembered(ADDRESSES, address, () => checksumAddress(address));
}

/**
 * A ledger as bundles name it: with the signer of the bundle's checkpoint, and addresses in EIP-55 spelling. A name
 * that must not be guessed is not given away; the random label stands where it would.
 */
export function bundleLedger(record: LedgerRecord, signer: Hex = record.signer): BundleLedger {
  const { id, label, owner } = record;
  const name = remembered(NAMES, id, () => (labelOf(record.name) === label ? record.name : label));
  return { id, name, label, owner: spellAddress(owner), signer: spellAddress(signer) };
}

/** A checkpoint, and the anchors from its size on where they were read with it. */
type CheckpointAnchors = { readonly checkpoint: SignedCheckpoint; readonly records?: readonly AnchorRecord[] };

async function chooseCheckpoint({ ledger, store, index, size, prefer }: ProveRequest): Promise<CheckpointAnchors> {
  if (size !== undefined) {
    const checkpoint = size > index ? await ledger.checkpoint(size) : undefined;
    if (checkpoint !== undefined) return { checkpoint };
    throw new ProveError("checkpoint_unknown", `expected the size of a checkpoint above index ${index}, got ${size}`);
  }
  const newest = await newestAnchors(store, ledger.record.id, index);
  const final = prefer === "final" ? await newestFinal(store, ledger.record.id, index) : undefined;
  const anchored = final ?? newest[0];
  const checkpoint = anchored === undefined ? ledger.head : await ledger.checkpoint(anchored.size);
  if (checkpoint === undefined)
    throw new DamagedStoreError(`the checkpoint of the anchored size ${anchored?.size} is not in the store`);
  return final === undefined ? { checkpoint, records: newest } : { checkpoint };
}

/** Those of the largest size that covers an entry, on every chain. */
async function newestAnchors(store: Store, ledgerId: Hex, index: number): Promise<AnchorRecord[]> {
  const query = { fromSize: index + 1, reverse: true, ofOneSize: true, limit: ANCHORS_MAX, onDamaged: passOver };
  return (await listAnchors(store, ledgerId, query)).toReversed();
}

async function newestFinal(store: Store, ledgerId: Hex, index: number): Promise<AnchorRecord | undefined> {
  const query = { fromSize: index + 1, reverse: true, limit: SEARCH_MAX, onDamaged: passOver };
  return (await listAnchors(store, ledgerId, query)).find(({ stage }) => stage === "final");
}

/** On every chain the anchor of this size, or else the next larger one with a path that leads there. */
async function anchorsOf(
  { ledger, store }: ProveRequest,
  size: number,
  known?: readonly AnchorRecord[],
): Promise<Anchors> {
  const query = { fromSize: size, limit: ANCHORS_MAX, onDamaged: passOver };
  const records = known ?? (await listAnchors(store, ledger.record.id, query));
  const firsts = new Map<number, AnchorRecord>();
  for (const record of records) if (!firsts.has(record.chainId)) firsts.set(record.chainId, record);
  const found = [...firsts.values()];
  const list = await Promise.all(found.map((record) => bundleAnchor(ledger, size, record)));
  const isFinal = found.some((record) => record.stage === "final");
  return { list, status: isFinal ? "final" : found.length > 0 ? "anchored" : "recorded" };
}

async function bundleAnchor(ledger: Ledger, size: number, record: AnchorRecord): Promise<BundleAnchor> {
  const { chainId, contract, root, transactionHash, blockNumber, blockHash, blockTime, state } = record;
  const consistency = record.size === size ? undefined : spellAll(await ledger.consistencyPath(size, record.size));
  return {
    chainId,
    contract,
    size: record.size,
    root,
    ...(consistency !== undefined && { consistency }),
    transactionHash,
    blockNumber,
    blockHash,
    blockTime,
    ...(state !== undefined && { state }),
  };
}
