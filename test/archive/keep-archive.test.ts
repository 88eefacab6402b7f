/** Keeping archives in a folder: they are there whole or not at all, under a name of what is in them, and nothing is replaced. */

import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { type KeepRequest, keepArchive } from "../../src/archive/keep-archive.ts";
import { ArchiveMissingError, ArchiveNotKeptError } from "../../src/archive/places/archive-place.ts";
import { FolderPlace } from "../../src/archive/places/folder-place.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { deriveLedgerId } from "../../src/merkle/checkpoint.ts";
import { DamagedStoreError } from "../../src/store/store.ts";
import { altered } from "../ledger/altered.ts";
import { hash, many, openLedger, prepared, record, signer } from "../ledger/fixtures.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { check, makeFolder, sourceOf } from "./fixtures.ts";
import { stopAt } from "./stopped-at.ts";

const source = await sourceOf(10, 10);

function request(folder: string, more: Partial<KeepRequest> = {}): KeepRequest {
  return { from: 0, to: 20, place: new FolderPlace(folder), lock: undefined, ...more };
}

/** Archives in a folder, each of which has to be whole. */
async function archivesIn(folder: string): Promise<string[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".hfa"));
  for (const name of names) {
    assert.equal((await check(readFileSync(join(folder, name)))).cell.name, "signed", name);
  }
  return names;
}

