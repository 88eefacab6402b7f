/** What a watcher remembers: bounded, of one clock, and on disk as it was written or refused. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { Conflict } from "../../src/watch/checks.ts";
import { judge } from "../../src/watch/judge.ts";
import { addForks, mergeStates, remember } from "../../src/watch/memory/open-checkpoints.ts";
import {
  addSigner,
  FORKS_MAX,
  OPEN_MAX,
  onClock,
  resumeWatch,
  SIGNERS_MAX,
  STRANGERS_MAX,
  updateWaiting,
  WAITING_MAX,
  type WatchState,
} from "../../src/watch/memory/state.ts";
import { readWatchState, writeWatchState } from "../../src/watch/memory/state-text.ts";
import type { Seen } from "../../src/watch/round-observations.ts";
import { readExhibit } from "../../src/watch/statement.ts";
import { History, keyNamed, SIGNER, signerOf } from "../cli/fork-proof/histories.ts";
import {
  chain,
  head,
  heard,
  missing,
  NOW,
  node,
  other,
  owed,
  PATIENCE,
  proof,
  roots,
  SEEN,
  STATE,
  stranger,
  told,
} from "./scene.ts";

const DAY = 86_400_000;

test("what is believed never moves to another history, whatever comes in whatever order", () => {
  const heads = [head(told, 7), head(other, 7), head(told, 12), head(told, 1, { size: 0 })];
  const histories = [told, other];
  let state = STATE;
  for (let round = 0; round < 200; round++) {
    const pick = <T>(from: readonly T[], salt: number): T =>
      from[(round * 7 + salt * 13 + (round >> salt)) % from.length] as T;
    const speaks = pick(histories, 1);
    const proves = pick(histories, 2);
    const size = 5 + ((round * 11) % 16);
    const own = state.checkpoint?.size ?? 0;
    const at = pick(heads, 3);
    const pairs = [own, at.size, ...state.open.map(({ statement }) => statement.size)].filter((from) => from > 0);
    const proofs = pairs.filter((from) => from < size).map((from) => proof(proves, from, size));
    state = judge(
      state,
      { now: NOW + round, checkpoint: heard(speaks, size), chain: chain({ head: at }), proofs },
      PATIENCE,
    ).next;
    assert.equal(state.checkpoint?.root, told.tree.root(state.checkpoint?.size as number));
    assert.ok(state.forks.length <= FORKS_MAX);
  }
  assert.equal(state.checkpoint?.size, 20, "and it moves on with its own");
});

test("doubt lasts until the proof comes", () => {
  const later = (seconds: number, proofs: Seen["proofs"]): Seen => ({ ...SEEN, proofs, now: NOW + seconds * 1000 });
  const withheld = [owed(12, 15), proof(told, 7, 15)];
  const first = judge(STATE, later(0, withheld), PATIENCE).next;
  const second = judge(first, later(200, withheld), PATIENCE);
  assert.deepEqual(second.next.open, [{ statement: told.statement(15), since: NOW }]);
  const third = judge(second.next, later(301, withheld), { ...PATIENCE, blockMs: undefined });
  assert.equal(third.checks.consistency.mark, -1);
  const fourth = judge(third.next, later(302, SEEN.proofs), PATIENCE);
  assert.deepEqual([fourth.checks.consistency.mark, fourth.next.open, fourth.next.checkpoint?.size], [1, [], 15]);
});

test("a pause of the watcher counts neither as silence nor as debt, and a restart is no pause", () => {
  const open = [{ statement: told.statement(15), since: NOW - 4000 }];
  const state: WatchState = { ...STATE, heardAt: NOW - 5000, open, owed: { link: NOW - 3000 }, roundAt: NOW - 2000 };
  const resumed = resumeWatch(state, NOW + 1_000_000, 60_000);
  assert.deepEqual(
    [resumed.heardAt, resumed.open[0]?.since, resumed.owed],
    [NOW + 937_000, NOW + 938_000, { link: NOW + 939_000 }],
  );
  assert.equal(resumeWatch(state, NOW + 58_000, 60_000), state, "it is restarted every minute");
  assert.equal(resumeWatch(state, NOW - 9_000_000, 60_000), state, "a clock that was set back");
});

test("a clock that is set, back or ahead, makes nothing older or younger", () => {
  const open = [{ statement: told.statement(15), since: NOW - 4000 }];
  const waiting = [{ size: 12, since: NOW - 6000 }];
  const state: WatchState = { ...STATE, heardAt: NOW - 5000, open, owed: { link: NOW - 3000 }, waiting, roundAt: NOW };
  const ages = (of: WatchState, now: number) =>
    [of.heardAt, of.open[0]?.since, of.owed.link, of.waiting[0]?.since].map((at) => now - (at ?? 0));
  const before = ages(state, NOW);
  for (const jumpMs of [-DAY, -1, 0, 1, 3650 * DAY]) {
    const now = NOW + jumpMs + 60_000;
    assert.deepEqual(
      ages(onClock(state, now, 60_000), now),
      before.map((age) => age + 60_000),
      `a jump of ${jumpMs} ms, noticed by a clock that is never set`,
    );
  }
  const back = NOW - DAY;
  assert.deepEqual(ages(onClock(state, back, undefined), back), before, "after a restart, by going back");
  const once = onClock(state, back, undefined);
  assert.deepEqual(onClock(once, back, undefined), once);
  const early = onClock(state, 1000, undefined);
  assert.deepEqual(readWatchState(writeWatchState(early)), early, "the clock of a machine without a battery");
});

test("moments of a clock that was years ahead do not keep silence, debt or lag from being told", () => {
  const ahead = NOW + 3650 * DAY;
  const open = [{ statement: told.statement(15), since: ahead }];
  const waiting = [{ size: 12, since: ahead }];
  const state: WatchState = { ...STATE, waiting, open, heardAt: ahead, roundAt: ahead, owed: { link: ahead } };
  const silent: Seen = { ...SEEN, checkpoint: missing, proofs: [] };
  const first = judge(state, silent, PATIENCE);
  assert.deepEqual([first.checks.service.mark, first.checks.lag.mark, first.checks.consistency.mark], [0, 1, 0]);
  const second = judge(first.next, { ...silent, now: NOW + PATIENCE.lagMs + 1 }, { ...PATIENCE, blockMs: undefined });
  const { service, lag, consistency, agreement } = second.checks;
  assert.deepEqual([service.mark, lag.mark, consistency.mark, agreement.mark], [-1, -1, -1, -1]);
});

test("a known signer is remembered, and an anchored size does not wait", () => {
  const known = chain({ known: [signerOf(stranger)] });
  const { next } = judge(STATE, { ...SEEN, checkpoint: heard(told, 15, { key: stranger }), chain: known }, PATIENCE);
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

test("a ledger that changes its signer all the time does not make the state unreadable", () => {
  let state = STATE;
  for (let i = 0; i < SIGNERS_MAX + 10; i++) {
    const key = keyNamed(`signer ${i}`);
    const seen = { ...SEEN, checkpoint: heard(told, 15, { key }), chain: chain({ known: [signerOf(key)] }) };
    state = judge(state, seen, PATIENCE).next;
  }
  assert.equal(state.signers.length, SIGNERS_MAX);
  assert.deepEqual(readWatchState(writeWatchState(state)), state);
  assert.deepEqual(addSigner([SIGNER, signerOf(stranger)], SIGNER), [signerOf(stranger), SIGNER]);
});

test("a flood of signed checkpoints is bounded, and is told for good; a contradiction that is proved has its place", () => {
  const long = new History(OPEN_MAX + 60);
  const size = OPEN_MAX + 60;
  const salted: WatchState = { ...STATE, salt: `0x${"5a".repeat(16)}`, checkpoint: long.checkpoint(size) };
  let state = salted;
  for (let at = 1; at < size; at++) {
    const key = at % 10 === 0 ? keyNamed(`anybody ${at}`) : undefined;
    state = remember(state, { now: NOW, checkpoint: heard(long, at, key && { key }), chain: chain() });
    if (at % 8 !== 0) continue;
    state = judge(state, { ...SEEN, checkpoint: missing, proofs: [], chain: chain({ known: [] }) }, PATIENCE).next;
  }
  const silent: Seen = { ...SEEN, checkpoint: missing, proofs: [], chain: chain({ known: [] }) };
  const flooded = judge(state, silent, PATIENCE);
  assert.equal(flooded.next.open.length, OPEN_MAX + STRANGERS_MAX);
  assert.ok(flooded.next.dropped > 0);
  const text = writeWatchState(flooded.next);
  assert.ok(text.length < 200_000, `${text.length}`);
  assert.deepEqual(readWatchState(text), flooded.next);
  const fork = new History(size, "other", 5);
  const { checks, next } = judge(flooded.next, { ...silent, checkpoint: heard(fork, size) }, PATIENCE);
  assert.deepEqual([checks.fork.mark, next.forks.length], [-1, 1]);
  const settled = next.open.map(({ statement }) => proof(long, statement.size, size));
  const after = judge(next, { ...silent, checkpoint: heard(long, size), proofs: settled }, PATIENCE);
  assert.deepEqual([after.checks.consistency.mark, after.checks.fork.mark], [-1, -1], "what was dropped stays owed");
});

test("which of too many checkpoints are dropped does not depend on when they came", () => {
  const long = new History(OPEN_MAX + 40);
  const all = Array.from({ length: OPEN_MAX + 39 }, (_, i) => ({ statement: long.statement(i + 1), since: NOW }));
  const state: WatchState = { ...STATE, salt: `0x${"5a".repeat(16)}`, checkpoint: long.checkpoint(OPEN_MAX + 40) };
  const silent: Seen = { ...SEEN, checkpoint: missing, proofs: [] };
  const kept = (open: WatchState["open"]) =>
    judge({ ...state, open }, silent, PATIENCE)
      .next.open.map(({ statement }) => statement.size)
      .sort((a, b) => a - b);
  assert.deepEqual(kept(all), kept(all.toReversed()));
  const otherSalt = judge({ ...state, open: all, salt: `0x${"77".repeat(16)}` }, silent, PATIENCE).next.open;
  assert.notDeepEqual(
    otherSalt.map(({ statement }) => statement.size).sort((a, b) => a - b),
    kept(all),
  );
});

test("contradictions of two signatures are kept each once, the first ones for good", () => {
  const conflict = (size: number): Conflict => ({
    finding: "root",
    detail: `size ${size}`,
    a: told.statement(size),
    b: other.statement(size),
    nodes: [],
  });
  const all = Array.from({ length: FORKS_MAX + 2 }, (_, i) => conflict(i + 6));
  const [first] = all as [Conflict];
  const kept = addForks(addForks([], [first, first]), all);
  assert.deepEqual(kept, all.slice(0, FORKS_MAX));
  assert.deepEqual(addForks(kept, all.toReversed()), kept);
});

test("what two watchers remember is put together, and neither forgets", () => {
  const mine: WatchState = {
    ...STATE,
    open: [{ statement: other.statement(15), since: NOW }],
    owed: { link: NOW - 1, signer: NOW },
  };
  const theirs: WatchState = {
    ...STATE,
    checkpoint: told.checkpoint(14),
    open: [{ statement: other.statement(15), since: NOW - 5 }],
    owed: { link: NOW - 2 },
    dropped: 1,
    found: { finding: "root", detail: "two roots", at: NOW },
  };
  const merged = mergeStates(mine, theirs);
  assert.deepEqual(
    merged.open.map(({ statement: { size, root }, since }) => [size, root, since]),
    [
      [15, other.tree.root(15), NOW - 5],
      [12, told.tree.root(12), STATE.roundAt],
    ],
  );
  assert.deepEqual(
    [merged.checkpoint?.size, merged.owed, merged.dropped, merged.found?.detail],
    [14, { link: NOW - 2, signer: NOW }, 1, "two roots"],
  );
  assert.deepEqual(readWatchState(writeWatchState(merged)), merged);
});

/** A state with something of everything. */
const FULL: WatchState = judge(
  { ...STATE, salt: `0x${"5a".repeat(16)}`, open: [{ statement: told.statement(9), since: NOW - 9 }] },
  { ...SEEN, proofs: [], checkpoint: heard(other, 12), chain: chain({ roots: roots(other, 9) }) },
  PATIENCE,
).next;

