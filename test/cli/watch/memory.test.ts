/**
 * What a watcher remembers from look to look: sequences of what a service and a node say, with a restart of the watcher
 * before every look, and what it comes to in the end.
 */

import assert from "node:assert/strict";
import test from "node:test";
import type { CheckName } from "../../../src/watch/checks.ts";
import { keyNamed, SIGNER, signerOf } from "../fork-proof/histories.ts";
import { marked, other, type Scene, say, setStage, told } from "./stage.ts";

type Row = {
  readonly looks: readonly Scene[];
  /** Checks that are bad or unknown after the last look. */
  readonly bad?: readonly CheckName[];
  readonly unknown?: readonly CheckName[];
  readonly believed: number | undefined;
  /** How many signed checkpoints are kept without being settled. */
  readonly open?: number;
  /** Files of evidence. */
  readonly evidence?: number;
};

const stranger = keyNamed("stranger");
const BEGIN: Scene = { says: [say(told, 12)], proves: say(told, 12) };
const honest = (size: number): Scene => ({ says: [say(told, size)], proves: say(told, size) });
const withheld = (scene: Scene): Scene => ({ ...scene, proves: undefined });
const times = (count: number, scene: (i: number) => Scene): Scene[] =>
  Array.from({ length: count }, (_, i) => scene(i));
const SILENT: Scene = { says: [undefined] };

