/** The decisions of a watcher, one row for each thing that a service, a chain or time can do to it. */

import assert from "node:assert/strict";
import test from "node:test";
import { checksumAddress } from "../../src/merkle/address.ts";
import { CHECKS, type Checks, isProved, judge } from "../../src/verify/watch-judge.ts";
import type { ChainSeen, Heard, ProofSeen, Seen } from "../../src/verify/watch-seen.ts";
import {
  readWatchState,
  resumeWatch,
  updateWaiting,
  WAITING_MAX,
  type WatchState,
} from "../../src/verify/watch-state.ts";
import { History, keyNamed, LEDGER_ID, SIGNER, signerOf } from "../cli/histories.ts";

const told = new History(20);
const other = new History(20, "other", 5);
const NOW = 1_800_000_000_000;
const PATIENCE = { silentMs: 300_000, lagMs: 600_000 };
const CONTRACT = checksumAddress("0x5fbdb2315678afecb367f032d93f642f64180aa3");
const stranger = keyNamed("stranger");

const START: WatchState = {
  ...{ format: "holdfast/watch@1", ledger: "main", chainId: 1, contract: CONTRACT },
  ...{ signers: [], waiting: [], heardAt: NOW - 1000, roundAt: NOW - 1000 },
};
/** Size 12 is believed, and waits for an anchor since a minute. */
const STATE: WatchState = {
  ...{ ...START, ledgerId: LEDGER_ID, signers: [SIGNER], checkpoint: told.checkpoint(12) },
  waiting: [{ size: 12, since: NOW - 60_000 }],
};

const proof = (history: History, from: number, to: number): Heard<ProofSeen> => {
  const { fromRoot, path } = history.consistency(from, to);
  return { ok: true, value: { fromRoot, path } };
};
const heard = (history: History, size: number, options?: Parameters<History["statement"]>[1]): Seen["checkpoint"] => ({
  ...{ ok: true, value: history.statement(size, options) },
});
const head = (history: History, size: number, more: Partial<ChainSeen["head"]> = {}): ChainSeen["head"] => ({
  ...{ size, root: history.tree.root(size), forked: false, superseded: false, ...more },
});
const chain = (more: Partial<ChainSeen> = {}): Seen["chain"] => {
  const value = { signer: SIGNER, isSigner: true, rootAtHeard: undefined, rootAtOwn: undefined, block: "block 9" };
  return { ok: true, value: { head: head(told, 7), ...value, ...more } };
};
const missing = { ok: false, reason: "status 503: later" } as const;
const noChain = { ok: false, reason: "node: no answer", isWrong: false } as const;

/** The service has grown from 12 to 15 entries, the contract holds 7, and all is proved. */
const SEEN: Seen = {
  ...{ now: NOW, checkpoint: heard(told, 15), chain: chain() },
  ...{ fromOwn: proof(told, 12, 15), fromHead: proof(told, 7, 15) },
};
const SAME: Partial<Seen> = { checkpoint: heard(told, 12), fromHead: proof(told, 7, 12) };
const REWRITTEN: Partial<Seen> = {
  checkpoint: heard(other, 15),
  fromOwn: proof(other, 12, 15),
  fromHead: proof(other, 7, 15),
};

type Row = {
  readonly state?: Partial<WatchState>;
  readonly seen?: Partial<Seen>;
  /** Checks that are bad or unknown; the others are good. */
  readonly bad?: readonly (keyof Checks)[];
  readonly unknown?: readonly (keyof Checks)[];
  /** Size that is believed afterwards. */
  readonly believed: number | undefined;
  /** Checks with a conflict, those in capitals proved. */
  readonly conflicts?: readonly string[];
};

const NO_CHECKPOINT = ["identity", "size", "root", "consistency", "ahead"] as const;
const NO_CHAIN = ["chain", "agreement", "ahead", "fork", "lag"] as const;

