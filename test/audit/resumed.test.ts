/** An audit that is interrupted and gone on with finds what one finds that runs through. */

import assert from "node:assert/strict";
import test from "node:test";
import { type AuditOptions, auditLedger, type KeptAudit } from "../../src/audit/audit.ts";
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
