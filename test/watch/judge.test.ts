/** The decisions of a watcher, one row for each thing that a service, a chain or time can do to it. */

import assert from "node:assert/strict";
import test from "node:test";
import { CHECKS, type JudgedChecks } from "../../src/watch/checks.ts";
import { judge } from "../../src/watch/judge.ts";
import type { Claim } from "../../src/watch/memory/claims.ts";
import { isSigned } from "../../src/watch/memory/open-checkpoints.ts";
import type { WatchState } from "../../src/watch/memory/state.ts";
import { readWatchState, writeWatchState } from "../../src/watch/memory/state-text.ts";
import type { Seen } from "../../src/watch/round-observations.ts";
import { SIGNER, signerOf } from "../cli/fork-proof/histories.ts";
import {
  chain,
  head,
  heard,
  missing,
  NOW,
  noChain,
  node,
  other,
  owed,
  PATIENCE,
  proof,
  roots,
  SEEN,
  START,
  STATE,
  stranger,
  told,
} from "./scene.ts";

const SAME: Partial<Seen> = { checkpoint: heard(told, 12), proofs: [proof(told, 7, 12)] };
const REWRITTEN: Partial<Seen> = { checkpoint: heard(other, 15), proofs: [proof(other, 12, 15), proof(other, 7, 15)] };

type Row = {
  readonly state?: Partial<WatchState>;
  readonly seen?: Partial<Seen>;
  /** Checks that are bad or unknown; the others are good. */
  readonly bad?: readonly (keyof JudgedChecks)[];
  readonly unknown?: readonly (keyof JudgedChecks)[];
  /** Size that is believed afterwards. */
  readonly believed: number | undefined;
  /** Checks that found a contradiction. */
  readonly conflicts?: readonly string[];
  /** Sizes that are kept until they are settled. */
  readonly open?: readonly number[];
};

const cutShort = { from: 12, to: 15, answer: { ok: true, value: { fromRoot: told.tree.root(12), path: [] } } } as const;

const OWN_OWED = [owed(12, 15), proof(told, 7, 15)];
const HEAD_OWED = [proof(told, 12, 15), owed(7, 15)];
const NO_CHECKPOINT = ["identity", "size", "root", "consistency", "ahead"] as const;
const NO_CHAIN = ["chain", "block", "agreement", "ahead", "fork", "lag"] as const;

/** The head that the node showed before. */
const held = (size: number): Claim => ({
  what: "head",
  by: ["one"],
  size,
  root: told.tree.root(size),
  first: 0,
  last: 0,
});