const ROWS: Readonly<Record<string, Row>> = {
  "a ledger that grows": { believed: 15 },
  "a ledger at rest": { seen: SAME, believed: 12 },
  "the first checkpoint ever": {
    state: { ...START, checkpoint: undefined as never },
    seen: { fromOwn: undefined as never },
    believed: 15,
  },
  "nothing recorded yet": {
    state: { checkpoint: undefined as never, waiting: [] },
    seen: { checkpoint: { ok: true, value: undefined }, chain: chain({ head: head(told, 1, { size: 0 }) }) },
    unknown: ["identity", "size", "root", "consistency", "agreement", "fork", "lag"],
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
      chain: chain({ head: head(told, 12), rootAtHeard: told.tree.root(12), rootAtOwn: told.tree.root(12) }),
    },
    believed: 12,
  },

  "the size shrank": {
    seen: { checkpoint: heard(told, 9), fromHead: proof(told, 7, 9) },
    bad: ["size"],
    unknown: ["consistency"],
    believed: 12,
    conflicts: ["size"],
  },
  "the ledger is said to be empty": {
    seen: { checkpoint: { ok: true, value: undefined } },
    bad: ["size", "ahead"],
    unknown: ["identity", "root", "consistency", "agreement"],
    believed: 12,
  },
  "the root of a size changed": {
    seen: { checkpoint: heard(other, 12), fromHead: proof(told, 7, 12) },
    bad: ["root", "consistency", "agreement", "fork"],
    believed: 12,
    conflicts: ["ROOT", "agreement"],
  },
  "what was believed was rewritten, and it shows": {
    seen: { ...REWRITTEN, chain: chain({ head: head(told, 5) }), fromHead: proof(other, 5, 15) },
    bad: ["consistency", "fork"],
    believed: 12,
    conflicts: ["CONSISTENCY"],
  },
  "what was anchored was rewritten as well": {
    seen: REWRITTEN,
    bad: ["consistency", "agreement", "fork"],
    believed: 12,
    conflicts: ["CONSISTENCY", "AGREEMENT"],
  },
  "a proof of another tree": {
    seen: { fromOwn: proof(other, 12, 15) },
    bad: ["consistency"],
    believed: 12,
    conflicts: ["consistency"],
  },
  "a proof cut short": {
    seen: { fromOwn: { ok: true, value: { fromRoot: told.tree.root(12), path: [] } } },
    bad: ["consistency"],
    believed: 12,
    conflicts: ["consistency"],
  },
  "a proof that is owed": { seen: { fromOwn: missing }, unknown: ["consistency"], believed: 12 },
  "a proof that is owed for too long": {
    state: { doubtSince: NOW - 300_001 },
    seen: { fromOwn: missing },
    bad: ["consistency"],
    believed: 12,
  },
  "a proof for the anchored size that is owed": { seen: { fromHead: missing }, unknown: ["agreement"], believed: 15 },
  "a proof for the anchored size that is owed for too long": {
    state: { doubtSince: NOW - 300_001 },
    seen: { fromHead: missing },
    bad: ["agreement"],
    believed: 12,
  },
  "a proof for the anchored size that is not needed again": {
    state: { extension: { from: 7, root: told.tree.root(7), path: told.tree.consistency(7, 12) } },
    seen: { ...SAME, fromHead: undefined as never },
    believed: 12,
  },

  "the contract holds another root for what is believed": {
    seen: { chain: chain({ rootAtOwn: other.tree.root(12) }) },
    bad: ["agreement", "fork"],
    believed: 12,
    conflicts: ["AGREEMENT"],
  },
  "the contract holds another root for what was heard": {
    seen: { chain: chain({ head: head(other, 15), rootAtHeard: other.tree.root(15) }) },
    bad: ["agreement", "fork"],
    believed: 12,
    conflicts: ["AGREEMENT"],
  },
  "the chain is ahead of the service": {
    seen: { ...SAME, chain: chain({ head: head(told, 15), rootAtOwn: undefined }) },
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
    seen: { checkpoint: heard(told, 15, { key: stranger }) },
    believed: 15,
  },
  "a new signer that the contract does not know yet": {
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: chain({ isSigner: false }) },
    unknown: [...NO_CHECKPOINT, "agreement"],
    believed: 12,
  },
  "a new signer that the contract still does not know": {
    state: { doubtSince: NOW - 300_001 },
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: chain({ isSigner: false }) },
    bad: ["identity"],
    unknown: ["size", "root", "consistency", "ahead", "agreement"],
    believed: 12,
  },
  "a stranger's other root is no statement of the ledger": {
    seen: { checkpoint: heard(other, 12, { key: stranger }), chain: chain({ isSigner: false }) },
    unknown: [...NO_CHECKPOINT, "agreement"],
    believed: 12,
  },
  "another ledger's checkpoint": {
    seen: { checkpoint: heard(told, 15, { ledgerId: `0x${"11".repeat(32)}` }) },
    bad: ["identity"],
    unknown: ["size", "root", "consistency", "ahead", "agreement"],
    believed: 12,
  },
  "a ledger that is not open in the contract": {
    state: { ...START, checkpoint: undefined as never },
    seen: { chain: chain({ signer: undefined, isSigner: false, head: head(told, 1, { size: 0 }) }) },
    unknown: [...NO_CHECKPOINT, "chain", "agreement", "fork", "lag"],
    believed: undefined,
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
    seen: { checkpoint: missing, chain: chain({ head: head(told, 12), rootAtOwn: told.tree.root(12) }) },
    unknown: ["service", ...NO_CHECKPOINT],
    believed: 12,
  },
  "a silent service that anchored something else": {
    seen: { checkpoint: missing, chain: chain({ head: head(other, 12), rootAtOwn: other.tree.root(12) }) },
    bad: ["agreement", "fork"],
    unknown: ["service", ...NO_CHECKPOINT],
    believed: 12,
    conflicts: ["AGREEMENT"],
  },
  "a chain that does not answer": {
    seen: { chain: noChain, fromHead: undefined as never },
    unknown: [...NO_CHAIN],
    believed: 15,
  },
  "another chain": {
    seen: { chain: { ...noChain, isWrong: true }, fromHead: undefined as never },
    bad: ["chain"],
    unknown: ["agreement", "ahead", "fork", "lag"],
    believed: 12,
  },
  "a new signer while the chain does not answer": {
    seen: { checkpoint: heard(told, 15, { key: stranger }), chain: noChain },
    unknown: [...new Set([...NO_CHECKPOINT, ...NO_CHAIN])],
    believed: 12,
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
    const { checks, next, conflicts } = judge(state, present({ ...SEEN, ...row.seen }), PATIENCE);
    const marked = (mark: number) => CHECKS.filter((check) => checks[check].mark === mark).toSorted();
    const details = CHECKS.map((check) => `${check}: ${checks[check].detail}`).join("\n");
    assert.deepEqual(marked(-1), [...(row.bad ?? [])].sort(), `bad\n${details}`);
    assert.deepEqual(marked(0), [...(row.unknown ?? [])].sort(), `unknown\n${details}`);
    assert.equal(next.checkpoint?.size, row.believed);
    const found = conflicts.map((each) => (isProved(each) ? each.finding.toUpperCase() : each.finding));
    assert.deepEqual(found, row.conflicts ?? []);
    assert.equal(next.found !== undefined, row.state?.found !== undefined || conflicts.some(isProved));
    if (row.believed !== undefined)
      assert.deepEqual(readWatchState(JSON.stringify(next)), next, "it survives a restart");
    const hasHeard = (row.seen?.checkpoint ?? SEEN.checkpoint).ok;
    assert.equal(next.heardAt, hasHeard ? NOW : state.heardAt);
  });
}

