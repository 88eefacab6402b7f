/** What every place for an index has to do; the promises are those of src/query/index/index-store.ts. */

import assert from "node:assert/strict";
import test from "node:test";
import type { IndexStore } from "../../../src/query/index/index-store.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

async function listed(store: IndexStore, prefix: string): Promise<[string, number[]][]> {
  const found: [string, number[]][] = [];
  for await (const [key, value] of store.list(prefix)) found.push([key, [...value]]);
  return found;
}

/** @param open gives an empty store; it is closed by the suite */
export function indexStoreSuite(name: string, open: () => Promise<IndexStore>): void {
  const withStore = (title: string, body: (store: IndexStore) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });

  withStore("values come back in the order of the keys asked for, undefined where there is none", async (store) => {
    await store.write([
      { key: "a", value: bytes(1) },
      { key: "b", value: bytes() },
    ]);
    const values = await store.getMany(["b", "none", "a", "a"]);
    assert.deepEqual(
      values.map((value) => value && [...value]),
      [[], undefined, [1], [1]],
    );
  });

  withStore("a write changes, adds and deletes at once", async (store) => {
    await store.write([
      { key: "a", value: bytes(1) },
      { key: "b", value: bytes(2) },
    ]);
    await store.write([
      { key: "a", value: undefined },
      { key: "b", value: bytes(3) },
      { key: "c", value: bytes(4) },
      { key: "never there", value: undefined },
    ]);
    assert.deepEqual(await listed(store, ""), [
      ["b", [3]],
      ["c", [4]],
    ]);
  });

  withStore("listing and clearing keep to a prefix", async (store) => {
    const keys = ["a", "a/", "a/1", "a/10", "a/2", "a0", "b/1"];
    await store.write(keys.map((key) => ({ key, value: bytes(1) })));
    assert.deepEqual(
      (await listed(store, "a/")).map(([key]) => key),
      ["a/", "a/1", "a/10", "a/2"],
    );
    await store.clear("a/");
    assert.deepEqual(
      (await listed(store, "")).map(([key]) => key),
      ["a", "a0", "b/1"],
    );
  });

  withStore("more keys than are read ahead are listed", async (store) => {
    const keys = Array.from({ length: 1000 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    await store.write(keys.map((key) => ({ key, value: bytes(1) })));
    assert.deepEqual(
      (await listed(store, "k")).map(([key]) => key),
      keys,
    );
  });

  withStore("a value is what was written, whatever becomes of the array afterwards", async (store) => {
    const value = bytes(1, 2);
    await store.write([{ key: "a", value }]);
    value[0] = 9;
    assert.deepEqual(await listed(store, ""), [["a", [1, 2]]]);
  });
}
