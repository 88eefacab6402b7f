/** What erasing and pruning ask of every Store: entries put in the place of others, pruned ones, and claims that are settled. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Entry, Pruned } from "../../src/entry/entry.ts";
import { type PackedEntry, packEntry } from "../../src/entry/packed.ts";
import type { IdempotencyClaim } from "../../src/store/store.ts";
import { collect, commitOf, entryOf, ledgerRecord, type OpenStore } from "./suite.ts";

export function governedSuite(name: string, openEmpty: OpenStore): void {
  const ledgerId = ledgerRecord(1).id;
  const open: OpenStore = async (context) => {
    const store = await openEmpty(context);
    await store.addLedger(ledgerRecord(1));
    return store;
  };

  test(`${name} keeps of a pruned entry its time, its leaf hash and its archive, and leaves its neighbours`, async (t) => {
    const store = await open(t);
    const commit = commitOf(ledgerId, 0, 4);
    await store.commit(ledgerId, commit);
    const leafHash = new Uint8Array(32).fill(0xa5);
    const prunedBy = (seed: number, pruned: Pruned): PackedEntry => ({
      recordedAt: entryOf(seed).recordedAt,
      members: new Uint8Array(0),
      pruned,
    });
    const bare = prunedBy(1, { leafHash });
    const archived = prunedBy(2, { leafHash, archive: "main-0-3 é.hfa" });
    const revised = packEntry({ recordedAt: entryOf(3).recordedAt, members: [{ digest: new Uint8Array(32).fill(3) }] });
    // Together, so that what is encrypted and what is not get each their own.
    const replacements = [bare, archived, revised].map((entry, i) => ({ index: i + 1, entry }));
    await store.replaceEntries(ledgerId, replacements, []);
    const expected = [commit.entries[0] as PackedEntry, bare, archived, revised];
    const read = await collect(store.entries(ledgerId, 0, 4));
    assert.deepEqual(read.map(packEntry), expected);
    assert.deepEqual(read[2], { recordedAt: archived.recordedAt, members: [], pruned: archived.pruned });
    for (const [i, entry] of expected.entries())
      assert.deepEqual(packEntry((await store.entry(ledgerId, i)) as Entry), entry);
    const packed = (await collect(store.packedEntries(ledgerId, 0, 4))).flat();
    assert.deepEqual(
      packed.map(({ pruned }) => pruned),
      [undefined, bare.pruned, archived.pruned, undefined],
    );
    const missing = [
      { index: 0, entry: bare },
      { index: 4, entry: bare },
    ];
    await assert.rejects(store.replaceEntries(ledgerId, missing, []), /expected an entry at 4, got none/);
    assert.equal((await store.entry(ledgerId, 0))?.pruned, undefined, "nothing is written then");
    await store.compact();
    assert.deepEqual((await collect(store.entries(ledgerId, 0, 4))).map(packEntry), expected);
  });

  test(`${name} settles each claim as it is decided by the entries it stands for, of one ledger alone`, async (t) => {
    const store = await open(t);
    const other = ledgerRecord(2);
    await store.addLedger(other);
    const claims = [
      [[0, 1]],
      [[1, 2]],
      [
        [3, 1],
        [0, 2],
      ],
    ].map((ranges, i) => ({
      key: new Uint8Array(32).fill(i + 1),
      content: new Uint8Array(32).fill(0x10 + i),
      ranges: ranges as [number, number][],
    }));
    const keys = claims.map(({ key }) => key);
    for (const { id } of [{ id: ledgerId }, other]) await store.commit(id, commitOf(id, 0, 4, { claims }));
    const asked: unknown[] = [];
    const settle = () =>
      store.settleClaims(other.id, (ranges) => {
        asked.push(ranges);
        if (ranges.length > 1) return "forgets";
        return ranges[0]?.[0] === 0 ? "goes" : "stays";
      });
    await settle();
    const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    assert.deepEqual(asked.sort(byText), claims.map(({ ranges }) => ranges).sort(byText));
    for (let round = 0; round < 2; round++) {
      const [gone, stays, forgets] = (await store.claims(other.id, keys)) as (IdempotencyClaim | undefined)[];
      assert.equal(gone, undefined);
      assert.deepEqual(stays, claims[1]);
      assert.deepEqual([forgets?.key, forgets?.ranges], [keys[2], claims[2]?.ranges]);
      assert.notDeepEqual(forgets?.content, claims[2]?.content, "nobody can compare with what it was");
      await settle();
    }
    assert.deepEqual(await store.claims(ledgerId, keys), claims);
  });

  test(`${name} removes the claims that go with replaced entries`, async (t) => {
    const store = await open(t);
    const claims = [1, 2].map((seed) => ({
      key: new Uint8Array(32).fill(seed),
      content: new Uint8Array(32).fill(seed),
      ranges: [[seed - 1, 1]] as [number, number][],
    }));
    await store.commit(ledgerId, commitOf(ledgerId, 0, 2, { claims }));
    const [first, second] = claims.map(({ key }) => key) as [Uint8Array, Uint8Array];
    await store.replaceEntries(ledgerId, [{ index: 0, entry: packEntry(entryOf(9)) }], [first]);
    assert.deepEqual(await store.claims(ledgerId, [first, second]), [undefined, claims[1]]);
  });
}