test("a state is read as it was written, and every file that is not so is refused in plain words", () => {
  const text = writeWatchState(FULL);
  assert.deepEqual(readWatchState(text), FULL);
  assert.ok(FULL.forks.length === 1 && FULL.open.length === 1 && FULL.found !== undefined && FULL.claims.length === 2);
  for (let end = 0; end < text.length - 2; end += 7) {
    assert.throws(() => readWatchState(text.slice(0, end)), { code: "watch_state_invalid" }, `cut off at ${end}`);
  }
  for (let at = 0; at < text.length - 1; at += 5) {
    const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
    assert.throws(() => readWatchState(flipped), { code: "watch_state_invalid" }, `changed at ${at}`);
  }
  const messages: Readonly<Record<string, RegExp>> = {
    "": /got an empty file/,
    "\n": /got an empty file/,
    [text.replace("watch@3", "watch@4")]: /expected the format holdfast\/watch@3, .*, got "holdfast\/watch@4"/,
    [text.replace('"dropped":0', '"dropped":1')]: /does not fit its own check value/,
    [text.slice(0, 300)]: /damaged or cut off/,
    "{}": /expected the format/,
    "[]": /expected the format/,
    [text + text]: /damaged or cut off/,
  };
  for (const [wrong, expected] of Object.entries(messages)) assert.throws(() => readWatchState(wrong), expected, wrong);
});

