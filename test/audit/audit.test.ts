import assert from "node:assert/strict";
import test from "node:test";
import { auditLedger } from "../../src/audit/audit.ts";
import { type Finding, FindingList } from "../../src/audit/findings.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";
import { altered, flipped, withEntries, withTiles } from "../ledger/altered.ts";
import { hash, many, openLedger, otherSigner, prepared, record, signer, storeWithLedger } from "../ledger/fixtures.ts";

const source = "test";

/** 700 entries under the checkpoints 100, 300, 301, 600 and 700. */
async function filled(): Promise<Store> {
  const store = await storeWithLedger();
  let now = 1_700_000_000_000;
  const ledger = await openLedger(store, { clock: () => (now += 1000) });
  for (const count of [100, 200, 1, 299, 100])
    await ledger.append({ entries: many(count, `at ${ledger.size}`), source });
  return store;
}

async function audit(store: Store) {
  const [current] = await store.ledgers();
  return auditLedger({ store, record: current ?? record, hash });
}

const brief = (findings: readonly Finding[]) => findings.map(({ kind, from, to }) => `${kind} ${from}..${to}`);

test("a whole ledger has no findings, and the report says how much was read", async () => {
  const store = await filled();
  const progress: number[] = [];
  const report = await auditLedger({ store, record, hash, onProgress: (done, size) => progress.push(done, size) });
  assert.deepEqual(report, {
    ledgerId: record.id,
    head: await store.head(record.id),
    entries: 700,
    tiles: 2,
    checkpoints: 5,
    wholeSize: 700,
    findings: [],
  });
  assert.deepEqual(progress, [256, 700, 512, 700, 700, 700]);
});

test("a whole ledger with tiles of two levels has no findings", async () => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (let at = 0; at < 65_600; at += 8200) await ledger.append({ entries: many(8200, `at ${at}`), source });
  const report = await audit(store);
  assert.deepEqual([report.entries, report.tiles, report.findings], [65_600, 257, []]);
  const changed = withTiles(store, (hashes, level) => (level === 1 ? flipped(hashes, 9) : hashes));
  assert.deepEqual(brief((await audit(changed)).findings), ["tile_changed 0..65536"]);
  const gone = withTiles(store, (hashes, level) => (level === 1 ? undefined : hashes));
  assert.deepEqual(brief((await audit(gone)).findings), ["tile_missing 0..65536"]);
});

test("a ledger that lost its end, or was signed anew, is not what is remembered of it", async () => {
  const store = await filled();
  const root = (await store.checkpoint(record.id, 600))?.root as Hex;
  const other: Hex = `0x${"9".repeat(64)}`;
  const cases: readonly (readonly [size: number, root: Hex, expected: readonly string[]])[] = [
    [600, root, []],
    [700, root, ["checkpoint_other 0..700"]],
    [600, other, ["checkpoint_other 0..600"]],
    [599, root, ["checkpoint_other 0..599"]],
    [703, other, ["entry_lost 700..703"]],
  ];
  for (const [size, root, expected] of cases) {
    const { findings } = await auditLedger({ store, record, hash, remembered: [{ size, root, by: "somebody" }] });
    assert.deepEqual(brief(findings), expected);
    for (const { detail } of findings) assert.match(detail, /^somebody remembers/);
  }
});

test("an empty ledger has nothing to report, and says that it read nothing", async () => {
  const report = await audit(await storeWithLedger());
  assert.deepEqual([report.head, report.entries, report.findings], [undefined, 0, []]);
});

test("checkpoints of former signers are accepted, those of strangers are not", async () => {
  const store = await filled();
  const ledger = await openLedger(store);
  await ledger.rotateSigner(otherSigner);
  await ledger.append({ entries: [prepared("rotated")], source });
  assert.deepEqual((await audit(store)).findings, []);
  const stranger = { ...record, signer: otherSigner.address };
  const { findings } = await auditLedger({ store, record: stranger, hash });
  assert.deepEqual(brief(findings), ["checkpoint_signature 0..700"]);
});

const without = (gone: readonly number[]) => (store: Store) =>
  withEntries(store, (entry, i) => (gone.includes(i) ? undefined : entry));

const checkpoints = (store: Store, change: Store["checkpointCovering"]) =>
  altered(store, { checkpointCovering: change, head: (id) => change(id, 699) });