const ROWS: Readonly<Record<string, Row>> = {
  "a ledger that grows": { believed: 15 },
  "a ledger at rest": { seen: SAME, believed: 12 },
  "the first checkpoint ever": {
    state: { ...START, checkpoint: undefined as never },
    seen: { proofs: [proof(told, 7, 15)] },
    unknown: ["consistency"],
    believed: 15,
  },
  "nothing recorded yet": {
    state: { checkpoint: undefined as never, waiting: [] },
    seen: { checkpoint: { ok: true, value: undefined }, chain: chain({ head: head(told, 1, { size: 0 }) }) },
    unknown: ["identity", "size", "root", "consistency", "agreement", "fork", "lag", "time"],
    believed: undefined,
  },
  "nothing anchored yet": {
    seen: { chain: chain({ head: head(told, 1, { size: 0 }) }) },
    unknown: ["agreement"],
    believed: 15,
  },
  "all is anchored": {
    seen: {
      ...SAME,
      chain: chain({ head: head(told, 12), roots: roots(told, 12) }),
    },
    believed: 12,
  },

  "the size shrank": {
    seen: { checkpoint: heard(told, 9), proofs: [proof(told, 7, 9)] },
    bad: ["size"],
    unknown: ["consistency"],
    believed: 12,
    open: [9],
  },
  "the ledger is said to be empty": {
    seen: { checkpoint: { ok: true, value: undefined } },
    bad: ["size", "ahead"],
    unknown: ["identity", "root", "consistency", "agreement"],
    believed: 12,
  },
  "the root of a size changed": {
    seen: { checkpoint: heard(other, 12), proofs: [proof(told, 7, 12)] },
    bad: ["root", "consistency", "agreement", "fork"],
    believed: 12,
    conflicts: ["root"],
  },
  "what was believed was rewritten, and it shows": {
    seen: { ...REWRITTEN, chain: chain({ head: head(told, 5) }), proofs: [proof(other, 12, 15), proof(other, 5, 15)] },
    bad: ["consistency", "fork"],
    believed: 12,
    conflicts: ["consistency"],
  },
  "what was anchored was rewritten as well": {
    seen: REWRITTEN,
    bad: ["consistency", "agreement", "fork"],
    believed: 12,
    conflicts: ["consistency", "agreement"],
  },
  "a proof of another tree": {
    seen: { proofs: [proof(other, 12, 15), proof(told, 7, 15)] },
    bad: ["consistency"],
    believed: 12,
    open: [15],
  },
  "a proof cut short": {
    seen: { proofs: [cutShort, proof(told, 7, 15)] },
    bad: ["consistency"],
    believed: 12,
    open: [15],
  },
  "a proof that is owed": { seen: { proofs: OWN_OWED }, unknown: ["consistency"], believed: 12, open: [15] },
  "a proof that is owed for too long": {
    state: { open: [{ statement: told.statement(15), since: NOW - 300_001 }] },
    seen: { proofs: OWN_OWED },
    bad: ["consistency"],
    believed: 12,
    open: [15],
  },
  "a proof for the anchored size that is owed": { seen: { proofs: HEAD_OWED }, unknown: ["agreement"], believed: 15 },
  "a proof for the anchored size that is owed for too long": {
    state: { owed: { link: NOW - 300_001 } },
    seen: { proofs: HEAD_OWED },
    bad: ["agreement"],
    believed: 12,
    open: [15],
  },
  "a proof for the anchored size that is not needed again": {
    state: { extension: { from: 7, root: told.tree.root(7), path: told.tree.consistency(7, 12) } },
    seen: { ...SAME, proofs: [] },
    believed: 12,
  },

  "the contract holds another root for what is believed": {
    seen: { chain: chain({ roots: roots(other, 12) }) },
    bad: ["agreement"],
    unknown: ["fork"],
    believed: 12,
    open: [15],
    conflicts: ["agreement"],
  },
  "the contract holds another root for what was heard": {
    seen: { chain: chain({ head: head(other, 15), roots: roots(other, 15) }) },
    bad: ["agreement"],
    unknown: ["fork"],
    believed: 12,
    open: [15],
    conflicts: ["agreement"],
  },
  "the chain is ahead of the service": {
    seen: { ...SAME, chain: chain({ head: head(told, 15) }) },
    bad: ["ahead"],
    unknown: ["agreement"],
    believed: 12,
  },
  "the contract calls the ledger forked": {
    seen: { chain: chain({ head: head(told, 7, { forked: true }) }) },
    bad: ["fork"],
    believed: 15,
  },
  "a contradiction was found before": {
    state: { found: { finding: "root", detail: "two roots", at: NOW } },
    bad: ["fork"],
    believed: 15,
  },
  "an anchor is late": { state: { waiting: [{ size: 12, since: NOW - 600_001 }] }, bad: ["lag"], believed: 15 },
  "an anchor was late and is there": {
    state: {
      waiting: [
        { size: 5, since: NOW - 900_000 },
        { size: 12, since: NOW - 1000 },
      ],
    },
    believed: 15,
  },
  "a ledger with a successor": {
    seen: { chain: chain({ head: head(told, 7, { superseded: true }) }) },
    unknown: ["lag"],
    believed: 15,
  },

  "a new signer that the contract knows": {
    state: { signers: [SIGNER] },
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: chain({ known: [signerOf(stranger)] }) },
    believed: 15,
  },
  "a new signer that the contract does not know yet": {
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: chain({ known: [] }) },
    unknown: [...NO_CHECKPOINT, "agreement"],
    believed: 12,
    open: [15],
  },
  "a new signer that the contract still does not know": {
    state: { owed: { signer: NOW - 300_001 } },
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: chain({ known: [] }) },
    bad: ["identity"],
    unknown: ["size", "root", "consistency", "ahead", "agreement"],
    believed: 12,
    open: [15],
  },
  "a stranger's other root is no statement of the ledger": {
    seen: { checkpoint: heard(other, 12, { key: stranger }), chain: chain({ known: [] }) },
    unknown: [...NO_CHECKPOINT, "agreement"],
    believed: 12,
    open: [12],
  },
  "another ledger's checkpoint": {
    seen: { checkpoint: heard(told, 15, { ledgerId: `0x${"11".repeat(32)}` }) },
    bad: ["identity"],
    unknown: ["size", "root", "consistency", "ahead", "agreement"],
    believed: 12,
  },
  "a ledger that is not open in the contract": {
    state: { ...START, checkpoint: undefined as never },
    seen: { chain: chain({ signer: undefined, known: [], head: head(told, 1, { size: 0 }) }) },
    unknown: [...NO_CHECKPOINT, "chain", "agreement", "fork", "lag", "time"],
    believed: undefined,
    open: [15],
  },
  "a checkpoint that says it was signed in ten years": {
    seen: { checkpoint: heard(told, 15, { signedAt: NOW / 1000 + 315_360_000 }) },
    bad: ["time"],
    believed: 15,
  },

  "a silent service": {
    seen: { checkpoint: missing },
    unknown: ["service", ...NO_CHECKPOINT, "agreement"],
    believed: 12,
  },
  "a service that is silent for too long": {
    state: { heardAt: NOW - 300_001 },
    seen: { checkpoint: missing },
    bad: ["service"],
    unknown: [...NO_CHECKPOINT, "agreement"],
    believed: 12,
  },
  "a silent service whose anchors go on": {
    seen: { checkpoint: missing, chain: chain({ head: head(told, 12), roots: roots(told, 12) }) },
    unknown: ["service", ...NO_CHECKPOINT],
    believed: 12,
  },
  "a silent service that anchored something else": {
    seen: { checkpoint: missing, chain: chain({ head: head(other, 12), roots: roots(other, 12) }) },
    bad: ["agreement"],
    unknown: ["service", ...NO_CHECKPOINT, "fork"],
    believed: 12,
    conflicts: ["agreement"],
  },
  "a chain that does not answer": {
    seen: { chain: noChain, proofs: [proof(told, 12, 15)] },
    unknown: [...NO_CHAIN],
    believed: 15,
  },
  "a node that stands still": {
    seen: { chain: chain({}, NOW - PATIENCE.blockMs) },
    bad: ["block"],
    unknown: ["agreement", "ahead", "fork", "lag"],
    believed: 15,
  },
  "a node that stands still and speaks against the service": {
    seen: { ...SAME, chain: chain({ head: head(told, 15) }, NOW - PATIENCE.blockMs) },
    bad: ["block", "ahead"],
    unknown: ["agreement", "fork", "lag"],
    believed: 12,
  },
  "a block from the future": {
    seen: { chain: chain({}, NOW + 1_000_000) },
    bad: ["block"],
    unknown: ["agreement", "ahead", "fork", "lag"],
    believed: 15,
  },
  "a contract that holds less than it held": {
    state: { claims: [held(9)] },
    unknown: ["chain"],
    believed: 15,
  },
  "a contract that has long held less than it held": {
    state: { claims: [{ ...held(9), since: NOW - 300_001 }] },
    bad: ["chain"],
    believed: 15,
  },
  "a node that knows less than another one": {
    seen: { chain: chain({ others: [node("two", head(told, 9))] }) },
    unknown: ["chain"],
    believed: 15,
  },
  "a root that one node has and another has otherwise": {
    seen: {
      ...SAME,
      chain: chain({
        head: head(told, 12),
        roots: roots(told, 12),
        others: [node("two", head(told, 12), roots(other, 12))],
      }),
    },
    bad: ["agreement"],
    unknown: ["fork"],
    believed: 12,
    conflicts: ["agreement"],
  },
  "a silent service that owed a proof before": {
    state: {
      open: [{ statement: told.statement(9), since: NOW - 300_001 }],
      owed: { link: NOW - 300_001, signer: NOW - 300_001 },
    },
    seen: { checkpoint: missing, proofs: [] },
    bad: ["identity", "consistency", "agreement"],
    unknown: ["service", "size", "root", "ahead"],
    believed: 12,
    open: [9],
  },
  "one size signed with two roots, neither of them proved": {
    state: { open: [{ statement: told.statement(15), since: NOW - 1000 }] },
    seen: { checkpoint: heard(other, 15), proofs: [owed(12, 15), proof(told, 7, 12)] },
    bad: ["root", "consistency", "fork"],
    unknown: ["agreement"],
    believed: 12,
    conflicts: ["root"],
  },
  "a size smaller than one that was signed and never proved": {
    state: { open: [{ statement: told.statement(15), since: NOW - 1000 }] },
    seen: SAME,
    bad: ["size"],
    unknown: ["consistency"],
    believed: 12,
    open: [15],
  },
  "signed checkpoints that were too many to be kept": {
    state: { dropped: 1 },
    bad: ["consistency"],
    believed: 15,
  },
  "another chain": {
    seen: { chain: { ...noChain, isWrong: true }, proofs: [proof(told, 12, 15)] },
    bad: ["chain"],
    unknown: ["agreement", "ahead", "block", "fork", "lag"],
    believed: 12,
    open: [15],
  },
  "a new signer while the chain does not answer": {
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: noChain },
    unknown: [...new Set([...NO_CHECKPOINT, ...NO_CHAIN])],
    believed: 12,
    open: [15],
  },
  "nothing answers": {
    seen: { checkpoint: missing, chain: noChain },
    unknown: ["service", ...new Set([...NO_CHECKPOINT, ...NO_CHAIN])],
    believed: 12,
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  test(`the watcher judges: ${name}`, () => {
    const state = present({ ...STATE, ...row.state });
    const { checks, next, conflicts } = judge(state, { ...SEEN, ...row.seen }, PATIENCE);
    const names = CHECKS.filter((check) => check !== "state");
    const marked = (mark: number) => names.filter((check) => checks[check].mark === mark).toSorted();
    const details = names.map((check) => `${check}: ${checks[check].detail}`).join("\n");
    assert.deepEqual(marked(-1), [...(row.bad ?? [])].sort(), `bad\n${details}`);
    assert.deepEqual(marked(0), [...(row.unknown ?? [])].sort(), `unknown\n${details}`);
    assert.equal(next.checkpoint?.size, row.believed);
    assert.deepEqual(
      conflicts.map(({ finding }) => finding),
      row.conflicts ?? [],
    );
    const open = next.open.map(({ statement }) => statement.size);
    assert.deepEqual(open, row.open ?? []);
    assert.equal(next.found !== undefined, row.state?.found !== undefined || conflicts.some(isSigned));
    assert.deepEqual(readWatchState(writeWatchState(next)), next, "it survives a restart");
    const hasHeard = (row.seen?.checkpoint ?? SEEN.checkpoint).ok;
    assert.equal(next.heardAt, hasHeard ? NOW : state.heardAt);
  });
}

function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
