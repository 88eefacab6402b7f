/** `holdfast archive erase`: what the service could not read is written again by whoever has its key. */

import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { openArchive } from "../../../src/archive/age.ts";
import { bodiesOf } from "../../../src/archive/erasing/rewrite-archive.ts";
import { keepArchive } from "../../../src/archive/keep-archive.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { archiveNow } from "../../../src/store/values/archive-names.ts";
import { makeFolder } from "../../archive/fixtures.ts";
import { AUTHOR, eventOf, hash, LEDGER_ID, openWorld, overOf, WISH } from "../../retention/erasure/erase-world.ts";
import { runCommand } from "../run-command.ts";

test("archives that are encrypted to others are named with 1, and written again with their key; then nothing is left to do", async (t) => {
  const base = makeFolder(t);
  const [data, folder, identityFile] = ["data", "archives", "key.txt"].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  writeFileSync(identityFile, `${identity}\n`);
  const place = new FolderPlace(folder);
  const world = await openWorld(data, { isClear: true });
  const entries = Array.from({ length: 20 }, (_, n) => eventOf(n % 5 === 0 ? "ada" : "bob", n));
  await world.ledger.append({ entries, source: "app" });
  const { archive } = await keepArchive(
    { ...world, hash },
    { from: 0, to: 20, place, lock: { recipients: [recipient] } },
  );
  const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  const erase = ["archive", "erase", "--data", data, "--folder", folder];
  const running = await runCommand([...erase, "--clear"]);
  assert.equal(running.status, 2);
  assert.match(running.stderr, /A service is using .*; stop it first/);
  assert.equal(await overOf(world, id), "done");
  await world.close();

  const closed = await runCommand([...erase, "--clear"]);
  assert.equal(closed.status, 1, closed.stderr);
  assert.match(closed.stdout, new RegExp(`^${archive.name} cannot be opened .* give --identity or --passphrase-file`));
  assert.deepEqual(readdirSync(folder), [archive.name]);

  const clear = await runCommand([...erase, "--identity", identityFile, "--clear"]);
  assert.equal(clear.status, 1, clear.stderr);
  assert.match(clear.stdout, new RegExp(`^${archive.name} .* is not written again in clear; give --recipient`));
  assert.deepEqual(readdirSync(folder), [archive.name]);
  const nowhere = await runCommand(["archive", "erase", "--data", data, "--folder", join(base, "nowhere"), "--clear"]);
  assert.equal(nowhere.status, 2);
  assert.match(nowhere.stderr, /Expected to read the folder .*nowhere, got ENOENT/);
  const unknown = await runCommand([...erase, "--clear", "--ledger", "other"]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /Expected a ledger in .* as --ledger, one of main, got other/);

  const opened = await runCommand([...erase, "--identity", identityFile, "--recipient", recipient, "--json"]);
  assert.equal(opened.status, 0, opened.stderr);
  const { archives } = JSON.parse(opened.stdout);
  const [{ now }] = archives;
  assert.deepEqual(archives, [{ name: archive.name, now }]);
  assert.deepEqual(readdirSync(folder), [now]);
  const opener = { identities: [identity], passphrases: [] };
  for await (const { index, entry } of bodiesOf(openArchive(place.read(now), opener), LEDGER_ID)) {
    const shown = entry.members.filter((member) => "text" in member).length;
    assert.equal(shown === 0, index % 5 === 0, String(index));
  }
  const again = await openWorld(data, { isClear: true });
  assert.equal(await archiveNow(again.store, archive.name), now, "whoever looks for it is led to it");
  await again.close();

  const last = await runCommand([...erase, "--identity", identityFile, "--recipient", recipient]);
  assert.deepEqual([last.status, last.stdout], [0, "No archive that was read has anything that was erased.\n"]);
});

test("an archive stays as it is where a legal hold covers what is in it alone, and is named with 1", async (t) => {
  const base = makeFolder(t);
  const data = join(base, "data");
  const folder = join(base, "archives");
  const world = await openWorld(data, { isClear: true });
  const entries = Array.from({ length: 20 }, (_, n) => eventOf(n % 5 === 0 ? "ada" : "bob", n));
  await world.ledger.append({ entries, source: "app" });
  const place = new FolderPlace(folder);
  const { archive } = await keepArchive({ ...world, hash }, { from: 0, to: 20, place, lock: undefined });
  const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  assert.equal(await overOf(world, id), "done");
  const leafHash = (await world.ledger.leafHash(5)).slice();
  const pruned = { recordedAt: 0, members: new Uint8Array(0), pruned: { leafHash, archive: archive.name } };
  await world.store.replaceEntries(LEDGER_ID, [{ index: 5, entry: pruned }], []);
  await world.holds.place(world.ledger, { filter: "actor=user:ada", reason: "case 7" }, AUTHOR);
  await world.close();
  const erased = await runCommand(["archive", "erase", "--data", data, "--folder", folder, "--clear"]);
  assert.equal(erased.status, 1, erased.stderr);
  assert.match(erased.stdout, new RegExp(`^${archive.name} has something .* and is under a legal hold`));
  assert.deepEqual(readdirSync(folder), [archive.name]);
});
