/**
 * What nodes say and nothing proves: it is told while it stands, it comes to nothing when it should, and nothing that is
 * proved goes with it.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { disagreements } from "../../src/watch/claim-text.ts";
import { judge } from "../../src/watch/judge.ts";
import { CLAIMS_MAX, type Claim, mergeClaims } from "../../src/watch/memory/claims.ts";
import type { WatchState } from "../../src/watch/memory/state.ts";
import { readWatchState, writeWatchState } from "../../src/watch/memory/state-text.ts";
import type { ChainSeen, NodeSeen, Seen } from "../../src/watch/round-observations.ts";
import { readExhibit } from "../../src/watch/statement.ts";
import { History } from "../cli/fork-proof/histories.ts";
import { chain, head, heard, NOW, noChain, node, other, PATIENCE, proof, roots, STATE, told } from "./scene.ts";

/** What a node says in one round; honest ones say that size 12 is anchored, with the root that was signed. */
type Word = "honest" | "root" | "head" | "fork" | "behind" | "history" | "silent";

const WORDS: Readonly<Record<Exclude<Word, "silent">, (name: string) => NodeSeen>> = {
  honest: (name) => node(name, head(told, 12), roots(told, 12)),
  root: (name) => node(name, head(told, 12), roots(other, 12)),
  head: (name) => node(name, head(told, 12, { size: 10 ** 15 }), roots(told, 12)),
  fork: (name) => node(name, head(told, 12, { forked: true }), roots(told, 12)),
  behind: (name) => node(name, head(told, 7)),
  history: (name) => node(name, head(other, 12), roots(other, 12)),
};

type Round = {
  /** One word for each node. */
  readonly says: readonly Word[];
  /** The service signs another root for size 12. */
  readonly isForked?: boolean;
  readonly afterMs?: number;
};

const all = (...says: readonly Word[]): Round => ({ says });
/** After a time that is longer than a service may owe something, and shorter than an anchor may take. */
const soon = (...says: readonly Word[]): Round => ({ says, afterMs: PATIENCE.silentMs + 1 });
const late = (...says: readonly Word[]): Round => ({ says, afterMs: PATIENCE.lagMs + 1 });
const forked = (...says: readonly Word[]): Round => ({ says, isForked: true });

function seenIn({ says, isForked = false }: Round, now: number): Seen {
  const checkpoint = heard(isForked ? other : told, 12);
  const proofs = [proof(told, 7, 12)];
  const nodes = says.flatMap((word, i) => (word === "silent" ? [] : [WORDS[word](`node${i + 1}`)]));
  const [first, ...others] = nodes;
  if (first === undefined) return { now, checkpoint, chain: noChain, proofs };
  const { value } = chain({}, now);
  const said: ChainSeen = { ...value, head: { ...first.head, superseded: false }, nodes: [first, ...others] };
  return { now, checkpoint, chain: { ok: true, value: said }, proofs };
}

/** Rounds from a state in which size 12 is believed; the watcher is restarted after each. */
function run(rounds: readonly Round[], from: WatchState = { ...STATE, waiting: [] }) {
  let state = from;
  let now = NOW;
  const results = rounds.map((round) => {
    now += round.afterMs ?? 60_000;
    const { checks, next } = judge(state, seenIn(round, now), PATIENCE);
    state = readWatchState(writeWatchState(next));
    assert.deepEqual(state, next, "a restart changes nothing");
    return checks;
  });
  const told = disagreements(state);
  const named = (isOver: boolean) =>
    told.filter(({ ended }) => (ended !== undefined) === isOver).map(({ nodes, what }) => `${what} ${nodes.join("+")}`);
  const marks = results.map(({ agreement, chain: said, fork }) => `${agreement.mark} ${said.mark} ${fork.mark}`);
  return { state, marks, results, told, stands: named(false), past: named(true) };
}

type Row = {
  readonly rounds: readonly Round[];
  /** Marks of agreement, chain and fork, round by round. */
  readonly marks: readonly string[];
  /** Kinds and nodes of what stands in the end, and of what came to nothing. */
  readonly stands?: readonly string[];
  readonly past?: readonly string[];
};

const GOOD = "1 1 1";
const ROOT = "-1 1 0";

