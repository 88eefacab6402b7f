/** The words of a watcher's judgement: its checks, their marks, and two statements that cannot both be true. */

import type { Hex } from "../merkle/bytes.ts";
import type { Statement } from "./statement.ts";

/** Every check, in the order in which they are told. */
export const CHECKS = [
  "service",
  "identity",
  "size",
  "root",
  "consistency",
  "chain",
  "block",
  "agreement",
  "ahead",
  "fork",
  "lag",
  "time",
  "state",
] as const;
export type CheckName = (typeof CHECKS)[number];

/** -1 bad, 0 unknown, 1 good. */
export type CheckMark = -1 | 0 | 1;
export type Check = { readonly mark: CheckMark; readonly detail: string };
export type Checks = Readonly<Record<CheckName, Check>>;
/** Those that follow from what was seen; whether the state was kept is known later. */
export type JudgedChecks = Omit<Checks, "state">;

/** Statements that cannot both be true: by one size, or by nodes between two. It is proved when both are signed. */
export type Conflict = {
  readonly finding: CheckName;
  readonly detail: string;
  readonly a: Statement;
  readonly b: Statement;
  /** Empty when the sizes are the same. */
  readonly nodes: readonly Hex[];
  /** Nodes of the chain that say what one of the statements says to be in the contract; none when both are signed. */
  readonly by?: readonly string[];
};

export type Patience = {
  /** How long a service may be silent, or owe something. */
  readonly silentMs: number;
  /** How long an anchor may take. */
  readonly lagMs: number;
  /** How old the node's newest block may be; undefined where blocks are made only when something happens. */
  readonly blockMs?: number | undefined;
};

export function good(detail: string): Check {
  return { mark: 1, detail };
}

export function bad(detail: string): Check {
  return { mark: -1, detail };
}

export function unknown(detail: string): Check {
  return { mark: 0, detail };
}

/** Unknown at first, bad when it has lasted. */
export function doubtful(isLate: boolean, detail: string): Check {
  return isLate ? bad(detail) : unknown(detail);
}

export function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
