/** A key-encryption key in a file: the port's promises, and what a file of its own owes besides. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { KekRefusedError } from "../../src/encryption/key-encryption-key.ts";
import { openKeyFile } from "../../src/encryption/providers/key-file.ts";
import { keyEncryptionKeySuite } from "./key-encryption-key-suite.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

keyEncryptionKeySuite("a key in a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-key-file-"));
  const path = join(folder, "keys", "encryption.key");
  const open = () => openKeyFile(path, { isUsed: existsSync(path) });
  return {
    open,
    openOther: () => openKeyFile(join(folder, "other.key"), { isUsed: false }),
    renew: async () => undefined,
    rotatesWhileOpen: true,
    disable: async (version) => {
      const file = JSON.parse(readFileSync(path, "utf8"));
      file.versions = file.versions.filter((each: { version: number }) => String(each.version) !== version);
      writeFileSync(path, JSON.stringify(file));
    },
    secrets: () => JSON.parse(readFileSync(path, "utf8")).versions.map(({ key }: { key: string }) => key.slice(2)),
    close: async () => rmSync(folder, { recursive: true }),
  };
});

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-key-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "keys", "encryption.key");
}

test("a first start makes the file for its user alone, and says where", async (t) => {
  const path = place(t);
  const told: string[] = [];
  await openKeyFile(path, { isUsed: false, onMade: (at) => told.push(at) });
  assert.deepEqual(told, [path]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await openKeyFile(path, { isUsed: true, onMade: (at) => told.push(at) });
  assert.equal(told.length, 1, "it is made once");
  chmodSync(path, 0o644);
  await openKeyFile(path, { isUsed: true });
  assert.equal(statSync(path).mode & 0o777, 0o600, "one that was open to others is closed");
});

test("a file that is gone is not made again, for what it wrapped would be lost in silence", async (t) => {
  const path = place(t);
  await openKeyFile(path, { isUsed: false });
  rmSync(path);
  await assert.rejects(openKeyFile(path, { isUsed: true }), (error: Error) => {
    assert.ok(error instanceof KekRefusedError);
    assert.match(error.message, /got no file; bring the file back from a backup of keys/);
    return true;
  });
  assert.equal(existsSync(path), false);
});

test("a rotation adds a version durably, two at once add two, and a draft that a crash left is removed", async (t) => {
  const path = place(t);
  const kek = await openKeyFile(path, { isUsed: false });
  const wrapped = await kek.wrap(KEY, "a");
  await Promise.all([kek.rotate(), kek.rotate()]);
  assert.equal(kek.version, "3");
  const { versions } = JSON.parse(readFileSync(path, "utf8"));
  assert.deepEqual(
    versions.map(({ version }: { version: number }) => version),
    [1, 2, 3],
  );
  writeFileSync(`${path}.new`, "half of it");
  const again = await openKeyFile(path, { isUsed: true });
  assert.equal(existsSync(`${path}.new`), false);
  assert.deepEqual(await again.unwrap(wrapped, { version: "1", context: "a" }), KEY);
});

test("a rotation does not write over the file of another installation, or one that lost a version", async (t) => {
  const path = place(t);
  const kek = await openKeyFile(path, { isUsed: false });
  const before = readFileSync(path);
  await openKeyFile(`${path}.other`, { isUsed: false });
  writeFileSync(path, readFileSync(`${path}.other`));
  await assert.rejects(kek.rotate(), /expected the key-encryption key file:[0-9a-f]{16} in .*, got file:[0-9a-f]{16}/);
  writeFileSync(path, before);
  await kek.rotate();
  writeFileSync(path, before);
  await assert.rejects(kek.rotate(), /expected version 2 of file:\S+ in .*, got others alone/);
  rmSync(path);
  await assert.rejects(kek.rotate(), /expected to read .*ENOENT/);
});

test("it is read strictly: a digit that changed, a member too many, another order, bytes that are no text", async (t) => {
  const path = place(t);
  const kek = await openKeyFile(path, { isUsed: false });
  await kek.rotate();
  const text = readFileSync(path, "utf8");
  const file = JSON.parse(text);
  const [first, second] = file.versions;
  const digit = first.key.endsWith("0") ? "1" : "0";
  const bent: readonly (readonly [string, RegExp])[] = [
    ["", /0 characters that are no JSON/],
    [text.slice(0, -20), /characters that are no JSON/],
    ["[]", /got something else/],
    [JSON.stringify({ ...file, more: 1 }), /other members than format, id, versions/],
    [JSON.stringify({ ...file, format: "holdfast/encryption-key@2" }), /another format/],
    [JSON.stringify({ ...file, id: "x" }), /another id/],
    [JSON.stringify({ ...file, id: "0".repeat(16) }), /version 1 whose key is not the one that its check is of/],
    [JSON.stringify({ ...file, versions: [] }), /no versions/],
    [JSON.stringify({ ...file, versions: [second, first] }), /version 1 behind version 2/],
    [JSON.stringify({ ...file, versions: [first, first] }), /version 1 behind version 1/],
    [JSON.stringify({ ...file, versions: [{ ...first, version: 1.5 }] }), /no whole number/],
    [JSON.stringify({ ...file, versions: [{ ...first, version: 4 }] }), /not the one that its check is of/],
    [
      JSON.stringify({ ...file, versions: [{ ...first, key: `${first.key.slice(0, -1)}${digit}` }] }),
      /its check is of/,
    ],
    [JSON.stringify({ ...file, versions: [{ ...first, key: first.key.slice(2) }] }), /no hex/],
  ];
  for (const [content, expected] of bent) {
    writeFileSync(path, content);
    await assert.rejects(openKeyFile(path, { isUsed: true }), (error: Error) => {
      assert.ok(error instanceof KekRefusedError, `${error.name}: ${error.message}`);
      assert.match(error.message, expected);
      assert.match(error.message, /bring the file back from a backup of keys/);
      assert.equal(error.message.includes(first.key.slice(4, 30)), false, "the key in a message");
      return true;
    });
  }
  writeFileSync(path, Buffer.from([0xff, 0xfe, 0x7b, 0]));
  await assert.rejects(openKeyFile(path, { isUsed: true }), /UTF-16/);
  writeFileSync(path, "x".repeat(2 * 1024 * 1024));
  await assert.rejects(openKeyFile(path, { isUsed: true }), /at most 1048576 bytes/);
});
