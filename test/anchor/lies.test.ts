/**
 * An endpoint that lies for a while, in every way at once and by chance, and then tells the truth: in the end all is final,
 * nothing is halted, no anchor is claimed that the contract does not hold, and the day cost no more than its budget.
 */

import assert from "node:assert/strict";
import test from "node:test";
import type { Block, ChainHead, TransactionReceipt } from "../../src/chain/chain.ts";
import { append, PAYER, World } from "./world.ts";

const GWEI = 1_000_000_000n;
const BUDGET = 88_000n * 21n * GWEI * 8n;
const STEPS = 100;
const DAY = 24 * 3_600_000;

const LIES = [
  "nonce too high",
  "nonce too low",
  "nonce of 0",
  "no receipts",
  "failed receipts of what waits",
  "receipts of another block",
  "failed receipts",
  "absurd fees in receipts",
  "other block hashes",
  "blocks that go back",
  "all is final",
  "no roots",
  "an old head",
  "no ledger",
  "high prices",
  "no agreement",
] as const;
type Lie = (typeof LIES)[number];

/** Numbers in [0, 1), the same ones for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Makes a chain tell these lies, as long as they are in the set. */
function lieIn(world: World, lies: ReadonlySet<Lie>): void {
  const { chain } = world;
  const nonce = chain.nonce.bind(chain);
  const receipt = chain.receipt.bind(chain);
  const block = chain.block.bind(chain);
  const rootAt = chain.rootAt.bind(chain);
  const head = chain.head.bind(chain);
  const ledger = chain.ledger.bind(chain);
  const fees = chain.fees.bind(chain);
  const confirms = chain.confirms.bind(chain);
  let oldHead: ChainHead | undefined;
  chain.nonce = async (account) => {
    if (lies.has("nonce of 0")) return 0;
    const shift = (lies.has("nonce too high") ? 2 : 0) - (lies.has("nonce too low") ? 1 : 0);
    return Math.max(0, (await nonce(account)) + shift);
  };
  chain.receipt = async (hash) => {
    if (lies.has("no receipts")) return undefined;
    const { number, hash: blockHash } = (await block("latest")) as Block;
    const place = { blockNumber: number, blockHash };
    const failed = { succeeded: false, anchored: [] };
    const found = await receipt(hash);
    if (found === undefined) {
      const made = { transactionHash: hash, gasUsed: 21_000, feeWei: 2n ** 200n, ...place, ...failed };
      return lies.has("failed receipts of what waits") ? made : undefined;
    }
    const told: TransactionReceipt = lies.has("receipts of another block") ? { ...found, ...place } : found;
    if (lies.has("failed receipts")) return { ...told, ...failed };
    return lies.has("absurd fees in receipts") ? { ...told, feeWei: 2n ** 255n, gasUsed: 2 ** 53 - 1 } : told;
  };
  chain.block = async (at) => {
    const latest = (await block("latest")) as Block;
    if (typeof at !== "number" && lies.has("blocks that go back")) return block(Math.max(0, latest.number - 3));
    if (at === "finalized" && lies.has("all is final")) return latest;
    const found = await block(at);
    const isOther = typeof at === "number" && lies.has("other block hashes");
    return found && isOther ? { ...found, hash: `0x${"ee".repeat(32)}` } : found;
  };
  chain.rootAt = async (ledgerId, size) => (lies.has("no roots") ? undefined : rootAt(ledgerId, size));
  chain.head = async (ledgerId) => {
    if (!lies.has("an old head")) oldHead = await head(ledgerId);
    return oldHead ?? head(ledgerId);
  };
  chain.ledger = async (ledgerId) => (lies.has("no ledger") ? undefined : ledger(ledgerId));
  chain.fees = async () => {
    const { feeMax, tipMax, ...rest } = await fees();
    const times = lies.has("high prices") ? 50n : 1n;
    return { ...rest, feeMax: feeMax * times, tipMax: tipMax * times };
  };
  chain.confirms = async (claim) => !lies.has("no agreement") && confirms(claim);
}

async function lieForAWhile(world: World, random: () => number): Promise<void> {
  const lies = new Set<Lie>();
  lieIn(world, lies);
  for (let step = 0; step < STEPS; step++) {
    if (random() < 0.2) {
      lies.clear();
      for (let n = Math.floor(random() * 4); n > 0; n--) lies.add(LIES[Math.floor(random() * LIES.length)] as Lie);
    }
    if (random() < 0.3) await append(world.ledger);
    if (random() < 0.1) world.chain.reorg(1 + Math.floor(random() * 2), random() < 0.5);
    await world.tick(random() < 0.7 ? 1 : 0);
    const [chain] = (await world.anchorer?.status()) ?? [];
    const notes = [chain?.note, ...(chain?.accounts ?? []).map(({ note }) => note)];
    const failed = notes.find((note) => note?.code === "step_failed");
    assert.equal(failed?.message, undefined, `step ${step} with ${[...lies].join(", ")}`);
  }
  lies.clear();
}

for (let seed = 1; seed <= 20; seed++) {
  test(`after lies of every kind all is final and nothing was paid beyond the budget of the day (seed ${seed})`, async () => {
    const world = await World.open({ policy: { budgetPerDayWei: BUDGET } });
    await append(world.ledger);
    await lieForAWhile(world, numbers(seed));
    const own = world.chain.mined.filter(({ tx }) => tx.from === PAYER.address);
    const paid = own.reduce((sum, { receipt }) => sum + receipt.feeWei, 0n);
    assert.ok(paid <= BUDGET, `expected at most ${BUDGET} wei to be paid, got ${paid}`);
    await append(world.ledger);
    // What is told late counts on the day on which it is told, and may use that up.
    for (let day = 0; day < 3 && !(await world.isFinal()); day++) {
      world.now += DAY;
      await world.run(40);
    }
    await world.runUntilFinal(10);
    await world.run(10);
    const [status] = (await world.anchorer?.status()) ?? [];
    assert.deepEqual([status?.note, status?.ledgers[0]?.state], [undefined, "anchored"]);
    for (const { note, flights } of status?.accounts ?? []) assert.deepEqual([note, flights], [undefined, []]);
    // An anchor of which every receipt was held back may be in no record; the later ones prove the same entries.
    for (const { size, root, transactionHash } of await world.anchors()) {
      assert.equal(await world.chain.rootAt(world.ledger.record.id, size), root);
      const receipt = await world.chain.receipt(transactionHash);
      assert.ok(receipt?.anchored.some((event) => event.size === size && event.root === root));
    }
  });
}
