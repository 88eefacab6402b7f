/** Damage found while a ledger is in use: told as damage, remembered until it is settled, and kept from others' requests. */

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { Sealer } from "../../src/ledger/seal/seal.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";
import type { MemoryStore } from "../store/memory-store.ts";
import { altered } from "./altered.ts";
import { checkWhole, many, openLedger, prepared, record, storeWithLedger } from "./fixtures.ts";

const source = "test";
const BROKEN = 120;

type Damaged = { readonly ledger: Ledger; readonly told: (string | undefined)[]; mend: () => void };

/** A ledger in whose store one entry is missing or damaged, as long as it is not mended. */
async function damagedLedger(store: MemoryStore, how: "missing" | "damaged"): Promise<Damaged & { store: Store }> {
  let isBroken = true;
  const error = new DamagedStoreError(`entry ${BROKEN} is damaged`);
  const broken = altered<Store>(store, {
    entry: async (id, index) => {
      if (!isBroken || index !== BROKEN) return store.entry(id, index);
      if (how === "damaged") throw error;
      return undefined;
    },
    async *entries(id, from, to) {
      for (let index = from; index < to; index++) {
        const entry = isBroken && index === BROKEN ? undefined : await store.entry(id, index);
        if (entry === undefined) throw error;
        yield entry;
      }
    },
  });
  const told: (string | undefined)[] = [];
  const ledger = await openLedger(broken, {
    onDamage: (id, cause) => told.push(id === record.id ? cause?.message : id),
  });
  const mend = () => {
    isBroken = false;
  };
  return { ledger, told, mend, store: broken };
}

async function filledStore(): Promise<MemoryStore> {
  const store = await storeWithLedger();
  await (await openLedger(store)).append({ entries: many(300), source });
  return store;
}

function sealerOf(t: TestContext, store: Store): Sealer {
  const sealer = new Sealer({ store });
  t.after(() => sealer.close());
  return sealer;
}

for (const how of ["missing", "damaged"] as const) {
  test(`an entry that is ${how} is damage, and nothing more is sealed until it can be read`, async (t) => {
    const { ledger, told, mend, store } = await damagedLedger(await filledStore(), how);
    const sealer = sealerOf(t, store);
    await assert.rejects(ledger.entry(BROKEN), DamagedStoreError);
    await assert.rejects(ledger.entry(BROKEN), DamagedStoreError);
    assert.equal(told.length, 1, "it is told once");
    assert.match(told[0] as string, new RegExp(`entry ${BROKEN}`));
    assert.ok((await ledger.entry(BROKEN + 1)) !== undefined, "its neighbours can be read");
    assert.equal(await ledger.entry(300), undefined, "what was never recorded is absent, not damaged");
    await ledger.append({ entries: [prepared("goes on")], source });
    await assert.rejects(sealer.seal(ledger), DamagedStoreError);
    mend();
    assert.equal((await sealer.seal(ledger)).checkpoint.size, 301);
    assert.deepEqual(told.slice(1), [undefined], "that it has ended is told");
    await checkWhole(ledger);
  });
}

test("a range that ends at a damaged entry is remembered like the entry itself", async () => {
  const { ledger, told } = await damagedLedger(await filledStore(), "damaged");
  let read = 0;
  const reading = async () => {
    for await (const _ of ledger.entries(100, 200)) read++;
  };
  await assert.rejects(reading(), DamagedStoreError);
  assert.equal(read, BROKEN - 100);
  assert.equal(told.length, 1);
  await assert.rejects(ledger.settleDamage(), DamagedStoreError);
});

test("a damaged claim refuses its own request, and nobody else's of the same commit", async () => {
  const store = await storeWithLedger();
  await (await openLedger(store)).append({ entries: [prepared("a", "id-a"), prepared("b", "id-b")], source });
  let asked = 0;
  const broken = altered<Store>(store, {
    claims: async (id, keys) => {
      const found = await store.claims(id, keys);
      asked += keys.length;
      return found.map((claim, i) => (claim !== undefined && i === 0 ? new DamagedStoreError("a claim") : claim));
    },
  });
  const ledger = await openLedger(broken);
  const requests = [[prepared("a", "id-a")], [prepared("b", "id-b")], [prepared("c", "id-c")], [prepared("d")]];
  const answers = await Promise.allSettled(requests.map((entries) => ledger.append({ entries, source })));
  assert.equal(asked, 3);
  const [first, ...others] = answers;
  assert.ok(first?.status === "rejected" && first.reason.code === "claim_damaged", "the first is refused");
  assert.deepEqual(
    others.map((answer) => answer.status === "fulfilled" && answer.value.receipts[0]?.index),
    [1, 2, 3],
  );
  assert.equal(ledger.size, 4, "nothing was recorded twice");
  await checkWhole(ledger);
});
