/** The loop on a chain in memory: every call of the outside fails, in every way, and in the end all is in order. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Fault } from "./faults.ts";
import { append, World } from "./world.ts";

type Disturbance = (world: World) => void;
/** `before` is the number of calls before the disturbance. */
type Played = { readonly world: World; readonly calls: readonly string[]; readonly before: number };

/** Two rounds of anchoring; `disturb` happens after the first anchor is mined. */
async function play(fault: Fault | undefined, disturb?: Disturbance): Promise<Played> {
  const world = await World.open();
  world.faults.fault = fault;
  await append(world.ledger, 3);
  await world.run(4);
  const before = world.faults.calls.length;
  disturb?.(world);
  await append(world.ledger, 2);
  await world.runUntilFinal();
  return { world, calls: world.faults.calls, before };
}

const SCENES: Readonly<Record<string, Disturbance | undefined>> = {
  undisturbed: undefined,
  "with a reorganisation that drops its transactions": (world) => world.chain.reorg(3, false),
  "with a reorganisation that mines them in other blocks": (world) => {
    world.chain.reorg(3, true);
    world.chain.mine(4);
  },
};

/** Every kind of call that a run makes of the outside; a new one must be thought of here. */
const STEPS = [
  "chain.balance",
  "chain.block",
  "chain.broadcast",
  "chain.confirms",
  "chain.dataFee",
  "chain.estimateGas",
  "chain.fees",
  "chain.findAnchor",
  "chain.head",
  "chain.identify",
  "chain.ledger",
  "chain.nonce",
  "chain.proof",
  "chain.receipt",
  "chain.rootAt",
  "owner.sign",
  "payer.sign",
  "seal",
  "store.entry",
  "store.record",
  "store.writeRecords",
];

test("an undisturbed run makes every kind of call that the table lets fail", async () => {
  const kinds = new Set<string>();
  for (const disturb of Object.values(SCENES)) {
    for (const name of (await play(undefined, disturb)).calls) kinds.add(name);
  }
  assert.deepEqual([...kinds].sort(), STEPS.toSorted());
});

/** Calls that change something outside; reading has no effect, so it can only fail, and a crash there is one before. */
const EFFECTS = ["chain.broadcast", "owner.sign", "payer.sign", "seal", "store.writeRecords"];

/** Calls to let fail: every effect, and of the reads between two effects one of each kind. */
function casesOf(calls: readonly string[], effectsOnly: boolean): [at: number, name: string][] {
  const found = new Map<string, [number, string]>();
  let effects = 0;
  for (const [at, name] of calls.entries()) {
    const isEffect = EFFECTS.includes(name);
    if (isEffect) effects += 1;
    if (isEffect || !effectsOnly) found.set(`${name} after ${effects}`, [at, name]);
  }
  return [...found.values()];
}

for (const [scene, disturb] of Object.entries(SCENES)) {
  for (const happens of [false, true]) {
    for (const crashes of [false, true]) {
      const what = `${crashes ? "crashes" : "fails"} ${happens ? "after" : "before"} it happened`;
      test(`each step of a run ${scene} ${what}, and every checkpoint is anchored once`, async () => {
        const { calls, before } = await play(undefined, disturb);
        for (const [at, name] of casesOf(calls, happens || crashes)) {
          // Until then every scene is the first one.
          if (disturb !== undefined && at < before) continue;
          const { world } = await play({ at, happens, crashes }, disturb);
          await world.requireOrder().catch((cause: unknown) => {
            throw new Error(`call ${at} (${name}) ${what}`, { cause });
          });
        }
      });
    }
  }
}
