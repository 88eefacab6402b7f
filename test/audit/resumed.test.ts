/** An audit that is interrupted and gone on with, in threads or here, finds what one finds that runs through. */

import assert from "node:assert/strict";
import test from "node:test";
import { type AuditOptions, auditLedger, type KeptAudit } from "../../src/audit/audit.ts";
import type { Digest } from "../../src/audit/checks/check.ts";
import { digestAll } from "../../src/audit/walk/digest.ts";
import { DigestPool } from "../../src/audit/walk/digest-pool.ts";
import { entryLeafHash } from "../../src/entry/entry.ts";
import { type PackedEntry, packMembers } from "../../src/entry/packed.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import { eventKey, knownKey } from "../../src/ledger/append/idempotency.ts";
import type { Store } from "../../src/store/store.ts";
import { flipped, withEntries, withTiles } from "../ledger/altered.ts";
import { hash, many, openLedger, record, storeWithLedger } from "../ledger/fixtures.ts";

/** 1,400 entries with something wrong in the first, the middle and the last of their tiles. */
async function damaged(): Promise<Store> {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (const count of [100, 200, 1, 299, 800])
    await ledger.append({ entries: many(count, `at ${ledger.size}`), source: "test" });
  const changed = withEntries(store, (entry, i) => {
    if (i === 255 || i === 256 || i === 1390) return undefined;
    return i === 700 ? { ...entry, recordedAt: 1 } : entry;
  });
  return withTiles(changed, (hashes, _, n) => (n === 2 ? flipped(hashes, 256 * 3) : hashes));
}

test("an audit that stops at the end of any tile, and goes on from what was kept, ends as one that does not", async () => {
  const store = await damaged();
  const whole = await auditLedger({ store, record, hash });
  assert.ok(whole.findings.length > 3);
  for (let tiles = 1; tiles <= 5; tiles++) {
    let kept: KeptAudit | undefined;
    let left = tiles;
    const stopping: AuditOptions = {
      store,
      record,
      hash,
      onTile: async (keep) => {
        kept = JSON.parse(JSON.stringify(keep())) as KeptAudit;
        if (--left === 0) throw new Error("stopped");
      },
    };
    await assert.rejects(auditLedger(stopping), /stopped/);
    assert.equal(kept?.tree.size, 256 * tiles);
    const read: number[] = [];
    const onProgress = (done: number) => read.push(done);
    assert.deepEqual(await auditLedger({ store, record, hash, kept, onProgress }), whole, `after ${tiles} tiles`);
    assert.ok(Math.min(...read) > 256 * tiles, "nothing is read twice");
  }
});

test("threads compute what is computed here, also of entries that were pruned, erased in part, or have no form", async () => {
  const salts = (n: number) => new Uint8Array(16 * n);
  const origin = { format: "event", key: "k", source: "ci" };
  const event = {
    action: "a.b",
    time: "2026-11-27T03:30:54Z",
    actor: { type: "user", id: "ada" },
    id: "id 7",
  } as never;
  const claimed = prepareEntry(event, { hash, salts, own: ownMembers({ _source: { ...origin, claim: "line 9" } }) });
  const named = prepareEntry(event, { hash, salts, own: ownMembers({ _source: origin }) });
  const digest = new Uint8Array(32).fill(3);
  const mixed = [{ digest }, { salt: digest.slice(0, 16), text: '"b":1' }, { digest }];
  const entries: (PackedEntry | undefined)[] = [
    { recordedAt: 5, members: named.members },
    undefined,
    { recordedAt: 6, members: claimed.members },
    { recordedAt: 7, members: packMembers(mixed) },
    { recordedAt: 8, members: new Uint8Array(0), pruned: { leafHash: digest } },
    { recordedAt: 9, members: named.members.slice(0, -1) },
  ];
  const here = digestAll(hash, entries);
  const [first, none, second, third, pruned, broken] = here as readonly (Digest | undefined)[];
  assert.deepEqual(first?.claim, { id: "id 7", key: eventKey(hash, "ci", "id 7") });
  assert.deepEqual(second?.claim, { id: "line 9", key: knownKey(hash, "ci", "line 9") });
  assert.deepEqual([...(third?.leaf ?? [])], [...entryLeafHash(hash, { recordedAt: 7, members: mixed })]);
  assert.deepEqual([none, third?.withheld, pruned?.leaf], [undefined, 2, digest]);
  assert.match(String(broken), /expected \d+ bytes of members/);
  const pool = new DigestPool(2);
  try {
    for (let i = 0; i < 3; i++) assert.deepEqual(await pool.digest(entries), here);
  } finally {
    await pool.close();
  }
});
