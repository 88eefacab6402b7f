/**
 * A data folder with some of everything that an audit looks at, as a service leaves it when it stops: entries under five checkpoints,
 * a tile, claims, an anchor, a mark, two closed segments of the index, an archive with the entries that were pruned for it, and keys.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { keepArchive } from "../../../src/archive/keep-archive.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { SegmentCipher } from "../../../src/encryption/keyring-cipher.ts";
import { ownMembers, prepareEntry } from "../../../src/entry/prepare.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { encodeMark, markFile } from "../../../src/ledger/marks/mark.ts";
import type { Hex } from "../../../src/merkle/bytes.ts";
import { Indexer } from "../../../src/query/index/indexer.ts";
import { type AnchorRecord, anchorWrite } from "../../../src/store/anchor-record.ts";
import { LevelIndexStore } from "../../../src/store/level-index.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { openEncrypted } from "../../encryption/encrypted-store.ts";
import { MemoryKek } from "../../encryption/memory-kek.ts";
import { hash, openLedger, record } from "../../ledger/fixtures.ts";

export const SIZE = 295;
export const CHECKPOINT_STEP = 59;
/** Entries that are in a closed segment of the index: those below. */
export const INDEXED = 200;
/** Entries of which an archive has the bodies. */
export const PRUNED = [200, 230] as const;
export const ANCHORED = 177;
/** The only entry of its subject, in the tile and in no closed segment. */
export const LONELY = 240;
export const CHAIN_ID = 5;

export type Ground = {
  readonly data: string;
  /** Of an encrypted store. */
  readonly kek: MemoryKek | undefined;
  /** That the chain has. */
  readonly anchoredRoot: Hex;
  readonly archive: string;
};

const SOURCE = "desk";
const OTHER: Hex = `0x${"9".repeat(64)}`;
const own = ownMembers({ _source: { format: "event", key: "k", source: SOURCE } });

export async function makeGround(t: TestContext | undefined, isEncrypted: boolean): Promise<Ground> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-flips-"));
  t?.after(() => rmSync(data, { recursive: true, force: true }));
  const kek = isEncrypted ? new MemoryKek() : undefined;
  const opened = await openStore(data, kek);
  const { store } = opened;
  await store.addLedger(record);
  let now = record.createdAt;
  const ledger = await openLedger(store, { clock: () => (now += 1000) });
  for (let at = 0; at < SIZE; at += CHECKPOINT_STEP) await ledger.append({ entries: events(at), source: SOURCE });
  await indexAll(data, store, ledger, opened.cipher);
  const anchor = await anchorAt(store, ANCHORED);
  const archive = await prune(data, store, ledger);
  mkdirSync(join(data, "marks"));
  writeFileSync(join(data, "marks", markFile(record.id)), encodeMark(ledger.head ?? { ledgerId: record.id, size: 0 }));
  await ledger.close();
  await opened.close();
  // What was written is in sorted files after the next opening, as in a store that was used for longer.
  await (await openStore(data, kek)).close();
  return { data, kek, anchoredRoot: anchor.root, archive };
}

/** Opens the store of a folder, with its keys where it has any. */
export async function openStore(data: string, kek: MemoryKek | undefined) {
  if (kek === undefined) {
    const store = await LevelStore.open(join(data, "store"));
    return { store, cipher: undefined, entryKeys: undefined, keyring: undefined, close: () => store.close() };
  }
  const { store, cipher, close } = await openEncrypted(data, kek);
  return { store, cipher: new SegmentCipher(cipher), entryKeys: cipher, keyring: cipher.keyring, close };
}

function events(from: number) {
  return Array.from({ length: CHECKPOINT_STEP }, (_, i) => {
    const index = from + i;
    const who = index === LONELY ? "lonely" : `user-${index % 7}`;
    const event = { action: "a.b", id: `id-${index}`, time: "2026-11-27T03:30:54Z", actor: { type: "user", id: who } };
    const salts = (n: number) => hash(Uint8Array.of(index % 256, index >> 8)).slice(0, 16).length * n;
    return prepareEntry(event as never, { hash, salts: (n) => new Uint8Array(salts(n)), own });
  });
}

async function indexAll(data: string, store: LevelStore, ledger: Ledger, cipher: SegmentCipher | undefined) {
  const indexStore = await LevelIndexStore.open(join(data, "index"), { cipher });
  const indexer = await Indexer.open({ store, indexStore, ledger, segmentLength: INDEXED / 2 });
  indexer.start();
  await indexer.waitFor(SIZE);
  await indexer.stop();
  await indexStore.close();
}

async function anchorAt(store: LevelStore, size: number): Promise<AnchorRecord> {
  const checkpoint = await store.checkpoint(record.id, size);
  if (checkpoint === undefined) throw new Error(`expected a checkpoint of size ${size}, got none`);
  const place = { transactionHash: OTHER, blockNumber: 7, blockHash: OTHER, blockTime: 1_790_000_000 };
  const fee = { gasUsed: 1, feeWei: "1" };
  const anchor: AnchorRecord = { ...checkpoint, chainId: CHAIN_ID, contract: OTHER, stage: "final", ...place, ...fee };
  await store.writeRecords([anchorWrite(anchor)], { durable: true });
  return anchor;
}

async function prune(data: string, store: LevelStore, ledger: Ledger): Promise<string> {
  const [from, to] = PRUNED;
  const place = new FolderPlace(join(data, "archives"));
  const { archive } = await keepArchive({ ledger, store, hash }, { from, to, place, lock: undefined });
  const replacements = [];
  for (let index = from; index < to; index++) {
    const { recordedAt } = (await store.entry(record.id, index)) ?? { recordedAt: 0 };
    const pruned = { leafHash: await ledger.leafHash(index), archive: archive.name };
    replacements.push({ index, entry: { recordedAt, members: new Uint8Array(0), pruned } });
  }
  await store.replaceEntries(record.id, replacements, []);
  return archive.name;
}