const ROWS: Readonly<Record<string, Row>> = {
  "an invented root, by one of two nodes, which takes it back": {
    rounds: [all("honest", "root"), all("honest", "honest"), all("honest", "honest")],
    marks: [ROOT, GOOD, GOOD],
    past: ["root node2"],
  },
  "an invented root, by the first of two nodes, which takes it back": {
    rounds: [all("root", "honest"), all("honest", "honest")],
    marks: [ROOT, GOOD],
    past: ["root node1"],
  },
  "an invented root, by one of two nodes, which goes on saying so": {
    rounds: [all("honest", "root"), late("honest", "root"), late("honest", "root")],
    marks: [ROOT, ROOT, ROOT],
    stands: ["root node2"],
  },
  "an invented root, by one of three nodes, which is silent afterwards: two others outweigh it": {
    rounds: [all("honest", "honest", "root"), all("honest", "honest", "silent")],
    marks: [ROOT, GOOD],
    past: ["root node3"],
  },
  "an invented root, by one of two nodes, which is silent afterwards: one word stands against another, until late": {
    rounds: [all("honest", "root"), all("honest", "silent"), soon("honest", "silent"), late("honest", "silent")],
    marks: [ROOT, ROOT, ROOT, GOOD],
    past: ["root node2"],
  },
  "an invented root, by the only node, which takes it back: it contradicts itself, and that is not over at once": {
    rounds: [all("root"), all("honest"), soon("honest"), late("honest")],
    marks: [ROOT, ROOT, ROOT, GOOD],
    past: ["root node1"],
  },
  "an invented root, by the only node, which goes on saying so": {
    rounds: [all("root"), late("root"), late("root")],
    marks: [ROOT, ROOT, ROOT],
    stands: ["root node1"],
  },
  "an invented root, by the only node, which is silent afterwards": {
    rounds: [all("root"), late("silent"), late("silent")],
    marks: [ROOT, "-1 0 0", "-1 0 0"],
    stands: ["root node1"],
  },
  "a root that all nodes say, and one of them goes on saying": {
    rounds: [all("root", "root"), late("root", "honest")],
    marks: [ROOT, ROOT],
    stands: ["root node1+node2"],
  },
  "a root that all nodes said, and all take back: a chain may have lost an anchor, and that is not over at once": {
    rounds: [all("root", "root"), all("honest", "honest"), late("honest", "honest"), late("honest", "honest")],
    marks: [ROOT, ROOT, GOOD, GOOD],
    past: ["root node1+node2"],
  },
  "a root that comes back after it came to nothing": {
    rounds: [all("honest", "root"), all("honest", "honest"), all("honest", "root")],
    marks: [ROOT, GOOD, ROOT],
    stands: ["root node2"],
    past: ["root node2"],
  },
  "another history in the contract, by one of two nodes, which takes it back": {
    rounds: [all("honest", "history"), soon("honest", "history"), all("honest", "honest")],
    marks: ["-1 0 0", "-1 -1 0", GOOD],
    past: ["head node2", "head node1", "root node2"],
  },

  "a head that was invented, by one of two nodes, which takes it back": {
    rounds: [all("honest", "head"), all("honest", "honest"), all("honest", "honest")],
    marks: ["1 0 1", GOOD, GOOD],
    past: ["head node2"],
  },
  "a head that was invented, by one of two nodes, which goes on saying so": {
    rounds: [all("honest", "head"), soon("honest", "head"), late("honest", "head")],
    marks: ["1 0 1", "1 -1 1", "1 -1 1"],
    stands: ["head node2"],
  },
  "a head that was invented, by the only node, which takes it back": {
    rounds: [all("head"), all("honest"), soon("honest"), late("honest")],
    marks: [GOOD, "1 0 1", "1 -1 1", GOOD],
    past: ["head node1"],
  },
  "a head that was invented, by the only node, in rounds that are days apart: it is told as bad before it is over": {
    rounds: [all("head"), late("honest"), late("honest"), late("honest")],
    marks: [GOOD, "1 0 1", "1 -1 1", GOOD],
    past: ["head node1"],
  },
  "a head that goes back at every node: nobody can tell a lie from a reorganisation": {
    rounds: [all("honest", "honest"), all("behind", "behind"), soon("behind", "behind"), late("behind", "behind")],
    marks: [GOOD, "1 0 1", "1 -1 1", GOOD],
    past: ["head node1", "head node2"],
  },
  "a head that goes back and comes back within the time": {
    rounds: [all("honest"), all("behind"), all("honest")],
    marks: [GOOD, "1 0 1", GOOD],
  },
  "a head that goes back and comes back after it was bad": {
    rounds: [all("honest"), all("behind"), soon("behind"), all("honest")],
    marks: [GOOD, "1 0 1", "1 -1 1", GOOD],
    past: ["head node1"],
  },
  "a node that is behind another one and catches up": {
    rounds: [all("honest", "behind"), all("honest", "honest")],
    marks: ["1 0 1", GOOD],
  },

  "a proof of a fork in the contract, by one of two nodes, which takes it back": {
    rounds: [all("honest", "fork"), all("honest", "honest")],
    marks: ["1 1 -1", GOOD],
    past: ["fork node2"],
  },
  "a proof of a fork in the contract, by the only node, which takes it back": {
    rounds: [all("fork"), all("honest"), late("honest"), late("honest")],
    marks: ["1 1 -1", "1 1 -1", GOOD, GOOD],
    past: ["fork node1"],
  },
  "a proof of a fork in the contract, by the only node, which is silent afterwards": {
    rounds: [all("fork"), late("silent")],
    marks: ["1 1 -1", "0 0 -1"],
    stands: ["fork node1"],
  },
  "a proof of a fork in the contract, by every node": {
    rounds: [all("fork", "fork"), late("fork", "fork")],
    marks: ["1 1 -1", "1 1 -1"],
    stands: ["fork node1+node2"],
  },

  "two signatures, with one node": {
    rounds: [forked("honest"), all("honest"), late("honest"), late("honest")],
    marks: ["-1 1 -1", "1 1 -1", "1 1 -1", "1 1 -1"],
  },
  "two signatures, with two nodes": {
    rounds: [forked("honest", "honest"), all("honest", "honest"), late("honest", "honest")],
    marks: ["-1 1 -1", "1 1 -1", "1 1 -1"],
  },
  "two signatures, and no node": {
    rounds: [forked("silent"), all("honest"), late("honest")],
    marks: ["0 0 -1", "1 1 -1", "1 1 -1"],
  },
  "two signatures that show to be true what one node said": {
    rounds: [all("root"), forked("root"), all("honest")],
    marks: [ROOT, "-1 1 -1", "1 1 -1"],
    past: ["root node1"],
  },
};