const ROWS: Readonly<Record<string, Row>> = {
  "a ledger that grows and proves it": {
    looks: [BEGIN, honest(15), honest(20), honest(20)],
    believed: 20,
  },
  "a signed root without its proof, and another root for that size": {
    looks: [BEGIN, withheld({ says: [say(other, 15)] }), honest(15)],
    bad: ["fork", "root", "consistency"],
    believed: 15,
    evidence: 1,
  },
  "a signed root without its proof, and long after it a tree that does not begin with it": {
    looks: [BEGIN, withheld({ says: [say(other, 15)] }), ...times(10, () => SILENT), honest(20)],
    bad: ["fork", "consistency"],
    believed: 20,
    evidence: 1,
  },
  "a signed root without its proof that is proved in the end": {
    looks: [BEGIN, withheld({ says: [say(told, 15)] }), SILENT, honest(20), honest(20)],
    believed: 20,
  },
  "a proof that is owed, with a 503 now and then": {
    looks: [BEGIN, ...times(6, (i) => (i % 2 === 0 ? withheld({ says: [say(told, 15)] }) : SILENT)), honest(12)],
    bad: ["size", "consistency"],
    believed: 12,
    open: 1,
  },
  "a proof that is owed, by a service that is silent ever since": {
    looks: [BEGIN, withheld({ says: [say(told, 15)] }), ...times(6, () => SILENT)],
    bad: ["service", "consistency"],
    unknown: ["identity", "size", "root", "ahead"],
    believed: 12,
    open: 1,
  },
  "a proof that is owed, by a service that grows and never proves": {
    looks: [BEGIN, ...times(7, (i) => withheld({ says: [say(told, 13 + i)] }))],
    bad: ["consistency", "agreement"],
    believed: 12,
    open: 7,
  },
  "a proof that is owed, by a service that grows and proves only its newest entries": {
    looks: [BEGIN, ...times(7, (i) => ({ says: [say(other, 6 + i)], proves: say(other, 6 + i) }))],
    bad: ["root", "consistency", "fork"],
    believed: 12,
    open: 1,
    evidence: 1,
  },
  "a proof that is owed, by another tree that grows and stays the smaller one": {
    looks: [BEGIN, ...times(7, (i) => ({ says: [say(other, 5 + i)], proves: say(other, 5 + i) }))],
    bad: ["size", "consistency"],
    believed: 12,
    open: 1,
  },
  "a forked checkpoint of which only the contract says that it is one, and then growth": {
    looks: [
      BEGIN,
      withheld({ says: [say(other, 15)], anchored: [say(told, 4)] }),
      withheld({ says: [say(told, 12)], anchored: [say(told, 4), say(told, 15)] }),
      { says: [say(told, 18)], proves: say(told, 18) },
      honest(18),
    ],
    bad: ["fork"],
    believed: 18,
    evidence: 1,
  },
  "a proof for the anchored size that is owed, with a 503 now and then": {
    looks: [
      BEGIN,
      withheld({ anchored: [say(told, 4), say(told, 8)] }),
      ...times(6, (i) => (i % 2 === 0 ? withheld(BEGIN) : SILENT)),
    ],
    bad: ["agreement"],
    unknown: ["service", "identity", "size", "root", "consistency", "ahead"],
    believed: 12,
  },
  "an older checkpoint from a cache, which the tree is proved to begin with": {
    looks: [BEGIN, { says: [say(told, 9)], proves: say(told, 12) }, BEGIN],
    believed: 12,
  },
  "a forked checkpoint that is heard only on the first of two looks": {
    looks: [BEGIN, { says: [say(other, 9), say(told, 12)], proves: undefined }, honest(14)],
    bad: ["consistency", "fork"],
    believed: 14,
    evidence: 2,
  },
  "a forked checkpoint amid many genuine older ones, none of them proved": {
    looks: [
      honest(40),
      ...times(30, (i) => withheld({ says: [i === 15 ? say(other, 38) : say(told, 36 - i)] })),
      ...times(6, () => honest(40)),
    ],
    bad: ["fork"],
    believed: 40,
    evidence: 1,
  },
  "a checkpoint heard while nobody could say whose it is, and another root for its size": {
    looks: [
      { ...withheld({ says: [say(other, 12)] }), isChainDown: true },
      { ...honest(12), isChainDown: false },
    ],
    bad: ["root", "consistency", "fork"],
    believed: undefined,
    open: 1,
    evidence: 1,
  },
  "a checkpoint of a signer that the contract comes to know, and another root for its size": {
    looks: [
      BEGIN,
      withheld({ says: [say(other, 12, { key: stranger })] }),
      { ...BEGIN, known: [SIGNER, signerOf(stranger)] },
    ],
    bad: ["root", "consistency", "fork"],
    believed: 12,
    evidence: 1,
  },
  "a checkpoint of a stranger that the contract never knows": {
    looks: [BEGIN, withheld({ says: [say(other, 12, { key: stranger })] }), ...times(10, () => BEGIN)],
    believed: 12,
    open: 1,
  },
  "a watcher that is killed when it asks for the proof of what it heard": {
    looks: [BEGIN, { says: [say(other, 15)], isKilled: true }, honest(15)],
    bad: ["root", "consistency", "fork"],
    believed: 15,
    evidence: 1,
  },
  "another ledger under the same name, and its own again": {
    looks: [BEGIN, withheld({ says: [say(told, 15, { ledgerId: `0x${"11".repeat(32)}` })] }), BEGIN],
    believed: 12,
  },
  "another ledger under the same name from one moment to the next": {
    looks: [{ says: [say(told, 12), say(told, 12, { ledgerId: `0x${"11".repeat(32)}` })], proves: undefined }],
    unknown: ["service", "identity", "size", "root", "consistency", "agreement", "ahead", "fork", "lag", "time"],
    believed: undefined,
    open: 1,
  },
  "a clock that goes back, while a proof is owed": {
    looks: [
      BEGIN,
      withheld({ says: [say(told, 15)] }),
      { afterS: 200 },
      { afterS: -3600 },
      { afterS: 50 },
      { afterS: -86_400 },
      { afterS: 60 },
    ],
    bad: ["consistency", "agreement"],
    believed: 12,
    open: 1,
  },
  "a clock that goes back, while the service is silent": {
    looks: [BEGIN, SILENT, { afterS: 200 }, { afterS: -3600 }, { afterS: 50 }],
    bad: ["service"],
    unknown: ["identity", "size", "root", "consistency", "ahead"],
    believed: 12,
  },
  "a node that stands still": {
    looks: [BEGIN, { blockAgeS: 70 }, { blockAgeS: 310 }],
    bad: ["block"],
    unknown: ["agreement", "ahead", "fork", "lag"],
    believed: 12,
  },
  "a node that hides what another one shows": {
    looks: [BEGIN, { otherNode: [say(told, 4), say(told, 12)] }, { afterS: 200 }, { afterS: 150 }],
    bad: ["chain"],
    believed: 12,
  },
  "a node that hides that something else was anchored": {
    looks: [BEGIN, BEGIN, { otherNode: [say(told, 4), say(other, 12)] }],
    bad: ["agreement"],
    unknown: ["chain", "fork"],
    believed: 12,
  },
  "a node that invents a root for a while, and a ledger that grows meanwhile": {
    looks: [
      { ...honest(12), anchored: [say(told, 4), say(told, 12)] },
      { otherNode: [say(told, 4), say(other, 12)] },
      { ...honest(14), anchored: [say(told, 4), say(told, 12), say(told, 14)] },
      honest(16),
    ],
    bad: ["agreement"],
    unknown: ["chain", "fork"],
    believed: 12,
    open: 1,
  },
  "a node that invented a root once": {
    looks: [
      { ...honest(12), anchored: [say(told, 4), say(told, 12)] },
      { otherNode: [say(told, 4), say(other, 12)] },
      { ...honest(14), otherNode: undefined },
      honest(16),
    ],
    believed: 16,
  },
  "a node that invented a head once": {
    looks: [BEGIN, { otherNode: [say(told, 4), say(other, 40)] }, { otherNode: undefined }, honest(16)],
    believed: 16,
  },
  "a node that hides what it showed": {
    looks: [
      { ...BEGIN, anchored: [say(told, 4), say(told, 12)] },
      { ...honest(14), anchored: [say(told, 4)] },
      { isChainDown: true, afterS: 200 },
      { isChainDown: false, afterS: 150 },
    ],
    bad: ["chain"],
    believed: 14,
  },
};