function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

test("what is believed never moves to another history, whatever comes in whatever order", () => {
  const heads = [head(told, 7), head(other, 7), head(told, 12), head(told, 1, { size: 0 })];
  const histories = [told, other];
  let state = STATE;
  for (let round = 0; round < 200; round++) {
    const pick = <T>(from: readonly T[], salt: number): T =>
      from[(round * 7 + salt * 13 + (round >> salt)) % from.length] as T;
    const [speaks, proves] = [pick(histories, 1), pick(histories, 2)];
    const size = 5 + ((round * 11) % 16);
    const own = state.checkpoint?.size ?? 0;
    const at = pick(heads, 3);
    const seen: Seen = {
      ...{ now: NOW + round, checkpoint: heard(speaks, size), chain: chain({ head: at }) },
      ...(own < size && { fromOwn: proof(proves, own, size) }),
      ...(at.size > 0 && at.size < size && { fromHead: proof(proves, at.size, size) }),
    };
    state = judge(state, seen, PATIENCE).next;
    assert.equal(state.checkpoint?.root, told.tree.root(state.checkpoint?.size as number));
  }
  assert.equal(state.checkpoint?.size, 20, "and it moves on with its own");
});

test("doubt lasts until the proof comes, and silence until the service speaks", () => {
  const later = (seconds: number, more: Partial<Seen>): Seen =>
    present({ ...SEEN, ...more, now: NOW + seconds * 1000 });
  const first = judge(STATE, later(0, { fromOwn: missing }), PATIENCE).next;
  const second = judge(first, later(200, { fromOwn: missing }), PATIENCE);
  assert.equal(second.next.doubtSince, NOW);
  const third = judge(second.next, later(301, { fromOwn: missing }), PATIENCE);
  assert.equal(third.checks.consistency.mark, -1);
  const fourth = judge(third.next, later(302, {}), PATIENCE);
  assert.deepEqual(
    [fourth.checks.consistency.mark, fourth.next.doubtSince, fourth.next.checkpoint?.size],
    [1, undefined, 15],
  );
});

