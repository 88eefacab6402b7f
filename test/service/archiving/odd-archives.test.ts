/** Erasing where not everything in a place of archives is a file of its own: it is not stopped by it, and nothing is said to be gone that stays. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { newFolder } from "../../encryption/encrypted-store.ts";
import { foundIn, WISH } from "../../retention/erasure/erase-world.ts";
import { eraseAll, named, openArchived, PLANTED } from "./archived-world.ts";

test("a folder, a pipe and a link that leads nowhere, called as archives are, are passed over and not opened", async (t) => {
  const folder = await newFolder(t);
  const { world, place, keep } = await openArchived(folder);
  t.after(() => world.close());
  const { archive } = await keep();
  const at = (name: string) => join(folder, "archives", name);
  mkdirSync(at("old.hfa"));
  symlinkSync(at("nowhere"), at("link.hfa"));
  if (process.platform !== "win32") execFileSync("mkfifo", [at("pipe.hfa")]);
  for (const name of ["old.hfa", "link.hfa", "pipe.hfa"]) assert.equal(await place.find(name), undefined, name);
  const { archives } = await eraseAll(world);
  assert.deepEqual(named(archives), [[archive.name, undefined]]);
  assert.deepEqual(foundIn(folder, PLANTED), []);
});

for (const kind of ["a symbolic link", "a second name of the file"]) {
  test(`${kind} in the place of an archive is named as staying, since the data would stay`, async (t) => {
    const folder = await newFolder(t);
    const { world, keep } = await openArchived(folder);
    t.after(() => world.close());
    const { archive } = await keep();
    const inPlace = join(folder, "archives", archive.name);
    const elsewhere = join(folder, "elsewhere.hfa");
    if (kind === "a symbolic link") {
      renameSync(inPlace, elsewhere);
      symlinkSync(elsewhere, inPlace);
    } else linkSync(inPlace, elsewhere);
    const { archives } = await eraseAll(world);
    assert.deepEqual(named(archives), [[archive.name, "refused"]]);
    assert.ok(readdirSync(join(folder, "archives")).includes(archive.name));
    const again = await world.erasures.plan(world.ledger, { ...WISH, subject: "actor=user:u1" });
    assert.ok(again.archives.some(({ name }) => name === archive.name));
  });
}
