import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Entry, ShownMember } from "../../../src/entry/entry.ts";
import { encodeEntry, memberDigest } from "../../../src/entry/entry.ts";
import type { PreparedEntry } from "../../../src/entry/prepare.ts";
import { SealError, Sealer } from "../../../src/ledger/seal/seal.ts";
import { leafOf, SealTree } from "../../../src/ledger/seal/second-tree.ts";
import { type Hex, toHex } from "../../../src/merkle/bytes.ts";
import { keccak256, leafHash } from "../../../src/merkle/hash.ts";
import { DamagedStoreError, type Store } from "../../../src/store/store.ts";
import { altered, flipped, withEntries, withTiles } from "../altered.ts";
import { many, openLedger, otherSigner, prepared, record, signer, storeWithLedger } from "../fixtures.ts";

const source = "test";

function sealerOf(context: TestContext, store: Store): Sealer {
  const sealer = new Sealer({ store });
  context.after(() => sealer.close());
  return sealer;
}

async function filled(size: number): Promise<Store> {
  const store = await storeWithLedger();
  await (await openLedger(store)).append({ entries: many(size), source });
  return store;
}

async function expectSealError(sealing: Promise<unknown>, from: number, to: number, says?: RegExp): Promise<void> {
  await assert.rejects(sealing, (error: unknown) => {
    assert.ok(error instanceof SealError, String(error));
    assert.equal(error.code, "seal_failed");
    assert.deepEqual([error.from, error.to], [from, to], error.message);
    if (says !== undefined) assert.match(error.message, says);
    return true;
  });
}

test("the second implementation agrees with the ledger at sizes up to 300, in steps of any length", async (t) => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  const sealer = sealerOf(t, store);
  let step = 1;
  let from = 0;
  while (ledger.size < 300) {
    step = (step * 7 + 3) % 23;
    await ledger.append({ entries: many(step + 1, `at ${ledger.size}`), source });
    const sealed = await sealer.seal(ledger);
    assert.deepEqual(sealed, { checkpoint: ledger.head, from });
    from = ledger.size;
  }
  // What is not kept is rebuilt from the first entry.
  await store.writeRecords([{ space: "seals", key: record.id, value: "" }], { durable: false });
  assert.deepEqual(await sealer.seal(ledger), { checkpoint: ledger.head, from: 0 });
});

test("the rebuilt tree has the ledger's root at every size from 1 to 300", async () => {
  const leaves = Array.from({ length: 300 }, (_, i) => Buffer.from(keccak256(Uint8Array.of(i, i >> 8))));
  const ledger = await openLedger(await filled(300));
  const tree = new SealTree(0, []);
  assert.deepEqual(new Uint8Array(tree.root()), await ledger.root(0));
  for (let size = 1; size <= 300; size++) {
    tree.add([Buffer.from(await ledger.leafHash(size - 1))]);
    assert.deepEqual(new Uint8Array(tree.root()), await ledger.root(size), `size ${size}`);
    assert.deepEqual(new SealTree(size, tree.frontier).root(), tree.root());
  }
  assert.throws(() => tree.add(leaves.slice(0, 3)), RangeError);
  assert.throws(() => tree.add(leaves.slice(0, 8)), RangeError);
  assert.throws(() => new SealTree(3, tree.frontier), RangeError);
});

test("the second implementation hashes any entry like the first", () => {
  const salt = Uint8Array.from({ length: 16 }, (_, i) => i);
  const texts = ['"a":1', '"é":"😀"', `"x":"${"y".repeat(3000)}"`];
  for (const recordedAt of [0, 1, 1_700_000_000_123, 2 ** 53 - 1]) {
    for (let count = 1; count <= 64; count += 9) {
      const members = Array.from({ length: count }, (_, i) =>
        i % 5 === 4 ? { digest: keccak256(salt) } : { salt, text: texts[i % 3] as string },
      );
      const entry: Entry = { recordedAt, members };
      const expected = leafHash(
        keccak256,
        encodeEntry(
          recordedAt,
          members.map((member) => memberDigest(keccak256, member)),
        ),
      );
      assert.equal(toHex(leafOf(entry)), toHex(expected));
    }
  }
});

