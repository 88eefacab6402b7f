/** A ledger with archives beside it, from which something is erased. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type ArchiveLock, type ArchiveOpener, openArchive } from "../../../src/archive/age.ts";
import { checkArchive } from "../../../src/archive/check-archive.ts";
import { bodiesOf } from "../../../src/archive/erasing/rewrite-archive.ts";
import { keepArchive } from "../../../src/archive/keep-archive.ts";
import { problemOfKept } from "../../../src/archive/kept-problem.ts";
import type { ArchivePlace } from "../../../src/archive/places/archive-place.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { ArchiveEraser } from "../../../src/service/archiving/archive-eraser.ts";
import { Turn } from "../../../src/store/mutex.ts";
import { MemoryKek } from "../../encryption/memory-kek.ts";
import {
  AUTHOR,
  eventOf,
  hash,
  LEDGER_ID,
  openWorld,
  overOf,
  WISH,
  type World,
} from "../../retention/erasure/erase-world.ts";

export const EVENTS = 120;
export const EACH = 20;
export const PLANTED = ["Name-of-ada", "told-by-ada", "raw-of-ada"];
export const NO_KEYS: ArchiveOpener = { identities: [], passphrases: [] };

export type Setting = {
  readonly lock?: ArchiveLock;
  readonly opener?: ArchiveOpener;
  readonly place?: ArchivePlace;
  readonly now?: () => number;
};

/** A ledger in which every twentieth event is ada's, and a place for archives beside it. */
export async function openArchived(
  folder: string,
  { lock, opener = NO_KEYS, place = new FolderPlace(join(folder, "archives")), now = Date.now }: Setting = {},
  kek = new MemoryKek(),
) {
  const world = await openWorld(folder, {
    kek,
    archives: (store) =>
      new ArchiveEraser({ store, hash, open: () => ({ place, lock, opener }), turn: new Turn(), now }),
  });
  if (world.ledger.size === 0) await fill(world);
  const keep = (from = 0, to = EVENTS) => keepArchive({ ...world, hash }, { from, to, place, lock });
  return { world, place, keep };
}

async function fill({ ledger, indexer }: World): Promise<void> {
  const entries = Array.from({ length: EVENTS }, (_, n) => eventOf(n % EACH === 0 ? "ada" : `u${n % 7}`, n));
  await ledger.append({ entries, source: "app" });
  await indexer.waitFor(ledger.size);
}

export async function eraseAll(world: World, wish: Parameters<World["erasures"]["begin"]>[1] = WISH) {
  const { id } = await world.erasures.begin(world.ledger, wish, AUTHOR);
  assert.equal(await overOf(world, id), "done");
  return world.erasures.get(LEDGER_ID, id);
}

/** What an archive shows: the texts of each entry that it has with its body. */
export async function textsIn(place: ArchivePlace, name: string, opener = NO_KEYS): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  for await (const { index, entry } of bodiesOf(openArchive(place.read(name), opener), LEDGER_ID))
    found.set(
      index,
      entry.members.flatMap((member) => ("text" in member ? [member.text] : [])),
    );
  return found;
}

export async function requireVerified(place: ArchivePlace, name: string): Promise<void> {
  assert.equal(await problemOfKept(place, name, hash), undefined);
  const { checks, summary } = await checkArchive(place.read(name), { hash, offline: true });
  assert.notEqual(checks, "failed", summary);
}

/** Entries of the store become what pruning leaves of them. */
export async function prune({ store, ledger }: World, archive: string, indexes: readonly number[]): Promise<void> {
  const replacements = [];
  for (const index of indexes) {
    const entry = await store.entry(LEDGER_ID, index);
    assert.ok(entry);
    const pruned = { leafHash: (await ledger.leafHash(index)).slice(), archive };
    replacements.push({ index, entry: { recordedAt: entry.recordedAt, members: new Uint8Array(0), pruned } });
  }
  await store.replaceEntries(LEDGER_ID, replacements, []);
}

export const named = (archives: readonly { readonly name: string; readonly stays?: string }[] = []) =>
  archives.map(({ name, stays }) => [name, stays]);
