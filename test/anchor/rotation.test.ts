/** A signer is replaced by its owner, on the chain or in the service first, and nothing is left without an anchor. */

import assert from "node:assert/strict";
import test from "node:test";
import { encodeRotateSigner } from "../../src/chain/contract/contract.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { recoverSigner } from "../../src/merkle/checkpoint.ts";
import { anchoredWorld, append, OWNER, SIGNER, type World } from "./world.ts";

const NEXT = keySigner(`0x${"44".repeat(32)}`);

/** The owner replaces the signer in the contract, from elsewhere. */
async function rotateOnChain(world: World): Promise<void> {
  const nonce = await world.chain.nonce(OWNER.address);
  const fees = { gasMax: 100_000, feeMax: 100_000_000_000n, tipMax: 1_000_000_000n, legacy: false };
  const data = encodeRotateSigner(world.ledger.record.id, NEXT.address);
  const draft = { chainId: 1234, nonce, to: world.chain.contract, data, ...fees };
  await world.chain.broadcast(await OWNER.sign(draft));
  world.chain.mine();
}

async function resign(_: unknown, { ledgerId, size, root }: SignedCheckpoint): Promise<SignedCheckpoint> {
  const checkpoint = { ledgerId, size, root, signedAt: 1_790_000_100 };
  return { ...checkpoint, signature: await NEXT.sign(checkpoint) };
}

test("what the former signer signed last is anchored under the new one, though nothing else is recorded", async () => {
  const world = await anchoredWorld({ resign });
  await rotateOnChain(world);
  await append(world.ledger, 2);
  await world.run(5);
  assert.equal(await world.note("ledger"), "signer_differs", "until the new key is configured");
  await world.ledger.rotateSigner(NEXT);
  world.now += 120_000;
  await world.runUntilFinal();
  const [newest] = await world.anchors(world.ledger, true);
  assert.deepEqual([newest?.size, recoverSigner(newest as SignedCheckpoint)], [5, NEXT.address]);
  assert.equal(recoverSigner(world.ledger.head as SignedCheckpoint), SIGNER.address, "what was given out stays");
});

test("a signer that the contract takes is not replaced by signing again", async () => {
  const world = await anchoredWorld({ resign: () => assert.fail("expected the first signature") });
  await append(world.ledger, 2);
  await world.runUntilFinal();
});