test("a seal goes on where the last one ended, also with another sealer, and does nothing when nothing came", async (t) => {
  const store = await filled(700);
  const ledger = await openLedger(store);
  assert.equal((await sealerOf(t, store).seal(ledger)).from, 0);
  await ledger.append({ entries: many(900, "more"), source });
  const read: number[] = [];
  const counting = altered(store, {
    packedEntries(id: Hex, from: number, to: number) {
      read.push(from, to);
      return store.packedEntries(id, from, to);
    },
  });
  const again = await openLedger(counting);
  read.length = 0;
  const sealer = sealerOf(t, counting);
  assert.equal((await sealer.seal(again)).from, 700);
  assert.deepEqual(read, [700, 1600]);
  assert.equal((await sealer.seal(again)).from, 1600);
  assert.deepEqual(
    await Promise.all([sealer.seal(again), sealer.seal(again)]),
    Array.from({ length: 2 }, () => ({ checkpoint: again.head, from: 1600 })),
  );
});

test("a ledger in use is sealed at the size it had", async (t) => {
  const store = await filled(3000);
  const ledger = await openLedger(store);
  const sealing = sealerOf(t, store).seal(ledger);
  await ledger.append({ entries: many(500, "meanwhile"), source });
  assert.equal((await sealing).checkpoint.size, 3000);
});

const shown = (entry: Entry, change: (member: ShownMember) => ShownMember): Entry => ({
  ...entry,
  members: entry.members.map((member) => ("text" in member ? change(member) : member)),
});

/** One thing that changed in the store of 700 entries, at an index in a full tile or behind the last one. */
const CHANGES: readonly (readonly [what: string, change: (entry: Entry) => Entry | undefined])[] = [
  [
    "a byte of a member's text",
    (entry) => shown(entry, ({ salt, text }) => ({ salt, text: text.replace("event", "evenT") })),
  ],
  ["a bit of a salt", (entry) => shown(entry, ({ salt, text }) => ({ salt: flipped(salt, 3), text }))],
  ["the time of recording", (entry) => ({ ...entry, recordedAt: entry.recordedAt + 1 })],
  ["a member more", (entry) => ({ ...entry, members: [...entry.members, ...entry.members] })],
  ["a member that became another digest", (entry) => ({ ...entry, members: [{ digest: new Uint8Array(32) }] })],
  ["an entry that is missing", () => undefined],
];

for (const [what, change] of CHANGES) {
  test(`${what} is found and named before anything is anchored`, async (t) => {
    const store = await filled(700);
    const sealer = sealerOf(t, store);
    // The ledger opened before the change: opening over a changed last tile would be refused already.
    const ledger = await openLedger(store);
    for (const index of [0, 255, 256, 300, 511, 512, 699]) {
      const changed = withEntries(store, (entry, i) => (i === index ? change(entry) : entry));
      const packedEntries = (from: number, to: number) => changed.packedEntries(record.id, from, to);
      await expectSealError(sealer.seal(altered(ledger, { packedEntries })), index, index + 1);
    }
    assert.equal(await store.record("seals", record.id), undefined);
    assert.equal((await sealer.seal(ledger)).from, 0);
  });
}

for (const [what, members] of [
  ["are cut off", (packed: Uint8Array) => packed.slice(0, -5)],
  ["are none", () => Uint8Array.of(0)],
] as const) {
  test(`an entry whose members ${what}, though its checksum is right, is named`, async (t) => {
    const store = await filled(700);
    const ledger = await openLedger(store);
    const wrong = altered(ledger, {
      async *packedEntries(from: number, to: number) {
        let index = from;
        for await (const some of ledger.packedEntries(from, to)) {
          yield some.map((entry) => (index++ === 300 ? { ...entry, members: members(entry.members) } : entry));
        }
      },
      async *entries(from: number, to: number) {
        yield* ledger.entries(from, Math.min(to, 300));
        if (to > 300) throw new DamagedStoreError("entry 300 is damaged");
      },
    });
    await expectSealError(sealerOf(t, store).seal(wrong), 300, 301);
  });
}

test("a member that was withheld, its digest in its place, does not disturb a seal", async (t) => {
  const store = await filled(600);
  const erased = withEntries(store, (entry) => ({
    ...entry,
    members: entry.members.map((member) => ({ digest: memberDigest(keccak256, member) })),
  }));
  assert.equal((await sealerOf(t, erased).seal(await openLedger(erased))).checkpoint.size, 600);
});

test("several changed entries are named from the first to the last of them", async (t) => {
  const store = await filled(700);
  const changed = withEntries(store, (entry, i) => (i === 300 || i === 310 ? { ...entry, recordedAt: 1 } : entry));
  await expectSealError(
    sealerOf(t, store).seal(await openLedger(changed)),
    300,
    311,
    /entries 300 to 310 have another leaf hash/,
  );
});