for (const [name, { rounds, marks, stands = [], past = [] }] of Object.entries(ROWS)) {
  test(`what a node says, and what is proved: ${name}`, () => {
    const ran = run(rounds);
    assert.deepEqual(ran.marks, marks, JSON.stringify(ran.results, null, 1));
    assert.deepEqual([ran.stands.toSorted(), ran.past.toSorted()], [[...stands].sort(), [...past].sort()]);
    const isProved = rounds.some(({ isForked }) => isForked === true);
    assert.equal(ran.state.found !== undefined, isProved, "only two signatures are a proof");
    assert.equal(ran.state.forks.length, isProved ? 1 : 0);
  });
}

test("a claim says which node said what, when first and last, and what became of it", () => {
  const { results, told: claims } = run([all("honest", "root"), all("honest", "root"), all("honest", "honest")]);
  const held = other.tree.root(12);
  const signed = told.tree.root(12);
  const what = `the contract holds root ${held} for size 12, the service signed ${signed}`;
  assert.equal(results[0]?.agreement.detail, `node2 says that ${what}`);
  const iso = (ms: number) => new Date(NOW + ms).toISOString();
  const detail = `node2 said that ${what}, last at ${iso(120_000)}, and it came to nothing at ${iso(180_000)}`;
  const times = { first: iso(60_000), last: iso(120_000), ended: iso(180_000) };
  assert.deepEqual(claims, [{ nodes: ["node2"], what: "root", detail, ...times }]);
  const { told: heads, results: rounds } = run([all("honest"), all("head"), all("honest")]);
  assert.deepEqual([heads[0]?.first, heads[0]?.last], [iso(120_000), iso(120_000)], "not of the head before");
  const alone = rounds.at(-1)?.chain.detail ?? "";
  assert.match(alone, /^node1 said that the contract holds size 1000000000000000 .*since .* nobody says so; now node1/);
});

test("a node that invents something else in every round fills no more than its place, and pushes out no proof", () => {
  const long = new History(3 * CLAIMS_MAX);
  const fork = new History(3 * CLAIMS_MAX, "other", 5);
  let state = run([forked("honest")]).state;
  for (let size = 13; size < 3 * CLAIMS_MAX; size++) {
    const open = [{ statement: long.statement(size), since: NOW }];
    const lie = node("node1", head(told, 12, { size: 1000 + size }), roots(fork, size));
    const now = NOW + size * 1000;
    const seen = { ...seenIn(all("honest"), now), chain: chain({ head: head(told, 12), others: [lie] }, now) };
    state = judge({ ...state, open }, seen, PATIENCE).next;
    assert.ok(state.claims.length <= CLAIMS_MAX);
  }
  assert.equal(state.claims.length, CLAIMS_MAX);
  assert.deepEqual(readWatchState(writeWatchState(state)), state);
  assert.ok(writeWatchState(state).length < 200_000);
  assert.deepEqual([state.forks.length, state.found?.finding], [1, "root"]);
});

test("an invented head makes no wait for an anchor shorter", () => {
  const from: WatchState = { ...STATE, waiting: [{ size: 12, since: NOW - 1000 }] };
  for (const says of [all("head"), all("behind", "head"), all("head", "behind")]) {
    assert.deepEqual(run([says, all("behind")], from).state.waiting, from.waiting);
  }
  assert.deepEqual(run([all("honest")], from).state.waiting, []);
});

test("what a node says can be held against a service: a state is an exhibit of it", () => {
  const { statements } = readExhibit(writeWatchState(run([all("root")]).state));
  const roots = statements.map(({ kind, size, root }) => [kind, size, root]);
  assert.deepEqual(roots.slice(1), [
    ["anchored", 12, other.tree.root(12)],
    ["signed", 12, told.tree.root(12)],
  ]);
});

test("two watchers put together what nodes told them", () => {
  const [mine, theirs] = [all("honest", "root"), all("root", "honest")].map((round) => run([round]).state.claims);
  const merged = mergeClaims(mine as Claim[], theirs as Claim[]).filter(({ what }) => what === "root");
  assert.deepEqual(
    merged.map(({ by }) => [...by].sort()),
    [["node1", "node2"]],
  );
});
