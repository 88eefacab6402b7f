/** Erasing in archives never leaves one readable for more people, never passes a legal hold by, and never says done of what was not looked at. */

import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { encodeCheckpoint, encodeEntries } from "../../../src/archive/format/entry-records.ts";
import { FrameWriter, KINDS, magicOf } from "../../../src/archive/format/frames.ts";
import { encodeText } from "../../../src/archive/format/texts.ts";
import { keepArchive } from "../../../src/archive/keep-archive.ts";
import { problemOfKept } from "../../../src/archive/kept-problem.ts";
import { ArchiveNotKeptError, type DraftFile, type KeptArchive } from "../../../src/archive/places/archive-place.ts";
import { sha256Of } from "../../../src/archive/places/draft.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { readArchive } from "../../../src/archive/read-archive.ts";
import { packEntry, unpackEntry } from "../../../src/entry/packed.ts";
import { toHex } from "../../../src/merkle/bytes.ts";
import { ArchiveNotes, type NotedArchive } from "../../../src/service/archiving/kept-archives.ts";
import { archiveNow } from "../../../src/store/values/archive-names.ts";
import { newFolder } from "../../encryption/encrypted-store.ts";
import { MemoryKek } from "../../encryption/memory-kek.ts";
import { AUTHOR, foundIn, hash, LEDGER_ID, overOf, WISH, type World } from "../../retention/erasure/erase-world.ts";
import { EACH, EVENTS, eraseAll, named, openArchived, PLANTED, prune, requireVerified } from "./archived-world.ts";

const OF_ADA = Array.from({ length: EVENTS / EACH }, (_, i) => i * EACH);
const HOLD = { filter: "actor=user:ada", reason: "case 7" };

/** Waits until something holds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`expected ${what} by now`);
    await sleep(5);
  }
}

/** A place that can be away, and in which something happens at times. */
class OddPlace extends FolderPlace {
  isAway = false;
  onConfirm: () => Promise<void> = async () => undefined;
  onRemove: () => Promise<void> = async () => undefined;
  override async *list(): AsyncGenerator<KeptArchive, void, void> {
    if (this.isAway) throw new Error("the place is away");
    yield* super.list();
  }
  override async confirm(name: string): Promise<KeptArchive> {
    const found = await super.confirm(name);
    await this.onConfirm();
    return found;
  }
  override async remove(name: string): Promise<void> {
    await this.onRemove();
    await super.remove(name);
  }
}

async function note(world: World, place: FolderPlace, name: string, more: Partial<NotedArchive> = {}): Promise<void> {
  const sha256 = await sha256Of(place.read(name));
  const noted: NotedArchive = {
    from: 0,
    to: EVENTS,
    bodies: [[0, EVENTS]],
    name,
    digest: "0x00",
    sha256,
    bytes: 1,
    place: place.description,
    draft: join(place.drafts, ".none"),
    until: 0,
    isKept: true,
    reached: 0,
    erasures: 0,
    ...more,
  };
  await new ArchiveNotes(world.store).write(LEDGER_ID, noted);
}

test("an archive that is encrypted is not written again in clear, whatever it is called, and is named", async (t) => {
  const identity = await generateX25519Identity();
  const opener = { identities: [identity], passphrases: [] };
  for (const isRenamed of [false, true]) {
    const folder = await newFolder(t);
    const { world, place } = await openArchived(folder, { lock: undefined, opener });
    t.after(() => world.close());
    const lock = { recipients: [await identityToRecipient(identity)] };
    const { archive } = await keepArchive({ ...world, hash }, { from: 0, to: EVENTS, place, lock });
    const name = isRenamed ? "ours.hfa" : archive.name;
    renameSync(join(folder, "archives", archive.name), join(folder, "archives", name));
    const { archives: planned } = await world.erasures.plan(world.ledger, WISH);
    assert.deepEqual(named(planned), [[name, "would_be_clear"]]);
    const { archives } = await eraseAll(world);
    assert.deepEqual(archives, [{ name, stays: "would_be_clear" }]);
    assert.deepEqual(readdirSync(join(folder, "archives")), [name]);
    assert.deepEqual(foundIn(join(folder, "archives"), ["Name-of-u1"]), []);
  }
});

