/** A ledger on disk with everything that an erasure touches: an encrypted store or one in clear, its keyring, its index. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { KeyringErasing } from "../../../src/encryption/erasing.ts";
import { SegmentCipher } from "../../../src/encryption/keyring-cipher.ts";
import { checkEvent } from "../../../src/entry/event.ts";
import { ownMembers, type PreparedEntry, prepareEntry } from "../../../src/entry/prepare.ts";
import { planOfText } from "../../../src/http/routes/events/filter-text.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { keySigner } from "../../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../../src/ledger/ledger.ts";
import { deriveLedgerId, labelOf } from "../../../src/merkle/checkpoint.ts";
import { Indexer } from "../../../src/query/index/indexer.ts";
import type { ErasureArchives, ErasureOptions } from "../../../src/retention/erasure/erasure-parts.ts";
import { Erasures } from "../../../src/retention/erasure/erasures.ts";
import { HoldBook } from "../../../src/retention/hold-book.ts";
import { LevelIndexStore } from "../../../src/store/level-index.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { openEncrypted } from "../../encryption/encrypted-store.ts";
import { MemoryKek } from "../../encryption/memory-kek.ts";

export const hash = await fastKeccak256();
const signer = keySigner(new Uint8Array(32).fill(0x11), hash);
const owner = keySigner(new Uint8Array(32).fill(0x22), hash).address;
const salts = createSalts();
const label = labelOf("main");
const record = { id: deriveLedgerId(owner, label), name: "main", label, owner, signer: signer.address, createdAt: 0 };
export const LEDGER_ID = record.id;
const CONTENT_KEY = new Uint8Array(32).fill(7);
export const AUTHOR = { key: "k1", source: "counsel" };
export const WISH = { subject: "actor=user:ada", reason: "request 31", ground: "GDPR Art. 17(1)(b)" } as const;

export type World = {
  readonly store: LevelStore;
  readonly ledger: Ledger;
  readonly indexer: Indexer;
  readonly holds: HoldBook;
  readonly erasures: Erasures;
  /** Ends without finishing what is under way. */
  close(): Promise<void>;
};

export type WorldOptions = {
  readonly kek?: MemoryKek;
  readonly isClear?: boolean;
  /** The archives that there are. */
  readonly archives?: (store: LevelStore) => ErasureArchives;
  /** Puts something in the way of a part. */
  readonly alter?: (options: ErasureOptions) => ErasureOptions;
};

/** Opens what is in a folder; at the first time it makes it. */
export async function openWorld(folder: string, { kek, isClear, archives, alter }: WorldOptions = {}): Promise<World> {
  const opened = isClear === true ? undefined : await openEncrypted(folder, kek ?? new MemoryKek());
  const store = opened?.store ?? (await LevelStore.open(join(folder, "store")));
  if ((await store.ledgers()).length === 0) await store.addLedger(record);
  const ledger = await Ledger.open({ store, record, signer, hash });
  const cipher = opened && new SegmentCipher(opened.cipher);
  const indexStore = await LevelIndexStore.open(join(folder, "index"), { cipher });
  const indexer = await Indexer.open({ store, indexStore, ledger, segmentLength: 100 });
  indexer.start();
  const now = Date.now;
  const holds = new HoldBook({ store, hash, salts, now, planOf: planOfText });
  await holds.follow(ledger);
  const plain: ErasureOptions = {
    store,
    hash,
    salts,
    now,
    planOf: planOfText,
    holds,
    index: { forgetAll: (_, ranges) => indexer.forgetAll(ranges), compact: () => indexStore.compact() },
    keys: opened && new KeyringErasing(opened.cipher),
    archives: archives?.(store),
    retryMs: 5,
  };
  const erasures = new Erasures(alter?.(plain) ?? plain);
  await erasures.follow(ledger);
  const close = async () => {
    await erasures.close();
    await ledger.close();
    await indexer.stop();
    await indexStore.close();
    await (opened ?? store).close();
  };
  return { store, ledger, indexer, holds, erasures, close };
}

/** Longer than any erasure of a test takes on a machine that others use as well. */
const OVER_WITHIN_MS = 120_000;

/** Waits until an erasure is over, well or not. */
export async function overOf({ erasures }: World, id: string): Promise<string> {
  const end = Date.now() + OVER_WITHIN_MS;
  for (;;) {
    const { step } = erasures.get(LEDGER_ID, id);
    if (step === "done" || step === "refused") return step;
    if (Date.now() > end) throw new Error(`expected an erasure that is over by now, got one that is ${step}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** An event with texts that are looked for afterwards. */
export function eventOf(actor: string, n: number, more: object = {}): PreparedEntry {
  const event = checkEvent({
    action: "file.read",
    id: `id-${n}`,
    time: "2026-11-20T09:30:00Z",
    actor: { type: "user", id: actor, name: `Name-of-${actor}` },
    message: `told-by-${actor} of something`,
    ...more,
  });
  const own = ownMembers({
    _source: { format: "native", key: "k1", source: "app" },
    _raw: `raw-of-${actor} ${"and more of it ".repeat(3)}`,
  });
  return prepareEntry(event, { hash, salts, own, contentKey: CONTENT_KEY });
}

/** Every file under a folder with the bytes that stand in it. */
function filesUnder(folder: string): { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
    .map((path) => ({ path, bytes: readFileSync(path) }))
    .map(({ path, bytes }) => ({ path, bytes: Buffer.concat([bytes, ...unpacked(bytes)]) }));
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer };

/** What is compressed in some bytes, by gzip or, where this Node has it, zstd. */
function unpacked(bytes: Buffer): Buffer[] {
  return [
    ...packedAt(bytes, GZIP, zlib.gunzipSync),
    ...(zstdDecompressSync === undefined ? [] : packedAt(bytes, ZSTD, zstdDecompressSync)),
  ];
}

function packedAt(bytes: Buffer, begin: Buffer, unpack: (bytes: Buffer) => Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf(begin); at >= 0; at = bytes.indexOf(begin, at + 1)) {
    try {
      found.push(unpack(bytes.subarray(at)));
    } catch {
      // It only looked like it.
    }
  }
  return found;
}

/** Files in which one of some texts stands, in some spelling. */
export function foundIn(folder: string, texts: readonly string[]): string[] {
  const needles = texts.flatMap(spellings);
  return filesUnder(folder)
    .filter(({ bytes }) => needles.some((each) => bytes.includes(each)))
    .map(({ path }) => path);
}

function spellings(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((skip) =>
    Buffer.from(bytes.subarray(skip, skip + 3 * Math.floor((bytes.length - skip) / 3)).toString("base64")),
  );
  const utf16 = Buffer.from(text, "utf16le");
  return [bytes, utf16, Buffer.from(utf16).swap16(), Buffer.from(bytes.toString("hex")), ...base64];
}
