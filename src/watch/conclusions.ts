/**
 * What follows from one round without any judgement: which statements contradict each other, and which trees were proved
 * to begin with which others. Whatever was not proved is in neither.
 */

import { groupBy } from "../group-by.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { Conflict } from "./checks.ts";
import { relate } from "./fork.ts";
import { isSame } from "./memory/open-checkpoints.ts";
import type { WatchState } from "./memory/state.ts";
import type { ChainSeen, Seen } from "./round-observations.ts";
import { anchoredStatement, type SignedStatement, type Statement, wholeNodes } from "./statement.ts";

/** That the tree of `b` begins with that of `a`. */
export type Link = { readonly a: Statement; readonly b: Statement };

export type Conclusions = {
  readonly conflicts: readonly Conflict[];
  readonly links: readonly Link[];
  /** Sizes of signed statements for which a proof was given that leads to neither. */
  readonly astray: readonly { readonly from: number; readonly to: number }[];
};

/**
 * Compares all that is signed with each other, with the contract, and by the proofs that were given.
 * @param signed statements of known signers, of one ledger
 */
export function compareAll(
  state: WatchState,
  seen: Seen,
  chain: ChainSeen | undefined,
  signed: readonly SignedStatement[],
): Conclusions {
  const conflicts = [...compareSizes(signed), ...compareRoots(state, chain, signed)];
  const links: Link[] = [];
  const astray: { from: number; to: number }[] = [];
  const head = chain === undefined || chain.head.size === 0 ? [] : [headOf(state, chain)];
  for (const { from, to, answer } of seen.proofs) {
    if (!answer.ok) continue;
    const nodes = wholeNodes(from, answer.value.fromRoot, answer.value.path);
    const pairs = signed
      .filter(({ size }) => size === to)
      .flatMap((b) => [...signed, ...head].filter(({ size }) => size === from).map((a) => ({ a, b })));
    const decided = pairs.map((pair) => ({ ...pair, relation: relate(pair.a, pair.b, nodes) }));
    links.push(...decided.filter(({ relation }) => relation === "extends"));
    const against = decided.filter(({ relation }) => relation === "contradicts");
    conflicts.push(...against.map((pair) => ofPath(pair, nodes, chain)));
    const isDecided = decided.some(({ relation }) => relation !== "open");
    if (!isDecided && pairs.some(({ a }) => a.kind === "signed")) astray.push({ from, to });
  }
  return { conflicts, links, astray };
}

function ofPath({ a, b }: Link, nodes: readonly Hex[], chain: ChainSeen | undefined): Conflict {
  const detail = `proved that size ${b.size} does not begin with size ${a.size}`;
  if (a.kind === "signed") return { finding: "consistency", detail, a, b, nodes };
  const by = chain === undefined ? [] : [chain.nodes[0].name];
  return { finding: "agreement", detail: `${detail}, which ${by[0]} says that the contract holds`, a, b, nodes, by };
}

/** Whether it was proved that one tree begins with another. */
export function isLinkedTo({ links }: Conclusions, a: Statement | undefined, b: Statement | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return links.some((link) => isSame(link.a, a) && isSame(link.b, b));
}

/** The contract's head as a statement. */
export function headOf(state: WatchState, { head }: Pick<ChainSeen, "head">): Statement {
  return inContract(state, head.size, head.root);
}

function compareSizes(signed: readonly SignedStatement[]): Conflict[] {
  return signed.flatMap((a, i) =>
    signed
      .slice(i + 1)
      .filter((b) => b.size === a.size && b.root !== a.root)
      .map((b) => {
        const detail = `size ${a.size} had root ${a.root}, and was signed with ${b.root} as well`;
        return { finding: "root", detail, a, b, nodes: [] } as const;
      }),
  );
}

function compareRoots(state: WatchState, chain: ChainSeen | undefined, signed: readonly SignedStatement[]): Conflict[] {
  const held = (chain?.nodes ?? []).flatMap(({ name, roots }) => roots.map((each) => ({ ...each, name })));
  return signed.flatMap((a) => {
    const others = held.filter(({ size, root }) => size === a.size && root !== a.root);
    return [...groupBy(others, ({ root }) => root)].map(([root, said]) => {
      const by = said.map(({ name }) => name);
      const what = `the contract holds root ${root} for size ${a.size}, the service signed ${a.root}`;
      const b = inContract(state, a.size, root);
      return { finding: "agreement", detail: `${by.join(" and ")} says that ${what}`, a, b, nodes: [], by } as const;
    });
  });
}

function inContract({ ledgerId, chainId, contract }: WatchState, size: number, root: Hex): Statement {
  return anchoredStatement({ ledgerId: ledgerId as Hex, size, root, chainId, contract });
}