test("a hold that is placed while the archives are away keeps what is in them alone, until it is lifted and it is erased again", async (t) => {
  const folder = await newFolder(t);
  const place = new OddPlace(join(folder, "archives"));
  const { world, keep } = await openArchived(folder, { place });
  t.after(() => world.close());
  const { archive } = await keep();
  await prune(world, archive.name, OF_ADA);
  const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  place.isAway = true;
  const hold = await world.holds.place(world.ledger, HOLD, AUTHOR);
  place.isAway = false;
  assert.equal(await overOf(world, id), "done");
  assert.deepEqual(world.erasures.get(LEDGER_ID, id).archives, [{ name: archive.name, stays: "held" }]);
  assert.deepEqual(readdirSync(join(folder, "archives")), [archive.name]);
  await assert.rejects(eraseAll(world), { code: "erasure_held" });
  await world.holds.lift(world.ledger, hold.id, "over", AUTHOR);
  const { archives } = await eraseAll(world);
  assert.deepEqual(named(archives), [[archive.name, undefined]]);
  assert.deepEqual(foundIn(folder, PLANTED), []);
});

/** Erases what is in an archive alone, and places a hold after the archive was written again and before it goes. */
async function eraseWhileHeld(t: TestContext, filter: string) {
  const folder = await newFolder(t);
  const place = new OddPlace(join(folder, "archives"));
  const { world, keep } = await openArchived(folder, { place });
  t.after(() => world.close());
  const { archive } = await keep();
  await prune(world, archive.name, OF_ADA);
  place.onConfirm = async () => {
    place.onConfirm = async () => undefined;
    await world.holds.place(world.ledger, { filter, reason: "case 8" }, AUTHOR);
  };
  const { archives } = await eraseAll(world);
  return { folder, world, archives, was: archive.name, there: readdirSync(join(folder, "archives")) };
}

test("a hold that is placed while an archive is written again keeps the archive as it is", async (t) => {
  const { world, archives, was, there } = await eraseWhileHeld(t, HOLD.filter);
  assert.deepEqual(archives, [{ name: was, stays: "held" }]);
  assert.deepEqual(there, [was], "and nothing that was to stand in its place");
  assert.equal(await archiveNow(world.store, was), was);
});

test("a hold on something else that is placed while an archive is written again lets it be written again", async (t) => {
  const { folder, archives, there } = await eraseWhileHeld(t, "actor=user:u1");
  assert.deepEqual(there, [archives?.[0]?.now]);
  assert.deepEqual(foundIn(folder, PLANTED), []);
});

for (const how of ["its folder is away", "its folder is empty", "it alone is away"]) {
  test(`nothing is erased while an archive is missing in which pruned events are: ${how}`, async (t) => {
    const folder = await newFolder(t);
    const { world, place, keep } = await openArchived(folder);
    t.after(() => world.close());
    const { archive } = await keep();
    await prune(world, archive.name, [20]);
    const there = join(folder, "archives");
    const away = join(folder, "away");
    if (how === "it alone is away") renameSync(join(there, archive.name), away);
    else renameSync(there, away);
    if (how === "its folder is empty") mkdirSync(there);
    await assert.rejects(eraseAll(world), {
      code: "archives_unavailable",
      message: new RegExp(`expected the archive ${archive.name.replaceAll(".", "\\.")} where archives are kept`),
    });
    assert.deepEqual(world.erasures.list(LEDGER_ID), []);
    // What concerns none of it goes on.
    await eraseAll(world, { indexes: "21", reason: "another" });
    if (how === "it alone is away") renameSync(away, join(there, archive.name));
    else {
      rmSync(there, { recursive: true, force: true });
      renameSync(away, there);
    }
    const { archives } = await eraseAll(world);
    await requireVerified(place, archives?.[0]?.now ?? "");
    assert.deepEqual(foundIn(folder, PLANTED), []);
  });
}