test("a flipped bit of a tile, and a tile that is gone, are found although the entries are right", async (t) => {
  const store = await filled(700);
  const ledger = await openLedger(store);
  const sealer = sealerOf(t, store);
  const over = (change: (hashes: Uint8Array) => Uint8Array | undefined) => {
    const changed = withTiles(store, (hashes, _, n) => (n === 1 ? change(hashes) : hashes));
    return altered(ledger, { tile: (level, n) => changed.tile(record.id, level, n) });
  };
  await expectSealError(sealer.seal(over((hashes) => flipped(hashes, 256 * 20))), 276, 277);
  await expectSealError(sealer.seal(over(() => undefined)), 256, 512, /tile 0\/1 is missing/);
  await sealer.seal(ledger);
});

test("a seal state that is damaged costs a rebuild from the first entry", async (t) => {
  const store = await filled(300);
  const ledger = await openLedger(store);
  const sealer = sealerOf(t, store);
  await sealer.seal(ledger);
  const good = await store.record("seals", record.id);
  const state = JSON.parse(good as string);
  const hash = `0x${"00".repeat(32)}`;
  const damaged = [
    "",
    "{",
    "null",
    "{}",
    JSON.stringify({ ...state, size: 299 }),
    JSON.stringify({ ...state, size: -1 }),
    JSON.stringify({ ...state, root: hash }),
    JSON.stringify({ ...state, frontier: [] }),
    JSON.stringify({ ...state, frontier: state.frontier.with(1, hash) }),
    JSON.stringify({ ...state, frontier: state.frontier.with(1, 5) }),
    JSON.stringify({ ...state, frontier: [...state.frontier, hash] }),
  ];
  for (const value of damaged) {
    await store.writeRecords([{ space: "seals", key: record.id, value }], { durable: true });
    assert.equal((await sealer.seal(ledger)).from, 0, value);
    assert.equal(await store.record("seals", record.id), good);
  }
  assert.equal((await sealer.seal(ledger)).from, 300);
});

test("a ledger that was rewritten since the last seal is refused", async (t) => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(10), source });
  await sealerOf(t, store).seal(ledger);
  const state = (await store.record("seals", record.id)) as string;
  const rewritten = async (entries: readonly PreparedEntry[], first: number) => {
    const other = await storeWithLedger();
    await other.writeRecords([{ space: "seals", key: record.id, value: state }], { durable: true });
    const written = await openLedger(other);
    await written.append({ entries: entries.slice(0, first), source });
    if (first < entries.length) await written.append({ entries: entries.slice(first), source });
    return [sealerOf(t, other), written] as const;
  };
  const [cut, shorter] = await rewritten(many(7), 7);
  await expectSealError(cut.seal(shorter), 7, 10, /expected the 10 entries that were sealed before, got 7/);
  const [swapped, another] = await rewritten([...many(9), prepared("instead"), prepared("later")], 10);
  await expectSealError(swapped.seal(another), 0, 10, /expected the root 0x[0-9a-f]+ sealed at 10, got 0x/);
  const [merged, without] = await rewritten(many(12), 12);
  await expectSealError(merged.seal(without), 0, 10, /got no such checkpoint/);
});

test("a checkpoint that its signer did not sign is not sealed", async (t) => {
  const store = await filled(5);
  const ledger = await openLedger(store);
  const { head } = ledger;
  assert.ok(head !== undefined);
  const signature = await otherSigner.sign(head);
  const sealer = sealerOf(t, store);
  const forged = altered(ledger, { head: { ...head, signature } });
  await expectSealError(sealer.seal(forged), 0, 5, /expected a signature of/);
  const root = toHex(new Uint8Array(32));
  await assert.rejects(sealer.seal(altered(ledger, { head: { ...head, root } })), SealError);
  const rootOfSigner = { ...head, root, signature: await signer.sign({ ...head, root }) };
  await expectSealError(
    sealer.seal(altered(ledger, { head: rootOfSigner })),
    0,
    5,
    /expected the root 0x00.* from the entries/,
  );
});

test("an empty ledger has nothing to seal", async (t) => {
  const store = await storeWithLedger();
  await assert.rejects(sealerOf(t, store).seal(await openLedger(store)), RangeError);
});

test("sealing goes on after the thread died", async (t) => {
  const store = await filled(20);
  const ledger = await openLedger(store);
  const sealer = sealerOf(t, store);
  await sealer.seal(ledger);
  await sealer.close();
  await ledger.append({ entries: many(3, "after"), source });
  assert.deepEqual(await sealer.seal(ledger), { checkpoint: ledger.head, from: 20 });
});