test("a range is kept under a name of ledger, range and content, for its owner only, and nothing else is there", async (t) => {
  const folder = join(makeFolder(t), "archives");
  const { archive, wasThere, verdict } = await keepArchive(source, request(folder));
  assert.equal(wasThere, false);
  const digest = verdict.archive?.digest.slice(2, 18);
  assert.equal(archive.name, `main.${record.id.slice(2, 10)}.0-19.${digest}.hfa`);
  assert.deepEqual(readdirSync(folder), [archive.name]);
  assert.equal(statSync(join(folder, archive.name)).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(archive.bytes, statSync(join(folder, archive.name)).size);
  assert.deepEqual(await archivesIn(folder), [archive.name]);
});

test("the name of a ledger that nobody shall guess is not in the name of its archive", async (t) => {
  const label = `0x${"9".repeat(64)}` as const;
  const store = new MemoryStore();
  const hidden = { ...record, name: "merger", label, id: deriveLedgerId(record.owner, label) };
  await store.addLedger(hidden);
  const ledger = await Ledger.open({ store, record: hidden, signer, hash });
  await ledger.append({ entries: many(2), source: "tests" });
  const folder = makeFolder(t);
  const { archive } = await keepArchive({ ledger, store, hash }, request(folder, { to: 2 }));
  assert.match(archive.name, /^ledger\.[0-9a-f]{8}\.0-1\./);
});

test("what is kept again is the same file, and what is there under its name is never replaced", async (t) => {
  const folder = makeFolder(t);
  const { archive } = await keepArchive(source, request(folder));
  const path = join(folder, archive.name);
  const before = { bytes: readFileSync(path), inode: statSync(path).ino };
  assert.equal((await keepArchive(source, request(folder))).wasThere, true);
  assert.deepEqual({ bytes: readFileSync(path), inode: statSync(path).ino }, before);
  assert.deepEqual(readdirSync(folder), [archive.name]);
  const damaged = Buffer.from(before.bytes);
  damaged[200] = (damaged[200] as number) ^ 1;
  writeFileSync(path, damaged);
  await assert.rejects(keepArchive(source, request(folder)), (error: Error) => {
    assert.ok(error instanceof ArchiveNotKeptError);
    assert.match(error.message, /under the name .* what was written now, got something else: FAILED at step "archive"/);
    return true;
  });
  assert.deepEqual(readFileSync(path), damaged);
});

test("two that keep the same range at once end with one file", async (t) => {
  const folder = makeFolder(t);
  const kept = await Promise.all(Array.from({ length: 4 }, () => keepArchive(source, request(folder))));
  assert.equal(kept.filter(({ wasThere }) => !wasThere).length, 1);
  assert.equal((await archivesIn(folder)).length, 1);
  assert.equal(readdirSync(folder).length, 1);
});

test("what is not in the ledger as it was recorded is not kept, and no file of it stays", async (t) => {
  const folder = makeFolder(t);
  const { store } = source;
  const changed = altered(store, {
    packedEntries: async function* (id, from, to) {
      let index = from;
      for await (const some of store.packedEntries(id, from, to)) {
        yield some.map((entry) => (index++ === 7 ? { ...entry, members: prepared("another").members } : entry));
      }
    },
  });
  await assert.rejects(
    keepArchive({ ledger: await openLedger(changed), store: changed, hash }, request(folder)),
    (error: Error) => {
      assert.ok(error instanceof ArchiveNotKeptError);
      assert.match(error.message, /expected an archive that verifies .* got: FAILED at step "path"/);
      return true;
    },
  );
  const broken = altered(store, {
    packedEntries: () => {
      throw new DamagedStoreError("entry 3 is damaged");
    },
  });
  await assert.rejects(
    keepArchive({ ledger: await openLedger(broken), store: broken, hash }, request(folder)),
    DamagedStoreError,
  );
  assert.deepEqual(readdirSync(folder), []);
});

async function stepsOf(t: TestContext): Promise<readonly string[]> {
  const folder = join(makeFolder(t), "archives");
  const stopping = await stopAt(folder, Number.POSITIVE_INFINITY);
  await keepArchive(source, request(folder));
  await stopping.end();
  return stopping.steps;
}

test("killed at any step, an archive is there whole or not at all, and the next run ends with it there", async (t) => {
  const steps = await stepsOf(t);
  for (const name of ["mkdir", "open", "write", "sync", "link", "rm"])
    assert.ok(steps.includes(name), `${name} in ${steps}`);
  for (let step = 1; step <= steps.length; step++) {
    const folder = join(makeFolder(t), "archives");
    const stopping = await stopAt(folder, step);
    void keepArchive(source, request(folder)).catch(() => undefined);
    await stopping.reached;
    await stopping.end();
    const there = step === 1 ? [] : await archivesIn(folder);
    const { wasThere } = await keepArchive(source, request(folder));
    assert.equal(wasThere, there.length === 1, `${steps[step - 1]}, step ${step}`);
    assert.equal((await archivesIn(folder)).length, 1);
  }
});

test("a disk that takes no more at any step leaves no archive and no draft, or the whole archive, and is told", async (t) => {
  const steps = await stepsOf(t);
  for (const how of ["ENOSPC", "EIO"] as const) {
    for (let step = 1; step <= steps.length; step++) {
      const name = steps[step - 1];
      if (name === "rm") continue;
      const folder = join(makeFolder(t), "archives");
      const stopping = await stopAt(folder, step, how);
      const failed = await keepArchive(source, request(folder)).then(
        () => undefined,
        (error: Error) => error,
      );
      await stopping.end();
      assert.ok(failed, `${name}, step ${step}`);
      assert.match(failed.message, new RegExp(how), `${name}, step ${step}`);
      if (name === "mkdir") continue;
      assert.deepEqual(readdirSync(folder), await archivesIn(folder), `${name}, step ${step}`);
    }
  }
});

test("drafts of a run that was killed long ago are cleared away, those of one that may go on are not", async (t) => {
  const folder = makeFolder(t);
  const [old, fresh, other] = ["0".repeat(16), "1".repeat(16), "x"].map((id) =>
    join(folder, `.holdfast-${id}.part`),
  ) as [string, string, string];
  for (const path of [old, fresh, other]) writeFileSync(path, "draft");
  const longAgo = Date.now() / 1000 - 3 * 86_400;
  for (const path of [old, other]) utimesSync(path, longAgo, longAgo);
  await keepArchive(source, request(folder));
  const left = readdirSync(folder).filter((name) => name.endsWith(".part"));
  assert.deepEqual(left.sort(), [fresh, other].map((path) => path.slice(folder.length + 1)).sort());
});

test("a place lists what is an archive by its name, and nothing else", async (t) => {
  const folder = makeFolder(t);
  const place = new FolderPlace(folder);
  const { archive } = await keepArchive(source, request(folder));
  for (const name of ["notes.txt", ".hidden.hfa", "x.hfa.tmp"]) writeFileSync(join(folder, name), "");
  const listed: string[] = [];
  for await (const { name } of place.list()) listed.push(name);
  assert.deepEqual(listed, [archive.name]);
  for (const name of ["../x.hfa", "none.hfa", "a/b.hfa"]) {
    await assert.rejects(async () => {
      for await (const _ of place.read(name));
    }, ArchiveMissingError);
  }
  chmodSync(folder, 0o700);
});