test("a state with a checkpoint that nobody known signed, or of another ledger, is refused", () => {
  const forged = { ...STATE, checkpoint: told.checkpoint(12, { key: stranger }) };
  assert.throws(() => readWatchState(writeWatchState(forged)), /expected a checkpoint of 0x/);
  const grown = { ...STATE, checkpoint: { ...told.checkpoint(12), size: 13 } };
  assert.throws(() => readWatchState(writeWatchState(grown)), { code: "watch_state_invalid" });
  const another: WatchState = { ...STATE, ledgerId: `0x${"11".repeat(32)}` };
  assert.throws(() => readWatchState(writeWatchState(another)), /expected ledger/);
  const open = [{ statement: told.statement(15, { ledgerId: `0x${"11".repeat(32)}` }), since: NOW }];
  assert.throws(() => readWatchState(writeWatchState({ ...STATE, open })), /expected ledger/);
});

test("a state of the first version is read, with its debt", () => {
  const { open: _o, dropped: _d, forks: _f, owed: _w, claims: _c, ...same } = STATE;
  const extension = { from: 7, root: told.tree.root(7), path: told.tree.consistency(7, 12) };
  const found = { finding: "root", detail: "two roots", at: NOW };
  const old = {
    format: "holdfast/watch@1",
    ...same,
    extension,
    doubtSince: NOW - 1000,
    found,
    spent: { day: "2027-01-15", wei: "5" },
  };
  const read = readWatchState(JSON.stringify(old));
  const debts = { link: NOW - 1000, signer: NOW - 1000 };
  assert.deepEqual(read, { ...STATE, extension, found, spent: old.spent, owed: debts });
  assert.deepEqual(readWatchState(writeWatchState(read)), read);
  assert.deepEqual(readExhibit(JSON.stringify(old)).statements, [told.statement(12)]);
});

