/** A ledger that comes as one stream: it is the ledger that it was, or what is wrong with the stream is named where it stands. */

import assert from "node:assert/strict";
import test from "node:test";
import { magicOf } from "../../src/archive/format/frames.ts";
import { importArchive, RestoreError } from "../../src/archive/restore.ts";
import { LedgerRegistry } from "../../src/ledger/registry.ts";
import { checkWhole, hash, names, openLedger, otherSigner, prepared, record, signer } from "../ledger/fixtures.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { archiveOf, bytesOf, forge, framesOf, sourceOf } from "./fixtures.ts";

const source = await sourceOf(300, 4000, 10, 700);
const SIZE = 5010;
const whole = await archiveOf(source, { from: 0, to: SIZE });
const offline = { hash, offline: true };

async function imported(goesOn = false): Promise<MemoryStore> {
  const store = new MemoryStore();
  await importArchive(store, bytesOf(whole), { ...offline, goesOn });
  return store;
}

/** What opens ledgers as a service does, with another signer than theirs. */
async function registryOf(store: MemoryStore): Promise<LedgerRegistry> {
  const options = { store, signer: otherSigner, owner: otherSigner.address, hash };
  return LedgerRegistry.open({ ...options, rotate: true });
}

test("a ledger that comes as one stream, cut anywhere on its way, is the ledger that it was, to be read", async () => {
  const store = new MemoryStore();
  const halves = [whole.subarray(0, 70_001), whole.subarray(70_001)];
  const { size, left, verdict } = await importArchive(store, bytesOf(...halves), offline);
  assert.deepEqual([size, left, verdict.cell.name], [SIZE, 0, "unvouched"]);
  assert.deepEqual(await store.ledgers(), [{ ...record, readOnly: true }]);
  const ledger = await openLedger(store);
  await checkWhole(ledger);
  assert.deepEqual(await names(ledger), await names(source.ledger));
});

test("whatever is altered, left out, repeated, reordered, put behind or cut is refused, and where is said", async () => {
  const frames = await framesOf(whole);
  const entries = frames.filter(({ kind }) => kind === "E");
  const [first, second] = entries.map((frame) => frames.indexOf(frame)) as [number, number];
  const bytesFrom = (i: number) => whole.subarray(frames[i]?.at, frames[i + 1]?.at);
  const magic = magicOf(1);
  const joined = (...order: readonly number[]) => Buffer.concat([magic, ...order.map(bytesFrom)]);
  const all = frames.map((_, i) => i);
  const flipped = Buffer.from(whole);
  flipped[9000] = (flipped[9000] as number) ^ 1;
  const altered = frames.map((frame, i) => {
    const plain = Buffer.from(frame.plain);
    plain[plain.length - 1] = (plain[plain.length - 1] as number) ^ (i === second ? 1 : 0);
    return { kind: frame.kind, plain };
  });
  const swapped = all.map((i) => (i === first ? second : i === second ? first : i));
  const part = await archiveOf(source, { from: 300, to: SIZE });
  const cases: readonly (readonly [bytes: Uint8Array, said: RegExp])[] = [
    [flipped, /frame \d+, at byte \d+, is damaged/],
    [joined(...all.filter((i) => i !== second)), /expected at byte \d+ the frame that follows frame \d+/],
    [
      joined(...all.slice(0, second + 1), second, ...all.slice(second + 1)),
      /expected at byte \d+ the frame that follows/,
    ],
    [joined(...swapped), /expected at byte \d+ the frame that follows frame \d+/],
    [Buffer.concat([whole, whole]), /expected nothing behind the trailer/],
    [whole.subarray(0, frames.at(-1)?.at), /the file was cut/],
    [whole.subarray(0, 40_000), /got the end at byte 40000: the file was cut/],
    // Somebody who knows how makes frames that fit together: then it is the tree that does not.
    [forge(altered), /FAILED at step "(members|path)": /],
    [
      forge(frames.filter((_, i) => i !== second)),
      /frame \d+, at byte \d+: expected (entry \d+|entries up to 5009 before the proof), got \d+/,
    ],
    [part, /expected an archive that begins with entry 0, got one from 300 on/],
    [new Uint8Array(0), /expected an archive, which begins with the bytes/],
  ];
  for (const [bytes, said] of cases) {
    await assert.rejects(importArchive(new MemoryStore(), bytesOf(bytes), offline), (error: Error) => {
      assert.match(error.message, said);
      return error instanceof RestoreError;
    });
  }
});

test("a name that no ledger can have is refused: an archive does not prove it", async () => {
  const frames = await framesOf(whole);
  const named = (name: string) =>
    forge(
      frames.map(({ kind, plain }) => {
        if (kind !== "H") return { kind, plain };
        const header = JSON.parse(Buffer.from(plain).toString());
        return { kind, plain: Buffer.from(JSON.stringify({ ...header, ledger: { ...header.ledger, name } })) };
      }),
    );
  for (const name of ["../../etc", "a\nb", "", "Main", "a".repeat(65)]) {
    await assert.rejects(importArchive(new MemoryStore(), bytesOf(named(name)), offline), RestoreError, name);
  }
  for (const name of ["_access", "payroll"]) {
    const { record: made } = await importArchive(new MemoryStore(), bytesOf(named(name)), offline);
    assert.equal(made.name, name);
  }
});

test("nothing is signed for a ledger that is to be read, whoever opens it, and its signer stays the one that it had", async () => {
  const store = await imported();
  const registry = await registryOf(store);
  const ledger = registry.get("main");
  assert.ok(ledger);
  await assert.rejects(
    ledger.append({ entries: [prepared("new")], source: "tests" }),
    (error: Error & { code?: string; retryAfterS?: number }) => {
      assert.deepEqual([error.code, error.retryAfterS], ["ledger_read_only", undefined]);
      return /which was imported to be read/.test(error.message);
    },
  );
  assert.deepEqual([ledger.size, ledger.record.signer], [SIZE, signer.address]);
  const [kept] = await store.ledgers();
  assert.equal(kept?.signer, signer.address);
  const next = await registry.create({ name: "main-2" });
  await next.append({ entries: [prepared("new")], source: "tests" });
  assert.equal(next.size, 1, "a successor beside it goes on");
  await registry.close();
});

test("one that goes on here takes more, as a restored one does", async () => {
  const registry = await registryOf(await imported(true));
  const ledger = registry.get("main");
  await ledger?.append({ entries: [prepared("new")], source: "tests" });
  assert.equal(ledger?.size, SIZE + 1);
  await registry.close();
});
