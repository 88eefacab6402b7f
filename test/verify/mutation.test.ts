/** Nothing but the bundle itself passes for the bundle: every field, every hash and every character counts. */

import assert from "node:assert/strict";
import test from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import type { VerifyOptions } from "../../src/verify/options.ts";
import { verifyBundle, verifyText } from "../../src/verify/verify.ts";
import { anchored, makeWorld, TestLedger } from "./fixture.ts";
import { at, claimsLess, isSameJson, type Json, neighbours, othersOf, pathsOf, replaced } from "./mutants.ts";

/** A final bundle with everything that a bundle can have, and the options under which it verifies. */
async function makeFull({ withState = true } = {}): Promise<{ bundle: Bundle; options: VerifyOptions }> {
  const { ledger, chain, options } = makeWorld();
  await chain.anchor(ledger, 9);
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState });
  chain.finalUpTo = anchor.blockNumber;
  return { bundle: anchored(ledger.bundle(5, 11, [2]), [anchor], "final"), options };
}

test("a bundle with any value changed, removed, doubled or of another type does not verify", async () => {
  const { bundle, options } = await makeFull();
  assert.equal((await verifyBundle(bundle, options)).outcome, "verified");
  let tried = 0;
  const whole = bundle as unknown as Json;
  for (const path of pathsOf(whole)) {
    for (const put of othersOf(at(whole, path))) {
      if (claimsLess(path, put) || isDeepStrictEqual(put, at(whole, path))) continue;
      const mutant = replaced(whole, path, put);
      const verdict = await verifyBundle(mutant as unknown as Bundle, options);
      assert.equal(verdict.outcome, "failed", `${path.join(".")} became ${JSON.stringify(put)}: ${verdict.summary}`);
      assert.equal(verdict.event, undefined);
      tried++;
    }
  }
  assert.ok(tried > 800, `expected many mutants, got ${tried}`);
});

test("a text that differs in one character does not verify", async () => {
  for (const [withState, stride] of [
    [false, 1],
    [true, 11],
  ] as const) {
    const { bundle, options } = await makeFull({ withState });
    const text = JSON.stringify(bundle);
    let same = 0;
    for (let place = 0; place < text.length; place += stride) {
      for (const mutant of neighbours(text, place)) {
        if (isSameJson(mutant, bundle)) {
          same++;
          continue;
        }
        const verdict = await verifyText(mutant, options);
        assert.equal(verdict.outcome, "failed", `${mutant.slice(place - 20, place + 20)}: ${verdict.summary}`);
        assert.ok(verdict.steps.at(-1)?.state === "failed", "the last step says what failed");
      }
    }
    assert.ok(same < text.length / 20, `expected few harmless changes, such as a space between values, got ${same}`);
  }
});

test("parts of other bundles and of other ledgers do not fit", async () => {
  const { bundle, options } = await makeFull();
  const { ledger, chain } = makeWorld();
  const other = new TestLedger(13, { name: "other" });
  const foreign = anchored(other.bundle(5, 11), [await chain.anchor(other, 11)]);
  const sibling = ledger.bundle(6, 11);
  const thief = new TestLedger(13, { key: new Uint8Array(32).fill(7) });
  const mutants: Bundle[] = [
    { ...bundle, entry: sibling.entry },
    { ...bundle, inclusion: sibling.inclusion },
    { ...bundle, inclusion: ledger.bundle(5, 12).inclusion },
    { ...bundle, inclusion: { ...bundle.inclusion, path: bundle.inclusion.path.toReversed() } },
    { ...bundle, checkpoint: ledger.sign(12) },
    { ...bundle, checkpoint: thief.sign(11) },
    { ...bundle, checkpoint: thief.sign(11), ledger: thief.record },
    { ...bundle, checkpoint: foreign.checkpoint },
    { ...bundle, ledger: foreign.ledger },
    { ...bundle, anchors: foreign.anchors },
    { ...foreign, anchors: bundle.anchors },
    { ...bundle, anchors: [...bundle.anchors, ...foreign.anchors] },
    { ...bundle, entry: { ...bundle.entry, members: bundle.entry.members.toReversed() } },
    { ...bundle, entry: { ...bundle.entry, members: [...bundle.entry.members, bundle.entry.members[0] ?? []] } },
  ] as Bundle[];
  for (const [i, mutant] of mutants.entries()) {
    assert.equal((await verifyBundle(mutant, options)).outcome, "failed", `mutant ${i}`);
  }
});

test("a signer that the contract never knew is found out", async () => {
  const { ledger, chain, options } = makeWorld();
  const anchor = await chain.anchor(ledger, 11);
  const thief = new TestLedger(13, { key: new Uint8Array(32).fill(7) });
  const bundle = anchored({ ...thief.bundle(5, 11), ledger: thief.record }, [anchor]);
  assert.equal(thief.record.id, ledger.record.id);
  const verdict = await verifyBundle(bundle, options);
  assert.deepEqual([verdict.outcome, verdict.steps.at(-1)?.name], ["failed", "signer"]);
});

test("a chain that says something else about an anchor fails the step that asked", async () => {
  const changes: readonly [string, (world: ReturnType<typeof makeWorld>) => void][] = [
    ["chain", ({ chain }) => Object.assign(chain, { id: 5 })],
    ["contract", ({ chain }) => Object.assign(chain, { code: undefined })],
    ["contract", ({ chain }) => Object.assign(chain, { code: `0x${"ab".repeat(32)}` })],
    ["block", ({ chain }) => chain.blocks.clear()],
    ["block", ({ chain }) => rehash(chain.blocks)],
    ["transaction", ({ chain }) => chain.events.splice(0)],
    ["root", ({ chain }) => chain.roots.clear()],
    ["signer", ({ chain }) => chain.signers.clear()],
    ["status", ({ chain }) => Object.assign(chain, { finalUpTo: 0 })],
  ];
  for (const [name, change] of changes) {
    const world = makeWorld();
    const anchor = await world.chain.anchor(world.ledger, 13);
    world.chain.finalUpTo = anchor.blockNumber;
    const bundle = anchored(world.ledger.bundle(5), [anchor], "final");
    change(world);
    const verdict = await verifyBundle(bundle, world.options);
    assert.deepEqual([verdict.outcome, verdict.steps.at(-1)?.name], ["failed", name], verdict.summary);
  }
});

function rehash(blocks: Map<number, { hash: `0x${string}`; time: number }>): void {
  for (const [number, block] of blocks) blocks.set(number, { ...block, hash: `0x${"cd".repeat(32)}` });
}

test("values that are no bundle at all are verdicts, not exceptions", async () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const trap = new Proxy({}, { ownKeys: () => assert.fail("trap") });
  const getter = Object.defineProperty({}, "format", { enumerable: true, get: () => assert.fail("trap") });
  for (const value of [undefined, null, 7, "text", [], {}, cycle, trap, getter, () => 1, Symbol("s"), 1n]) {
    const verdict = await verifyBundle(value as unknown as Bundle, {});
    assert.deepEqual([verdict.outcome, verdict.steps.length, verdict.steps[0]?.name], ["failed", 1, "bundle"]);
  }
});
