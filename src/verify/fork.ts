/**
 * Whether statements of one ledger contradict each other, which is what the contract's proveFork and proveForkAt
 * establish (contracts/ILedgerAnchor.sol). Nothing here says whether a signer was the ledger's: the contract knows.
 */

import { equal, fromHex, type Hex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { checkConsistency, ProofError, rootFromPath, rootsOfNodes } from "../merkle/proof.ts";
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
  if (nodes === undefined) return "open";
  try {
    const bytes = nodes.map((node) => fromHex(node, 32));
    const { older, newer } = rootsOfNodes(keccak256, a.size, b.size, bytes);
    // Nodes that lead elsewhere are nodes of some third tree, and say nothing about these two.
    if (!equal(newer, fromHex(b.root, 32))) return "open";
    return equal(older, fromHex(a.root, 32)) ? "extends" : "contradicts";
  } catch (error) {
    if (error instanceof ProofError) return "open";
    throw error;
  }
}

/** Whether a consistency path shows that one root's tree begins with the other's. */
export function isExtension(a: Statement, b: Statement, path: readonly Hex[]): boolean {
  const [fromRoot, toRoot] = [fromHex(a.root, 32), fromHex(b.root, 32)];
  try {
    const nodes = path.map((node) => fromHex(node, 32));
    checkConsistency(keccak256, { from: a.size, to: b.size, fromRoot, toRoot, path: nodes });
    return true;
  } catch (error) {
    if (error instanceof ProofError) return false;
    throw error;
  }
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
 * @param found paths from elsewhere than the exhibits, such as a service; they need not be right
 */
export function compareStatements(exhibits: readonly Exhibit[], found: readonly NodePath[] = []): Comparison {
  const bySize = Map.groupBy(
    exhibits.flatMap((exhibit) => exhibit.statements),
    ({ size }) => size,
  );
  const paths = [...exhibits.flatMap((exhibit) => exhibit.paths), ...found];
  const contradictions: Contradiction[] = [...bySize.values()].flatMap(compareRoots);
  const linked = new Set<string>();
  for (const { from, to, nodes } of paths) {
    for (const a of bySize.get(from) ?? []) {
      for (const b of bySize.get(to) ?? []) {
        const relation = relate(a, b, nodes);
        if (relation === "contradicts") contradictions.push({ kind: "roots", a, b, nodes });
        if (relation !== "open") linked.add(`${from} ${to}`);
      }
    }
  }
  const sizes = [...bySize.keys()].sort((a, b) => a - b);
  const open = sizes.slice(1).flatMap((to, i) => {
    const from = sizes[i] as number;
    const pair = [bySize.get(from)?.[0] as Statement, bySize.get(to)?.[0] as Statement] as const;
    return linked.has(`${from} ${to}`) ? [] : [pair];
  });
  return { contradictions: [...contradictions, ...compareLeaves(exhibits)], open };
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
function compareLeaves(exhibits: readonly Exhibit[]): Contradiction[] {
  const claims = exhibits.flatMap((exhibit) => exhibit.leaves).filter(isIncluded);
  const statements = exhibits.flatMap((exhibit) => exhibit.statements);
  const found: Contradiction[] = [];
  for (const [i, one] of claims.entries()) {
    for (const other of claims.slice(i + 1)) {
      if (one.index !== other.index || one.leafHash === other.leafHash) continue;
      const [leafA, leafB] = one.size <= other.size ? [one, other] : [other, one];
      for (const a of statements.filter((statement) => isOf(leafA, statement))) {
        for (const b of statements.filter((statement) => isOf(leafB, statement))) {
          found.push({ kind: "leaves", a, b, leafA, leafB });
        }
      }
    }
  }
  return found;
}

function isOf({ size, root }: LeafClaim, statement: Statement): boolean {
  return statement.size === size && statement.root === root;
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