/** Written by the second version, which took the word of a node for a proof. */
const SECOND = JSON.parse(readFileSync(join(import.meta.dirname, "states-of-version-2.json"), "utf8")) as Readonly<
  Record<"unproven" | "path" | "proved", string>
>;

test("a state of the second version is read: what a node said becomes a claim, what is proved stays bad", () => {
  const [unproven, path, proved] = [SECOND.unproven, SECOND.path, SECOND.proved].map(readWatchState) as [
    WatchState,
    WatchState,
    WatchState,
  ];
  const claimed = ({ claims }: WatchState) => claims.map(({ what, by, size, root }) => [what, by.length, size, root]);
  const largest = (size: number) => ["head", 0, size, undefined];
  assert.deepEqual(claimed(unproven), [["root", 0, 12, other.tree.root(12)], largest(1000)]);
  assert.deepEqual(claimed(path), [["root", 0, 7, other.tree.root(7)], largest(7)]);
  assert.deepEqual([unproven.found, unproven.forks, path.found, path.forks], [undefined, [], undefined, []]);
  assert.deepEqual([proved.found?.finding, proved.forks.length], ["root", 1]);
  for (const state of [unproven, path, proved]) assert.deepEqual(readWatchState(writeWatchState(state)), state);

  const honest = head(told, 12);
  const others = [node("two", honest, roots(told, 12))];
  const same = { checkpoint: heard(told, 12), proofs: [] };
  const now = NOW + 60_000;
  const chainNow = chain({ head: honest, roots: roots(told, 12), others }, now);
  const marks = (state: WatchState) => {
    const { checks } = judge(state, { ...same, now, chain: chainNow }, PATIENCE);
    return [checks.agreement.mark, checks.chain.mark, checks.fork.mark];
  };
  assert.deepEqual(marks(unproven), [1, 1, 1], "two nodes say otherwise");
  assert.deepEqual(marks(proved), [1, 1, -1]);
  const alone = { ...same, now, chain: chain({ head: honest, roots: roots(told, 12) }, now) };
  const { checks, next } = judge(unproven, alone, PATIENCE);
  assert.deepEqual([checks.agreement.mark, checks.chain.mark], [-1, 0], "one node alone does not outweigh another");
  assert.match(checks.agreement.detail, /^a node, of which an earlier version kept no name, said that the contract/);
  assert.deepEqual(readWatchState(writeWatchState(next)), next);
});

test("what the second version found and does not show any more stays bad", () => {
  const { check: _, ...value } = JSON.parse(SECOND.unproven) as Record<string, unknown>;
  const body = JSON.stringify({ ...value, forks: [] }).slice(0, -1);
  const text = `${body},"check":"${toHex(keccak256(utf8(body)))}"}`;
  assert.equal(readWatchState(text).found?.finding, "agreement");
});

test("a state is an exhibit with all that it holds", () => {
  const { statements, paths } = readExhibit(writeWatchState(FULL));
  assert.deepEqual(
    statements.map(({ kind, size, root }) => [kind, size, root === told.tree.root(size)]),
    [
      ["signed", 12, true],
      ["signed", 9, true],
      ["signed", 12, true],
      ["signed", 12, false],
      ["anchored", 9, false],
      ["signed", 9, true],
    ],
  );
  assert.deepEqual(paths, []);
});
