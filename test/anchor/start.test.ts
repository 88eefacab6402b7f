/** The loops as a service runs them: by themselves, on several chains, until they are stopped. */

import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Anchorer } from "../../src/anchor/anchorer.ts";
import type { ChainSetup } from "../../src/anchor/chain-loop.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Log } from "../../src/log.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { listAnchors } from "../../src/store/anchor-record.ts";
import { FakeChain } from "../chain/fake-chain.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { until } from "../until.ts";
import { append, makeLedger, OWNER, PAYER, quiet } from "./world.ts";

async function openService(chains: readonly FakeChain[], setup: Partial<ChainSetup> = {}, log: Log = quiet) {
  const store = new MemoryStore();
  const ledger = await makeLedger(store, "main", Date.now);
  for (const chain of chains) for (const { address } of [PAYER, OWNER]) chain.fund(address);
  const anchorer = await Anchorer.open({
    store,
    log,
    ledgers: () => [ledger],
    seal: async (each: Ledger) => each.head as SignedCheckpoint,
    chains: chains.map((chain) => ({
      name: `chain ${chain.chainId}`,
      chain,
      payer: PAYER,
      owners: [OWNER],
      policy: { intervalMs: 0, pollMs: 5, resendMs: 50 },
      // Each step that waits for finality lets a block go by, as the embedded chain does.
      mineBlocks: async () => chain.mine(),
      ...setup,
    })),
  });
  const sizes = async () => {
    const anchors = await listAnchors(store, ledger.record.id);
    return anchors.map(({ chainId, size, stage }) => `${chainId}: ${size} ${stage}`);
  };
  return { anchorer, ledger, sizes };
}

/** Mines all the time, as a chain does. */
function keepMining(chains: readonly FakeChain[]): () => void {
  const timer = setInterval(() => {
    for (const chain of chains) chain.mine();
  }, 10);
  return () => clearInterval(timer);
}

test("a ledger is anchored on each of several chains, and one that is out of reach holds up no other", async () => {
  const first = new FakeChain(1);
  const second = new FakeChain(2);
  const broken = new FakeChain(3);
  const stopMining = keepMining([first, second]);
  const { anchorer, ledger, sizes } = await openService([first, second, broken]);
  // It hangs until it is closed, as a request to an endpoint that does not answer.
  const hanging = Promise.withResolvers<never>();
  broken.nonce = () => hanging.promise;
  broken.close = () => hanging.reject(new Error("closed"));
  anchorer.start();
  await append(ledger, 3);
  await until("both to be final", async () => (await sizes()).join() === "1: 3 final,2: 3 final");
  await append(ledger);
  await until(
    "both to be final again",
    async () => (await sizes()).filter((each) => /4 final/.test(each)).length === 2,
  );
  await anchorer.stop();
  stopMining();
});

test("two chains of one id are refused: what is stored of them would be mixed up", async () => {
  await assert.rejects(openService([new FakeChain(1), new FakeChain(1)]), /expected chains of different ids, got 1, 1/);
});

test("one account may be payer and owner", async () => {
  const chain = new FakeChain();
  const stopMining = keepMining([chain]);
  const { anchorer, ledger, sizes } = await openService([chain], { payer: OWNER });
  anchorer.start();
  await append(ledger);
  await until("the anchor to be final", async () => (await sizes()).join() === "1234: 1 final");
  const [status] = await anchorer.status();
  assert.equal(status?.accounts.length, 1);
  await anchorer.stop();
  stopMining();
  assert.ok(chain.mined.every(({ tx }) => tx.from === OWNER.address));
});

test("stopping ends the step that is under way when its chain is closed, and logs nothing more", async () => {
  const chain = new FakeChain();
  const lines: string[] = [];
  const note = (_: object, message: string) => void lines.push(message);
  const { anchorer } = await openService([chain], {}, { debug: note, info: note, warn: note, error: note });
  const hanging = Promise.withResolvers<never>();
  chain.nonce = () => hanging.promise;
  chain.close = () => hanging.reject(new Error("closed"));
  anchorer.start();
  await sleep(30);
  const before = lines.length;
  await anchorer.stop();
  assert.equal(lines.length, before);
});