for (const [name, { looks, bad = [], unknown = [], believed, open = 0, evidence = 0 }] of Object.entries(ROWS)) {
  test(`restarted before every look, a watcher sees: ${name}`, async (t) => {
    const stage = setStage(t);
    let last: Awaited<ReturnType<typeof stage.look>>;
    for (const scene of looks) last = await stage.look(scene);
    assert.ok(last !== undefined);
    const details = JSON.stringify(last.checks, null, 1);
    assert.deepEqual(marked(last, -1).sort(), [...bad].sort(), details);
    assert.deepEqual(marked(last, 0).sort(), [...unknown].sort(), details);
    assert.equal(last.checkpoint?.size, believed);
    assert.equal(last.open, open);
    assert.equal(stage.evidence().length, evidence);
  });
}

test("a clock that is set while a watcher runs makes a debt neither younger nor older", async (t) => {
  const stage = setStage(t, { isRestarted: false });
  await stage.look(BEGIN);
  await stage.look(withheld({ says: [say(told, 15)] }));
  const ahead = await stage.look({ afterS: 3650 * 86_400, steadyS: 100 });
  assert.equal(ahead?.checks.consistency.mark, 0, ahead?.checks.consistency.detail);
  await stage.look({ afterS: -3650 * 86_400, steadyS: 100 });
  const late = await stage.look({ afterS: -3600, steadyS: 110 });
  assert.equal(late?.checks.consistency.mark, -1, "it is owed for 310 s");
  assert.match(late.checks.consistency.detail, /owed for 310 s/);
});

test("a round that fails leaves no marks of an older one, and the watcher ends as one that could not tell", async (t) => {
  const stage = setStage(t, { isRestarted: false });
  await stage.look(BEGIN);
  await stage.look(BEGIN);
  const watcher = stage.watcher();
  assert.deepEqual([watcher.outcome, watcher.latest?.checks.service.mark], ["good", 1]);
  await stage.fail(watcher);
  assert.deepEqual([watcher.outcome, watcher.latest], ["unknown", undefined]);
});
