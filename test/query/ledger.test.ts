/** The index beside a real ledger on LevelDB: appends, damage of the index's files, deletion, a restored backup. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { checkEvent } from "../../src/entry/event.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { query } from "../../src/query/query.ts";
import type { QueryRequest } from "../../src/query/request.ts";
import { LevelIndexStore } from "../../src/store/level-index.ts";
import { LevelStore } from "../../src/store/level-store.ts";

const EVENTS = 60;

test("events of a ledger on LevelDB are found after restarts, and after its index is deleted", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-query-"));
  const hash = await fastKeccak256();
  const signer = keySigner(new Uint8Array(32).fill(5));
  const id = toHex(new Uint8Array(32).fill(1));
  const owner = toHex(new Uint8Array(20).fill(2));
  const record = { id, name: "main", label: id, owner, signer: signer.address, createdAt: 0 };
  const salts = (n: number) => new Uint8Array(randomBytes(16 * n));
  try {
    for (let round = 0; round < 3; round++) {
      const store = await LevelStore.open(join(root, "store"));
      if (round === 0) await store.addLedger(record);
      const indexStore = await LevelIndexStore.open(join(root, "index"));
      const ledger = await Ledger.open({ store, record, signer, hash });
      const indexer = await Indexer.open({ store, indexStore, ledger, segmentLength: 25 });
      indexer.start();
      const appended: Promise<unknown>[] = [];
      for (let i = 0; i < EVENTS; i++) {
        const event = checkEvent({
          action: `round.${round}`,
          time: "2026-11-20T09:30:00Z",
          actor: { type: "user", id: `u${i % 10}` },
        });
        const own = ownMembers({ _source: { format: "native", key: "k1", source: "app" } });
        appended.push(ledger.append({ entries: [prepareEntry(event, { hash, salts, own })], source: "app" }));
      }
      await Promise.all(appended);
      await indexer.waitFor(ledger.size);
      const filter = { action: "round.*", actor: "user:u3", source: "app", key: "k1" };
      const request: QueryRequest = { filter, order: "desc", limit: 10 };
      const page = await query(indexer, request);
      assert.equal(page.items.length, Math.min(10, 6 * (round + 1)));
      assert.ok(page.items.every(({ event }) => (event.actor as { id: string }).id === "u3"));
      const size = EVENTS * (round + 1);
      assert.deepEqual(page.watermark, { accepted: size, searchable: size });
      await indexer.stop();
      await indexStore.close();
      await ledger.close();
      await store.close();
      if (round === 1) await rm(join(root, "index"), { recursive: true });
    }
  } finally {
    await rm(root, { recursive: true });
  }
});
