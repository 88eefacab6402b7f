/** Erasing reaches archives: what is in a place that can be read and written is written again without it, and what cannot be is named. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { bodiesOf } from "../../../src/archive/erasing/rewrite-archive.ts";
import { ArchiveStaysError, type KeptArchive } from "../../../src/archive/places/archive-place.ts";
import { BucketPlace } from "../../../src/archive/places/bucket-place.ts";
import { writeDraft } from "../../../src/archive/places/draft.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { BucketClient } from "../../../src/bucket/bucket-client.ts";
import { entryLeafHash } from "../../../src/entry/entry.ts";
import { toHex } from "../../../src/merkle/bytes.ts";
import { makeBundle } from "../../../src/prove/make-bundle.ts";
import { CREDENTIALS } from "../../bucket/gateway.ts";
import { startSmallBucket } from "../../bucket/small-bucket.ts";
import { newFolder } from "../../encryption/encrypted-store.ts";
import { AUTHOR, foundIn, hash, LEDGER_ID, WISH } from "../../retention/erasure/erase-world.ts";
import {
  EACH,
  EVENTS,
  eraseAll,
  named,
  openArchived,
  PLANTED,
  prune,
  requireVerified,
  type Setting,
  textsIn,
} from "./archived-world.ts";

test("an archive in clear is written again without a subject, proves what it proved, and nothing of the subject is left in any file", async (t) => {
  const folder = await newFolder(t);
  const { world, place, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep();
  const first = await textsIn(place, archive.name);
  assert.match(String(first.get(0)), /told-by-ada/);
  // That what is looked for would be found.
  writeFileSync(join(folder, "clear"), String(first.get(0)));
  assert.deepEqual(
    foundIn(folder, PLANTED),
    [join(folder, "clear")].concat(foundIn(join(folder, "archives"), PLANTED)),
  );
  writeFileSync(join(folder, "clear"), "");
  writeFileSync(join(folder, "archives", `.holdfast-${"0".repeat(16)}.part`), String(first.get(0)));

  const { archives: planned } = await world.erasures.plan(world.ledger, WISH);
  assert.deepEqual(named(planned), [[archive.name, undefined]]);
  const { archives } = await eraseAll(world);
  const [{ now = "" } = {}] = archives ?? [];
  assert.deepEqual(archives, [{ name: archive.name, now }]);
  assert.deepEqual(readdirSync(join(folder, "archives")), [now], "and no draft of before");
  await requireVerified(place, now);
  const left = await textsIn(place, now);
  assert.equal(left.size, EVENTS);
  for (const [index, texts] of left) {
    if (index % EACH === 0) assert.deepEqual(texts, [], String(index));
    else assert.deepEqual(texts, first.get(index));
  }
  assert.deepEqual(foundIn(folder, PLANTED), []);
  const event = (await world.ledger.entry(EVENTS))?.members ?? [];
  const told = event.map((member) => ("text" in member ? member.text : "")).join();
  assert.ok(told.includes(archive.name) && told.includes(now), told);
});

test("single members go from an archive as they go from the store, and from others only where they have them", async (t) => {
  const folder = await newFolder(t);
  const { world, place, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep(0, 50);
  const { archive: other } = await keep(50, EVENTS);
  const bytes = readFileSync(join(folder, "archives", other.name));
  const { archives } = await eraseAll(world, { indexes: "20", members: ["message"], reason: "too much" });
  assert.deepEqual(named(archives), [[archive.name, undefined]]);
  assert.deepEqual(readFileSync(join(folder, "archives", other.name)), bytes);
  const left = await textsIn(place, archives?.[0]?.now ?? "");
  const texts = String(left.get(20));
  assert.ok(texts.includes("Name-of-ada") && !/told-by|raw-of/.test(texts), texts);
  assert.match(String(left.get(0)), /told-by-ada.*|raw-of-ada/);
});

test("what was pruned, and is in archives alone, is found there and erased; whoever asks for it is told the archive as it is called now", async (t) => {
  const folder = await newFolder(t);
  const { world, place, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep();
  await prune(world, archive.name, [0, 1, 2, 20, 21, 100]);
  const { count, archives: planned } = await world.erasures.plan(world.ledger, WISH);
  assert.deepEqual([count, named(planned)], [EVENTS / EACH, [[archive.name, undefined]]]);
  const { ranges, archives } = await eraseAll(world);
  assert.deepEqual(
    ranges.map(([from]) => from),
    [0, 20, 40, 60, 80, 100],
  );
  const now = archives?.[0]?.now ?? "";
  await requireVerified(place, now);
  for (const [index, texts] of await textsIn(place, now)) assert.equal(texts.length > 0, index % EACH !== 0);
  assert.deepEqual(foundIn(folder, PLANTED), []);
  await assert.rejects(makeBundle({ ...world, hash, index: 1 }), { code: "event_pruned", archive: now });
  await assert.rejects(eraseAll(world), { code: "erasure_empty" });
});

test("a hold that covers what is in archives alone stops an erasure as any other", async (t) => {
  const folder = await newFolder(t);
  const { world, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep();
  await prune(world, archive.name, [20]);
  await world.holds.place(world.ledger, { filter: "actor=user:ada&from=20&to=21", reason: "case 7" }, AUTHOR);
  const { held } = await world.erasures.plan(world.ledger, WISH);
  assert.deepEqual(
    held.map((each) => each.held),
    [1],
  );
  await assert.rejects(eraseAll(world), { code: "erasure_held" });
});

test("an archive under a passphrase or key that the service has is written again under it, and one that is encrypted to others is named and stays", async (t) => {
  const identity = await generateX25519Identity();
  const passphrase = "a passphrase of the tests";
  const ways: readonly (Setting & { readonly stays: string | undefined })[] = [
    {
      lock: { passphrase, workFactor: 10 },
      opener: { identities: [], passphrases: [passphrase] },
      stays: undefined,
    },
    { lock: { recipients: [await identityToRecipient(identity)] }, stays: "encrypted" },
    {
      lock: { recipients: [await identityToRecipient(identity)] },
      opener: { identities: [identity], passphrases: [] },
      stays: undefined,
    },
  ];
  for (const { stays, ...setting } of ways) {
    const folder = await newFolder(t);
    const { world, place, keep } = await openArchived(folder, setting);
    t.after(() => world.close());
    const { archive } = await keep();
    const { archives: planned } = await world.erasures.plan(world.ledger, WISH);
    assert.deepEqual(named(planned), [[archive.name, stays]]);
    const { archives } = await eraseAll(world);
    assert.deepEqual(named(archives), [[archive.name, stays]]);
    const opener = { identities: [identity], passphrases: [passphrase] };
    const name = archives?.[0]?.now ?? archive.name;
    assert.deepEqual(readdirSync(join(folder, "archives")), [name]);
    const texts = String((await textsIn(place, name, opener)).get(0));
    assert.equal(texts.includes("told-by-ada"), stays !== undefined);
    const event = await world.ledger.entry(EVENTS);
    assert.equal(
      JSON.stringify(event?.members.map((each) => ("text" in each ? each.text : ""))).includes("encrypted"),
      stays !== undefined,
    );
  }
});

test("what a place locks stays, by name and until when, and goes when its time is over", async (t) => {
  const until = Date.now() + 86_400_000;
  let time = Date.now();
  class LockedPlace extends FolderPlace {
    override async find(name: string): Promise<KeptArchive | undefined> {
      const found = await super.find(name);
      return found && { ...found, retention: { mode: "compliance", until } };
    }
    override async remove(name: string): Promise<void> {
      assert.ok(time > until, `nothing is tried while it is locked, got ${name} removed`);
      await super.remove(name);
    }
  }
  const folder = await newFolder(t);
  const place = new LockedPlace(join(folder, "archives"));
  const { world, keep } = await openArchived(folder, { place, now: () => time });
  t.after(() => world.close());
  const { archive } = await keep();
  const { archives: planned } = await world.erasures.plan(world.ledger, WISH);
  assert.deepEqual(planned, [{ name: archive.name, stays: "locked", until }]);
  const { archives } = await eraseAll(world);
  assert.deepEqual(archives, [{ name: archive.name, stays: "locked", until }]);
  assert.deepEqual(readdirSync(join(folder, "archives")), [archive.name]);
  time = until + 1;
  // Another erasure of its range takes along what went before it.
  const later = await eraseAll(world, { indexes: "1", reason: "later" });
  await requireVerified(place, later.archives?.[0]?.now ?? "");
  assert.deepEqual(foundIn(folder, PLANTED), []);
});

test("an erasure that ends between writing an archive again and removing it goes on, and leaves one", async (t) => {
  let failures = 0;
  class FailingPlace extends FolderPlace {
    override async remove(name: string): Promise<void> {
      if (failures++ < 2) throw new Error("the disk is away");
      await super.remove(name);
    }
  }
  const folder = await newFolder(t);
  const place = new FailingPlace(join(folder, "archives"));
  const { world, keep } = await openArchived(folder, { place });
  t.after(() => world.close());
  const { archive } = await keep();
  const { archives } = await eraseAll(world);
  assert.ok(failures > 2 && !existsSync(join(folder, "archives", archive.name)));
  assert.deepEqual(readdirSync(join(folder, "archives")), [archives?.[0]?.now]);
  assert.deepEqual(foundIn(folder, PLANTED), []);
});

test("an erasure that ends when an archive was removed, and before that was written down, tells of it all the same", async (t) => {
  let isGone = false;
  class EndingPlace extends FolderPlace {
    override async remove(name: string): Promise<void> {
      await super.remove(name);
      if (isGone) return;
      isGone = true;
      throw new Error("the process ends");
    }
  }
  const folder = await newFolder(t);
  const place = new EndingPlace(join(folder, "archives"));
  const { world, keep } = await openArchived(folder, { place });
  t.after(() => world.close());
  const { archive: first } = await keep(0, 50);
  const { archive: second } = await keep(50, EVENTS);
  const { archives = [] } = await eraseAll(world);
  assert.deepEqual(named(archives), [
    [first.name, undefined],
    [second.name, undefined],
  ]);
  assert.deepEqual(readdirSync(join(folder, "archives")).sort(), archives.map(({ now }) => now).sort());
  const told = JSON.stringify((await world.ledger.entry(EVENTS))?.members);
  for (const { name, now = "" } of archives) assert.ok(told.includes(name) && told.includes(now), told);
});

test("a place that does not let it be removed is told, and while a place cannot be looked into nothing is erased", async (t) => {
  class KeepingPlace extends FolderPlace {
    override async remove(name: string): Promise<void> {
      throw new ArchiveStaysError(`it keeps ${name}`);
    }
  }
  const folder = await newFolder(t);
  const { world, keep } = await openArchived(folder, { place: new KeepingPlace(join(folder, "archives")) });
  t.after(() => world.close());
  const { archive } = await keep();
  const { archives } = await eraseAll(world);
  assert.deepEqual(named(archives), [[archive.name, "refused"]]);
  const file = await newFolder(t);
  writeFileSync(join(file, "archives"), "a file where the folder should be");
  const away = await openArchived(file);
  t.after(() => away.world.close());
  await assert.rejects(eraseAll(away.world), { code: "archives_unavailable" });
});

test("leaf hashes of an archive that was written again are those that it had", async (t) => {
  const folder = await newFolder(t);
  const { world, place, keep } = await openArchived(folder);
  t.after(() => world.close());
  await keep();
  const { archives } = await eraseAll(world);
  for await (const { index, entry } of bodiesOf(place.read(archives?.[0]?.now ?? ""), LEDGER_ID))
    assert.equal(toHex(entryLeafHash(hash, entry)), toHex(await world.ledger.leafHash(index)));
});

test("in a bucket that does not lock it an archive goes in every version, and what waits to be sent goes too; one that is locked there is named", async (t) => {
  for (const isLocked of [false, true]) {
    const folder = await newFolder(t);
    const bucket = await startSmallBucket(t);
    const client = new BucketClient({
      url: `${bucket.url}/kept`,
      region: "us-east-1",
      credentials: CREDENTIALS,
      pausesMs: [],
    });
    const drafts = join(folder, "archive-uploads");
    const lock = { mode: "compliance" as const, retainMs: 86_400_000, legalHold: false };
    const place = new BucketPlace({ client, drafts, ...(isLocked && { lock }) });
    const { world, keep } = await openArchived(folder, { place });
    t.after(() => world.close());
    const { archive } = await keep();
    const first = String((await textsIn(place, archive.name)).get(0));
    await client.ask("PUT", archive.name, { body: Buffer.from(first) });
    await client.ask("DELETE", archive.name);
    // Of a run that was killed: it would be sent by the next.
    bucket.fault = (asked, res) => {
      if (!asked.startsWith("PUT")) return false;
      res.writeHead(403).end();
      return true;
    };
    const waiting = archive.name.replace(".0-119.", ".0-99.");
    const draft = await writeDraft(
      drafts,
      (async function* () {
        yield Buffer.from(first);
      })(),
    );
    await assert.rejects(place.put(waiting, draft));
    assert.equal(existsSync(join(drafts, waiting)), true);
    bucket.fault = () => false;

    const { archives } = await eraseAll(world);
    const [found] = archives ?? [];
    assert.equal(found?.stays, isLocked ? "locked" : undefined);
    assert.equal(found?.until !== undefined && found.until > Date.now(), isLocked);
    assert.equal(existsSync(join(drafts, waiting)), false);
    const shown = [...bucket.objects.values()].flat().filter(({ bytes }) => bytes.includes("told-by-ada"));
    assert.equal(shown.length, isLocked ? 1 : 0);
    const versions = bucket.objects.get(`kept/${archive.name}`) ?? bucket.objects.get(archive.name) ?? [];
    assert.deepEqual(
      versions.map(({ isMarker }) => isMarker),
      isLocked ? [false, false, true] : [true],
    );
    if (!isLocked) await requireVerified(place, found?.now ?? "");
    assert.deepEqual(foundIn(folder, PLANTED), []);
  }
});
