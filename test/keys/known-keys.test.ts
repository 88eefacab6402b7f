/** A key that is another one than at the start before is noticed, and taken only from whoever meant it. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { addressOfKey } from "../../src/chain/ethers.ts";
import { type KeyPlace, type LocalKeys, localKeys } from "../../src/keys/key-source.ts";
import { compareKey, compareLocalKeys } from "../../src/keys/known-keys.ts";
import { MemoryStore } from "../store/memory-store.ts";

const [A, B] = ["11", "22"].map((byte) => addressOfKey(`0x${byte.repeat(32)}`)) as [`0x${string}`, `0x${string}`];

function told() {
  const lines: string[] = [];
  return { lines, warn: (_: object, message: string) => void lines.push(message) };
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-known-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** The same key but for one digit of it. */
function change(path: string): void {
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.slice(0, 40) + (text[40] === "7" ? "8" : "7") + text.slice(41));
}

for (const role of ["payer", "owner", "signer"] as const satisfies readonly (keyof LocalKeys)[]) {
  test(`a digit that changed in ${role}.key is noticed; brought back it is taken, and removed another is made, which is said`, async (t) => {
    const dir = folder(t);
    const store = new MemoryStore();
    const log = told();
    await compareLocalKeys(store, await localKeys(dir), log);
    const path = join(dir, `${role}.key`);
    const whole = readFileSync(path, "utf8");
    change(path);
    const [was, is] = [whole, readFileSync(path, "utf8")].map((key) => addressOfKey(key.trim()));
    for (let i = 0; i < 2; i++) {
      await assert.rejects(compareLocalKeys(store, await localKeys(dir), log), (error: Error & { code?: string }) => {
        assert.equal(error.code, "secret_changed");
        assert.ok(
          error.message.includes(
            `expected in ${path} the ${role} key that was there before (${was}), got another one (${is})`,
          ),
        );
        assert.match(
          error.message,
          /bring the file back from a backup; when it is lost for good, remove it: another key is made, and/,
        );
        assert.ok(!error.message.includes(is === undefined ? "" : readFileSync(path, "utf8").trim().slice(2)));
        return true;
      });
    }
    writeFileSync(path, whole);
    await compareLocalKeys(store, await localKeys(dir), log);
    assert.deepEqual(log.lines, []);
    rmSync(path);
    await compareLocalKeys(store, await localKeys(dir), log);
    assert.match(log.lines.join(), new RegExp(`^the ${role}'s key was gone and another is made: `));
    await compareLocalKeys(store, await localKeys(dir), log);
    assert.equal(log.lines.length, 1);
  });
}

test("what is in a key file and is no key is named by its file alone", async (t) => {
  const dir = folder(t);
  const { signer } = await localKeys(dir);
  writeFileSync(signer.path, signer.key.replace(/.$/, "g"));
  await assert.rejects(localKeys(dir), (error: Error) => {
    assert.match(error.message, /signer\.key, got 66 characters/);
    assert.ok(!error.message.includes(signer.key.slice(2, 60)));
    return true;
  });
});

type Case = { readonly title: string; readonly before: KeyPlace; readonly now: KeyPlace; readonly isTaken: boolean };

const CASES: readonly Case[] = [
  { title: "in the same file", before: { file: "k" }, now: { file: "k" }, isTaken: false },
  { title: "in the same variable", before: { env: "K" }, now: { env: "K" }, isTaken: false },
  { title: "in another file", before: { file: "k" }, now: { file: "k2" }, isTaken: true },
  { title: "whose address is beside it", before: { file: "k" }, now: { file: "k", address: B }, isTaken: true },
  {
    title: "in the same key store, which has a check value",
    before: { keystore: "k" },
    now: { keystore: "k" },
    isTaken: true,
  },
  {
    title: "at the same signer, of which the configuration names it",
    before: { remote: "http://s/?token=secret", address: A },
    now: { remote: "http://s/?token=secret", address: B },
    isTaken: true,
  },
];

for (const { title, before, now, isTaken } of CASES) {
  test(`another key ${title} is ${isTaken ? "taken, which is said" : "refused, with the way out"}`, async () => {
    const store = new MemoryStore();
    const log = told();
    await compareKey(store, { role: "signer", place: before, address: A }, log);
    await compareKey(store, { role: "signer", place: before, address: A }, log);
    assert.deepEqual(log.lines, []);
    const compare = compareKey(store, { role: "signer", place: now, address: B }, log);
    if (isTaken) {
      await compare;
      assert.match(log.lines.join(), /another key than at the start before/);
      return;
    }
    await assert.rejects(compare, {
      code: "secret_changed",
      message: /bring it back; when it was exchanged on purpose, say so with its "address"/,
    });
    await compareKey(store, { role: "signer", place: before, address: A }, log);
  });
}
