/**
 * Whether statements of one ledger contradict each other, which is what the contract's proveFork and proveForkAt
 * establish (contracts/ILedgerAnchor.sol). Nothing here says whether a signer was the ledger's: the contract knows.
 */

import { groupBy } from "../group-by.ts";
import { equal, fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { ProofError, rootFromPath, rootsOfNodes } from "../merkle/proof.ts";
import type { Exhibit, LeafClaim, NodePath, Statement } from "./statement.ts";

/** Two statements that cannot both be true; `a` is of the smaller tree, or of the same size. */
export type Contradiction =
  | { readonly kind: "roots"; readonly a: Statement; readonly b: Statement; readonly nodes: readonly Hex[] }
  | {
      readonly kind: "leaves";
      readonly a: Statement;
      readonly b: Statement;
      readonly leafA: LeafClaim;
      readonly leafB: LeafClaim;
    };

/** What is known of two statements: whether the larger tree begins with the smaller one. */
export type Relation = "extends" | "contradicts" | "open";

/** How two statements stand to each other by nodes between their sizes; `a` must not be the larger one. */
export function relate(a: Statement, b: Statement, nodes: readonly Hex[] | undefined): Relation {
  if (a.size === b.size) return a.root === b.root ? "extends" : "contradicts";
  const led = nodes === undefined ? undefined : leadTo({ from: a.size, to: b.size, nodes });
  // Nodes that lead elsewhere are nodes of some third tree, and say nothing about these two.
  if (led?.newer !== b.root) return "open";
  return led.older === a.root ? "extends" : "contradicts";
}

/** Roots of the two trees that have these nodes; undefined when there are none. */
function leadTo({ from, to, nodes }: NodePath): { readonly older: Hex; readonly newer: Hex } | undefined {
  try {
    const bytes = nodes.map((node) => fromHex(node, 32));
    const { older, newer } = rootsOfNodes(keccak256, from, to, bytes);
    return { older: toHex(older), newer: toHex(newer) };
  } catch (error) {
    if (error instanceof ProofError) return undefined;
    throw error;
  }
}

/** Who stands behind a statement: a signer, or a contract on a chain. */
export function authorOf(statement: Statement): string {
  return statement.kind === "signed" ? statement.signer : `${statement.chainId} ${statement.contract}`;
}

/** Two different ones of each author: they contradict each other, and more of them prove nothing more. */
function fewOf<T>(all: readonly T[], author: (one: T) => string, value: (one: T) => string): T[] {
  const seen = new Map<string, Set<string>>();
  return all.filter((one) => {
    const values = seen.get(author(one)) ?? new Set();
    seen.set(author(one), values);
    if (values.size >= 2 || values.has(value(one))) return false;
    values.add(value(one));
    return true;
  });
}

/** What comparing all statements came to. */
export type Comparison = {
  readonly contradictions: readonly Contradiction[];
  /** Neighbouring sizes of which it is not known whether one tree extends the other. */
  readonly open: readonly (readonly [Statement, Statement])[];
};

/**
 * Compares statements of one ledger. Those of one size must have one root; of neighbouring sizes the larger must extend
 * the smaller, and when all of them do, every one extends every smaller one.
 * The work grows with what there is times the number of authors, and not with the square of anything in a file.
 * @param found paths from elsewhere than the exhibits, such as a service; they need not be right
 */
export function compareStatements(exhibits: readonly Exhibit[], found: readonly NodePath[] = []): Comparison {
  const statements = fewOf(
    exhibits.flatMap((exhibit) => exhibit.statements),
    (statement) => `${statement.size} ${authorOf(statement)}`,
    ({ root }) => root,
  );
  const bySize = groupBy(statements, ({ size }) => size);
  const paths = [...exhibits.flatMap((exhibit) => exhibit.paths), ...found];
  const contradictions: Contradiction[] = [...bySize.values()].flatMap(compareRoots);
  const linked = new Set<string>();
  for (const path of paths) {
    const { from, to, nodes } = path;
    if (from >= to) continue; // of one size the roots are compared
    const led = leadTo(path);
    for (const b of (bySize.get(to) ?? []).filter(({ root }) => root === led?.newer)) {
      for (const a of bySize.get(from) ?? []) {
        if (led?.older !== a.root) contradictions.push({ kind: "roots", a, b, nodes });
        linked.add(`${from} ${to}`);
      }
    }
  }
  const sizes = [...bySize.keys()].sort((a, b) => a - b);
  const open = sizes.slice(1).flatMap((to, i) => {
    const from = sizes[i] as number;
    const pair = [bySize.get(from)?.[0] as Statement, bySize.get(to)?.[0] as Statement] as const;
    return linked.has(`${from} ${to}`) ? [] : [pair];
  });
  return { contradictions: [...contradictions, ...compareLeaves(exhibits, statements)], open };
}

/** Statements of one size, with another root each. */
function compareRoots(statements: readonly Statement[]): Contradiction[] {
  return statements.flatMap((a, i) =>
    statements
      .slice(i + 1)
      .filter(({ root }) => root !== a.root)
      .map((b) => ({ kind: "roots" as const, a, b, nodes: [] })),
  );
}

/** Different leaves at one index, each proved to be in the tree of a statement. */
function compareLeaves(exhibits: readonly Exhibit[], statements: readonly Statement[]): Contradiction[] {
  const byTree = groupBy(statements, treeOf);
  const claimed = exhibits
    .flatMap((exhibit) => exhibit.leaves)
    .filter((leaf) => byTree.has(treeOf(leaf)))
    .filter(isIncluded)
    .flatMap((leaf) => (byTree.get(treeOf(leaf)) ?? []).map((statement) => ({ leaf, statement })));
  const few = fewOf(
    claimed,
    ({ leaf, statement }) => `${leaf.index} ${authorOf(statement)}`,
    ({ leaf }) => leaf.leafHash,
  );
  return [...groupBy(few, ({ leaf }) => leaf.index).values()].flatMap(compareClaims);
}

type Claimed = { readonly leaf: LeafClaim; readonly statement: Statement };

/** Of one index. */
function compareClaims(claims: readonly Claimed[]): Contradiction[] {
  return claims.flatMap((one, i) =>
    claims
      .slice(i + 1)
      .filter(({ leaf }) => leaf.leafHash !== one.leaf.leafHash)
      .map((other) => {
        const [a, b] = one.leaf.size <= other.leaf.size ? [one, other] : [other, one];
        return { kind: "leaves" as const, a: a.statement, b: b.statement, leafA: a.leaf, leafB: b.leaf };
      }),
  );
}

function treeOf({ size, root }: Pick<LeafClaim, "size" | "root">): string {
  return `${size} ${root}`;
}

function isIncluded({ index, size, leafHash, path, root }: LeafClaim): boolean {
  try {
    const nodes = path.map((node) => fromHex(node, 32));
    return equal(
      rootFromPath(keccak256, { index, size, leafHash: fromHex(leafHash, 32), path: nodes }),
      fromHex(root, 32),
    );
  } catch (error) {
    if (error instanceof ProofError) return false;
    throw error;
  }
}
