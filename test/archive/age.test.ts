/** Archives under a key of their own: what age writes opens here, what is written here opens with age, and nothing of it is in clear. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import {
  type ArchiveLock,
  ArchiveLockedError,
  type ArchiveOpener,
  encryptionFor,
  openArchive,
} from "../../src/archive/age.ts";
import { checkArchive } from "../../src/archive/check-archive.ts";
import { keepArchive } from "../../src/archive/keep-archive.ts";
import { FolderPlace } from "../../src/archive/places/folder-place.ts";
import { hash, signer } from "../ledger/fixtures.ts";
import { archiveOf, bytesOf, makeFolder, sourceOf } from "./fixtures.ts";

const source = await sourceOf(3);
const plain = await archiveOf(source, { from: 0, to: 3 });
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
/** All of them with EVERY=1: every byte and every cut. */
const IS_EVERY = process.env.EVERY === "1";
/** As quick as it gets: the tests are not about guessing. */
const passphrase = { passphrase: "correct horse", workFactor: 2 };

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function encrypt(lock: ArchiveLock): Promise<Buffer> {
  return gather(await (await encryptionFor(lock)).encrypt(bytesOf(plain)));
}

function opening(opener: Partial<ArchiveOpener>): ArchiveOpener {
  return { identities: [], passphrases: [], ...opener };
}

async function checkSealed(bytes: Uint8Array, opener: Partial<ArchiveOpener>) {
  return checkArchive(openArchive(bytesOf(bytes), opening(opener)), { hash, expected: { signers: [signer.address] } });
}

test("an archive opens with its key or its passphrase, and with nothing else", async () => {
  const sealed = await encrypt({ recipients: [recipient] });
  assert.deepEqual(await gather(openArchive(bytesOf(sealed), opening({ identities: [identity] }))), plain);
  const phrased = await encrypt(passphrase);
  assert.deepEqual(await gather(openArchive(bytesOf(phrased), opening({ passphrases: ["correct horse"] }))), plain);
  const other = await generateX25519Identity();
  for (const opener of [{}, { identities: [other] }, { passphrases: ["wrong"] }]) {
    await assert.rejects(gather(openArchive(bytesOf(sealed), opening(opener))), ArchiveLockedError);
    await assert.rejects(gather(openArchive(bytesOf(phrased), opening(opener))), ArchiveLockedError);
  }
});

test("one for keys that withstand quantum computers opens with one", async () => {
  const hybrid = await generateHybridIdentity();
  const sealed = await encrypt({ recipients: [await identityToRecipient(hybrid)] });
  assert.deepEqual(await gather(openArchive(bytesOf(sealed), opening({ identities: [hybrid] }))), plain);
});

test("what is no key is told without saying what it is", async () => {
  await assert.rejects(encryptionFor({ recipients: ["age1nonsense"] }), /expected a public key of age/);
  await assert.rejects(encryptionFor({ recipients: [identity] }), (error: Error) => {
    assert.match(error.message, /got a secret key/);
    assert.ok(!error.message.includes(identity));
    return true;
  });
  const sealed = await encrypt({ recipients: [recipient] });
  await assert.rejects(gather(openArchive(bytesOf(sealed), opening({ identities: ["hunter2"] }))), (error: Error) => {
    assert.ok(!error.message.includes("hunter2"));
    return true;
  });
});

test("an encrypted archive that was changed or cut anywhere is never green", async () => {
  const sealed = await encrypt(passphrase);
  const opener = { passphrases: ["correct horse"] };
  assert.equal((await checkSealed(sealed, opener)).cell.name, "signed");
  const isGreen = (bytes: Uint8Array) =>
    checkSealed(bytes, opener).then(
      ({ outcome }) => outcome === "verified",
      (error: unknown) => {
        assert.ok(error instanceof ArchiveLockedError, String(error));
        return false;
      },
    );
  for (let at = 0; at < sealed.length; at += IS_EVERY ? 1 : 5) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    // As the cost of trying a passphrase it says how long to compute: some of these would take minutes.
    if (sealed.subarray(0, at).toString("latin1").split("\n").length === 2) continue;
    assert.equal(await isGreen(changed), false, `byte ${at}`);
  }
  for (let length = 0; length < sealed.length; length += IS_EVERY ? 1 : 21) {
    assert.equal(await isGreen(sealed.subarray(0, length)), false, `cut at ${length}`);
  }
});

test("one that is kept for a public key is read back, though its writer cannot open it later, and has nothing in clear", async (t) => {
  const folder = makeFolder(t);
  const place = new FolderPlace(folder);
  const request = { from: 0, to: 3, place, lock: { recipients: [recipient] }, codec: "none" } as const;
  const { archive, verdict } = await keepArchive(source, request);
  assert.equal(verdict.archive?.entries, 3);
  const bytes = readFileSync(join(folder, archive.name));
  for (const planted of ["commit 0", '"name"', "main", source.ledger.record.id])
    assert.ok(!bytes.includes(planted), planted);
  assert.equal((await checkSealed(bytes, { identities: [identity] })).cell.name, "signed");
  // The same for another key is another file.
  const again = await keepArchive(source, request);
  assert.notEqual(again.archive.name, archive.name);
});

const age = spawnSync("age", ["--version"]).status === 0;

test("the program age opens what is written here, and what it writes opens here", {
  skip: age ? false : "NOT TRIED: the program age is not installed",
}, async (t) => {
  const folder = makeFolder(t);
  const [key, sealed, back] = ["key.txt", "sealed.hfa.age", "back.hfa.age"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(key, `${identity}\n`);
  writeFileSync(sealed, await encrypt({ recipients: [recipient] }));
  assert.deepEqual(spawnSync("age", ["-d", "-i", key, sealed]).stdout, plain);
  assert.equal(spawnSync("age", ["-r", recipient, "-o", back], { input: plain }).status, 0);
  assert.deepEqual(await gather(openArchive(bytesOf(readFileSync(back)), opening({ identities: [identity] }))), plain);
});