test("a pause of the watcher counts neither as silence nor as debt", () => {
  const state = { ...STATE, heardAt: NOW - 5000, doubtSince: NOW - 4000, roundAt: NOW - 2000 };
  const resumed = resumeWatch(state, NOW + 1_000_000);
  assert.deepEqual([resumed.heardAt, resumed.doubtSince], [NOW + 997_000, NOW + 998_000]);
  assert.deepEqual(resumeWatch(state, NOW - 9_000_000).heardAt, state.heardAt, "a clock that was set back");
});

test("a clock that was years ahead and is put right does not keep silence, debt or lag from being told", () => {
  const ahead = NOW + 10 * 365 * 86_400_000;
  const waiting = [{ size: 12, since: ahead }];
  const state: WatchState = { ...STATE, waiting, heardAt: ahead, roundAt: ahead, doubtSince: ahead };
  const silent: Seen = { ...SEEN, ...SAME, checkpoint: missing };
  const first = judge(state, silent, PATIENCE);
  assert.deepEqual([first.checks.service.mark, first.checks.lag.mark], [0, 1]);
  const second = judge(first.next, { ...silent, now: NOW + PATIENCE.lagMs + 1 }, PATIENCE);
  assert.deepEqual([second.checks.service.mark, second.checks.lag.mark], [-1, -1]);
  const owing: Seen = { ...SEEN, fromOwn: missing };
  const doubt = judge(state, owing, PATIENCE).next;
  const later = { ...owing, now: NOW + PATIENCE.silentMs + 1 };
  assert.equal(judge(doubt, later, PATIENCE).checks.consistency.mark, -1);
});

test("a known signer is remembered, and an anchored size does not wait", () => {
  const { next } = judge(STATE, { ...SEEN, checkpoint: heard(told, 15, { key: stranger }) }, PATIENCE);
  assert.deepEqual(next.signers, [SIGNER, signerOf(stranger)]);
  assert.deepEqual(next.waiting, [...STATE.waiting, { size: 15, since: NOW }]);
  assert.deepEqual(next.extension, { from: 7, root: told.tree.root(7), path: told.tree.consistency(7, 15) });
  assert.deepEqual(updateWaiting(next.waiting, 15, 12, NOW), [{ size: 15, since: NOW }]);
  assert.deepEqual(updateWaiting([], 15, 12, NOW), [{ size: 15, since: NOW }], "a reorganisation took the anchor back");
  assert.deepEqual(updateWaiting([], 15, 15, NOW), []);
  let waiting: WatchState["waiting"] = [];
  for (let size = 1; size <= 1000; size++) waiting = updateWaiting(waiting, size, 0, NOW + size);
  assert.ok(waiting.length <= WAITING_MAX);
  assert.deepEqual([waiting[0]?.size, waiting.at(-1)?.size], [1, 1000], "the oldest and the newest are kept");
});

test("a state that somebody changed is refused", () => {
  const forged = { ...STATE, checkpoint: told.checkpoint(12, { key: stranger }) };
  assert.throws(() => readWatchState(JSON.stringify(forged)), /expected a checkpoint of 0x/);
  const grown = { ...STATE, checkpoint: { ...told.checkpoint(12), size: 13 } };
  assert.throws(() => readWatchState(JSON.stringify(grown)), RangeError);
  const another = { ...STATE, ledgerId: `0x${"11".repeat(32)}` };
  assert.throws(() => readWatchState(JSON.stringify(another)), /expected ledger/);
  for (const text of ["", "{}", "[]", JSON.stringify({ ...STATE, waiting: [{ size: 0, since: 1 }] })]) {
    assert.throws(() => readWatchState(text), { name: "BundleError" });
  }
});