/** What changed, and what the audit says of it, and nothing else. */
const TABLE: readonly (readonly [what: string, change: (store: Store) => Store, findings: readonly string[]])[] = [
  [
    "the text of an entry in a full tile",
    (store) =>
      withEntries(store, (entry, i) =>
        i === 40 ? { ...entry, members: [{ salt: new Uint8Array(16), text: '"name":"x"' }] } : entry,
      ),
    ["entry_changed 40..41"],
  ],
  [
    "the time of an entry behind the last full tile",
    (store) => withEntries(store, (entry, i) => (i === 650 ? { ...entry, recordedAt: entry.recordedAt + 1 } : entry)),
    ["time_backwards 651..652", "checkpoint_root 600..700"],
  ],
  ["one entry missing", without([300]), ["entry_missing 300..301"]],
  ["two neighbouring entries missing", without([300, 301]), ["entry_missing 300..302"]],
  [
    "every gap, also across the end of a tile",
    without([0, 1, 2, 254, 255, 256, 257, 400]),
    ["entry_missing 0..3", "entry_missing 254..258", "entry_missing 400..401"],
  ],
  [
    "a whole tile of entries missing",
    without(Array.from({ length: 256 }, (_, i) => 256 + i)),
    ["entry_missing 256..512"],
  ],
  [
    "an entry missing where no tile tells its leaf hash",
    without([698, 699]),
    ["entry_missing 698..700", "checkpoint_unchecked 600..700"],
  ],
  [
    "an entry that cannot be read",
    (store) => {
      const entry = async (id: Hex, index: number) => {
        if (index === 77) throw new DamagedStoreError("entry 77 is damaged");
        return store.entry(id, index);
      };
      const packedEntries = (id: Hex, from: number, to: number) =>
        withEntries(store, (found, i) => (i === 77 ? undefined : found)).packedEntries(id, from, to);
      return altered(store, { entry, packedEntries });
    },
    ["entry_damaged 77..78"],
  ],
  [
    "a flipped bit of a tile",
    (store) => withTiles(store, (hashes, _, n) => (n === 1 ? flipped(hashes, 256 * 3) : hashes)),
    ["entry_changed 259..260", "checkpoint_root 100..700"],
  ],
  ["tiles that are missing", (store) => withTiles(store, () => undefined), ["tile_missing 0..512"]],
  [
    "a tile and an entry of it missing",
    (store) => withTiles(without([5])(store), (hashes, _, n) => (n === 0 ? undefined : hashes)),
    ["entry_missing 5..6", "tile_missing 0..256", "checkpoint_unchecked 0..700"],
  ],
  [
    "the root of a checkpoint",
    (store) =>
      checkpoints(store, async (id, i) => {
        const found = await store.checkpointCovering(id, i);
        return found?.size === 301 ? { ...found, root: record.id } : found;
      }),
    ["checkpoint_root 300..301", "checkpoint_signature 300..301"],
  ],
  [
    "a checkpoint that was signed too early",
    (store) =>
      checkpoints(store, async (id, i) => {
        const found = await store.checkpointCovering(id, i);
        if (found?.size !== 600) return found;
        const early = { ...found, signedAt: 1_000_000_000 };
        return { ...early, signature: await signer.sign(early) };
      }),
    ["checkpoint_time 301..600"],
  ],
  [
    "a checkpoint that cannot be read",
    (store) =>
      checkpoints(store, async (id, i) => {
        const found = await store.checkpointCovering(id, i);
        if (found?.size === 300) throw new DamagedStoreError("checkpoint 300 is damaged");
        return found;
      }),
    ["checkpoint_damaged 100..300"],
  ],
  [
    "a newest checkpoint that cannot be read",
    (store) =>
      checkpoints(store, async (id, i) => {
        const found = await store.checkpointCovering(id, i);
        if (found?.size === 700) throw new DamagedStoreError("checkpoint 700 is damaged");
        return found;
      }),
    ["checkpoint_damaged 600..601", "entry_beyond_head 600..700"],
  ],
  [
    "the last checkpoints cut off",
    (store) => checkpoints(store, async (id, i) => store.checkpointCovering(id, Math.min(i, 299))),
    ["entry_beyond_head 300..700"],
  ],
];

for (const [what, change, findings] of TABLE) {
  test(`the audit finds ${what}, and says nothing else`, async () => {
    const report = await audit(change(await filled()));
    assert.deepEqual(brief(report.findings), findings);
    for (const { detail } of report.findings) assert.match(detail, /\d/);
  });
}

test("findings of one kind are joined only when they touch", () => {
  const list = new FindingList();
  list.add("entry_missing", 1, 2, "first");
  list.add("entry_damaged", 2, 3, "other");
  list.add("entry_missing", 2, 3, "second");
  list.add("entry_missing", 4, 5, "third");
  assert.deepEqual(brief(list.all), ["entry_missing 1..3", "entry_damaged 2..3", "entry_missing 4..5"]);
  assert.equal(list.all[0]?.detail, "first");
});
