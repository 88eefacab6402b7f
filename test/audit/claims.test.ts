/** Whether an audit finds that an event, sent again, would be recorded twice or refused for ever. */

import assert from "node:assert/strict";
import test from "node:test";
import { auditLedger } from "../../src/audit/audit.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import { namedKeys } from "../../src/ledger/append/idempotency.ts";
import { equal } from "../../src/merkle/bytes.ts";
import { DamagedStoreError, type FoundClaim, type IdempotencyClaim, type Store } from "../../src/store/store.ts";
import { altered } from "../ledger/altered.ts";
import { hash, openLedger, record, storeWithLedger } from "../ledger/fixtures.ts";
import type { MemoryStore } from "../store/memory-store.ts";

const source = "ci";
const salts = (n: number) => new Uint8Array(16 * n);
const own = ownMembers({ _source: { format: "event", key: "k", source } });

async function filled(): Promise<MemoryStore> {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (let i = 0; i < 10; i++) {
    const id = i % 2 === 0 ? { id: `id ${i}` } : {};
    const event = { action: "a.b", time: "2026-11-27T03:30:54Z", actor: { type: "user", id: "ada" }, ...id } as never;
    await ledger.append({ entries: [prepareEntry(event, { hash, salts, own })], source });
  }
  return store;
}

async function faults(store: MemoryStore, change: (claim: FoundClaim) => FoundClaim): Promise<string[]> {
  const [wanted] = namedKeys(hash, [{ kind: "event", source, name: "id 4" }]);
  const changed = altered<Store>(store, {
    claims: async (id, keys) =>
      (await store.claims(id, keys)).map((claim, i) =>
        equal(keys[i] as Uint8Array, wanted as Uint8Array) ? change(claim) : claim,
      ),
  });
  const { findings, wholeSize } = await auditLedger({ store: changed, record, hash });
  assert.equal(wholeSize, 10, "the entries themselves are whole");
  return findings.map(({ kind, from, to }) => `${kind} ${from}..${to}`);
}

test("the claims of every entry with an id are looked for", async () => {
  const store = await filled();
  assert.deepEqual(await faults(store, (claim) => claim), []);
  assert.deepEqual(await faults(store, () => undefined), ["claim_missing 4..5"]);
  assert.deepEqual(await faults(store, () => new DamagedStoreError("a claim")), ["claim_damaged 4..5"]);
  const other = (claim: FoundClaim): IdempotencyClaim => ({ ...(claim as IdempotencyClaim), ranges: [[3, 1]] });
  assert.deepEqual(await faults(store, other), ["claim_other 4..5"]);
});