test("the newest archive has to be there though nothing of it is pruned yet; one whose time is over is named", async (t) => {
  for (const isOver of [false, true]) {
    const folder = await newFolder(t);
    const { world, place, keep } = await openArchived(folder);
    t.after(() => world.close());
    const { archive } = await keep();
    await note(world, place as FolderPlace, archive.name, { until: isOver ? Date.now() - 1 : 0 });
    rmSync(join(folder, "archives"), { recursive: true });
    if (isOver) {
      const { archives } = await eraseAll(world);
      assert.deepEqual(archives, [{ name: archive.name, stays: "missing" }]);
    } else await assert.rejects(eraseAll(world), { code: "archives_unavailable" });
  }
});

test("an archive is found under a name that says another range, or another ledger, and so is a copy of it", async (t) => {
  const folder = await newFolder(t);
  const { world, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep();
  await prune(world, archive.name, [20]);
  const at = (name: string) => join(folder, "archives", name);
  copyFileSync(at(archive.name), at(archive.name.replace(/\.[0-9a-f]{8}\.0-119/, ".00000000.0-119")));
  renameSync(at(archive.name), at(archive.name.replace("0-119", "200-319")));
  const { archives } = await eraseAll(world);
  assert.equal(archives?.length, 2);
  assert.deepEqual(foundIn(folder, PLANTED), []);
  assert.deepEqual(readdirSync(join(folder, "archives")), [await archiveNow(world.store, archive.name)]);
});

/** An archive in which one entry is another one than was recorded: it reads, and does not verify. */
async function forge(path: string): Promise<void> {
  const pieces: Uint8Array[] = [];
  const writer = new FrameWriter("none", 1);
  const bytes = readFileSync(path);
  const whole = (async function* () {
    yield bytes;
  })();
  for await (const part of readArchive(whole)) {
    if (part.kind === "header") pieces.push(magicOf(1), writer.write(KINDS.header, encodeText(part.header)));
    else if (part.kind === "entries") {
      const entries = part.entries.map((packed, i) => {
        if (part.first + i !== 5) return packed;
        const entry = unpackEntry(packed);
        return packEntry({ ...entry, recordedAt: entry.recordedAt + 1 });
      });
      pieces.push(writer.write(KINDS.entries, encodeEntries({ first: part.first, entries })));
    } else if (part.kind === "checkpoint")
      pieces.push(writer.write(KINDS.checkpoint, encodeCheckpoint(part.checkpoint)));
    else if (part.kind === "proof") pieces.push(writer.write(KINDS.proof, encodeText(part.proof)));
    else {
      const { entries, checkpoints } = part.trailer;
      const trailer = { entries, checkpoints, frames: writer.frames + 1, digest: toHex(writer.digest) };
      pieces.push(writer.write(KINDS.trailer, encodeText(trailer)));
    }
  }
  writeFileSync(path, Buffer.concat(pieces));
}

test("an archive that reads and does not verify is named as damaged, and the others are written again", async (t) => {
  const folder = await newFolder(t);
  const { world, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep(0, 50);
  const { archive: other } = await keep(50, EVENTS);
  await forge(join(folder, "archives", archive.name));
  const { archives } = await eraseAll(world);
  assert.deepEqual(named(archives), [
    [archive.name, "damaged"],
    [other.name, undefined],
  ]);
});

test("a disk that garbles what is written makes no archive damaged: it is tried again", async (t) => {
  let failures = 0;
  class GarblingPlace extends FolderPlace {
    override async put(name: string, draft: DraftFile): Promise<void> {
      if (failures++ < 3) throw new ArchiveNotKeptError(`expected ${name} as it was written, got other bytes`);
      await super.put(name, draft);
    }
  }
  const folder = await newFolder(t);
  const { world, keep } = await openArchived(folder, { place: new GarblingPlace(join(folder, "archives")) });
  t.after(() => world.close());
  failures = 3;
  const { archive } = await keep();
  failures = 0;
  const { archives } = await eraseAll(world);
  assert.deepEqual(named(archives), [[archive.name, undefined]]);
  assert.ok(failures > 3);
});

test("an erasure that waits for the place of archives holds up no other", async (t) => {
  const folder = await newFolder(t);
  const place = new OddPlace(join(folder, "archives"));
  const { world, keep } = await openArchived(folder, { place });
  t.after(() => world.close());
  await keep();
  const first = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  const later = await world.erasures.begin(world.ledger, { indexes: "61", reason: "another" }, AUTHOR);
  place.isAway = true;
  const stepOf = (id: string) => world.erasures.get(LEDGER_ID, id).step;
  await until("both without it in any file", () => [first, later].every(({ id }) => stepOf(id) === "compacted"));
  assert.ok((await world.store.entry(LEDGER_ID, 61))?.members.every((member) => "digest" in member));
  place.isAway = false;
  for (const { id } of [first, later]) assert.equal(await overOf(world, id), "done");
});

test("deaths between putting an archive and removing what it was leave one, encrypted or not, and the newest is known", async (t) => {
  const identity = await generateX25519Identity();
  const opener = { identities: [identity], passphrases: [] };
  for (const lock of [{ recipients: [await identityToRecipient(identity)] }, undefined]) {
    const folder = await newFolder(t);
    const place = new OddPlace(join(folder, "archives"));
    const { world, keep } = await openArchived(folder, { lock, opener, place });
    t.after(() => world.close());
    const { archive } = await keep();
    await note(world, place, archive.name);
    let deaths = 0;
    const die = async () => {
      if (deaths++ < 3) throw new Error("killed");
    };
    place.onConfirm = die;
    place.onRemove = async () => {
      if (deaths++ < 7) throw new Error("killed");
    };
    const { archives } = await eraseAll(world);
    assert.ok(deaths > 7);
    const now = archives?.[0]?.now ?? "";
    assert.deepEqual(readdirSync(join(folder, "archives")), [now]);
    assert.equal(await archiveNow(world.store, archive.name), now);
    const noted = await new ArchiveNotes(world.store).read(LEDGER_ID);
    assert.deepEqual([noted?.name, noted?.sha256], [now, await sha256Of(place.read(now))]);
  }
});

test("an archive that its place keeps is written again once, however many erasures there are", async (t) => {
  const identity = await generateX25519Identity();
  const lock = { recipients: [await identityToRecipient(identity)] };
  const opener = { identities: [identity], passphrases: [] };
  const folder = await newFolder(t);
  const { world, keep } = await openArchived(folder, { lock, opener });
  t.after(() => world.close());
  const { archive } = await keep();
  linkSync(join(folder, "archives", archive.name), join(folder, "elsewhere"));
  for (const indexes of ["0", "1", "2", "3", "4"]) {
    const { archives } = await eraseAll(world, { indexes, reason: "one after the other" });
    assert.ok(named(archives).some(([name, stays]) => name === archive.name && stays === "refused"));
    assert.equal(readdirSync(join(folder, "archives")).length, 2, indexes);
  }
});

test("beside an older copy of the store names lead to the archive that stands there now", async (t) => {
  for (const isPruned of [false, true]) {
    const folder = await newFolder(t);
    const kek = new MemoryKek();
    const first = await openArchived(folder, {}, kek);
    const { archive } = await first.keep();
    await prune(first.world, archive.name, isPruned ? [1, ...OF_ADA.slice(1)] : [1, 2, 3]);
    await first.world.close();
    cpSync(join(folder, "store"), join(folder, "older"), { recursive: true });
    const second = await openArchived(folder, {}, kek);
    const { archives } = await eraseAll(second.world);
    await second.world.close();
    rmSync(join(folder, "store"), { recursive: true });
    renameSync(join(folder, "older"), join(folder, "store"));
    rmSync(join(folder, "index"), { recursive: true });
    const third = await openArchived(folder, {}, kek);
    t.after(() => third.world.close());
    for (const { id } of third.world.erasures.list(LEDGER_ID)) assert.equal(await overOf(third.world, id), "done");
    const now = await archiveNow(third.world.store, archive.name);
    assert.equal(now, archives?.[0]?.now);
    assert.equal(await problemOfKept(third.place, now, hash), undefined);
  }
});
