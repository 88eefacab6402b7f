/** Parts that the text of a watcher's state has in more than one version. */

import type { Hex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { BUNDLE_LIMITS, BundleError } from "../../verify/bundle/bundle.ts";
import { address, hex, integer, list, object, oneOf, positive, text } from "../../verify/bundle/forms.ts";
import { CHECKS, type Conflict } from "../checks.ts";
import { checkpointForm, type PlainStatement, plainForm, signedStatement, statementOf } from "../statement.ts";
import { FORKS_MAX, OPEN_MAX, type Open, SIGNERS_MAX, STRANGERS_MAX, WAITING_MAX, type WatchState } from "./state.ts";

export const TEXT_MAX = 2000;
/** Checkpoints of one round that are kept before there was time to decide. */
const HEARD_MAX = 8;

export type PlainFork = Omit<Conflict, "a" | "b" | "by"> & { readonly a: PlainStatement; readonly b: PlainStatement };
export type PlainOpen = { readonly checkpoint: SignedCheckpoint; readonly since: number };

export const hash = hex(32);

/** The last moment that a date can name (ECMA-262, 21.4.1.1). */
const LAST_DATE_MS = 8.64e15;

/** Milliseconds since 1970 that are a date: others would end every round in an error. */
export function moment(value: unknown, path: string): number {
  const ms = integer(value, path);
  if (ms <= LAST_DATE_MS) return ms;
  throw new BundleError("bundle_value", path, "milliseconds since 1970 that are a date", String(ms));
}

/** Members of every version. */
export const commonForms = {
  ledger: text(BUNDLE_LIMITS.nameLengthMax),
  ledgerId: hash,
  chainId: positive,
  contract: address,
  checkpoint: checkpointForm,
  extension: object({ from: positive, root: hash, path: list(hash, 0, BUNDLE_LIMITS.pathMax) }),
  waiting: list(object({ size: positive, since: moment }), 0, WAITING_MAX),
  heardAt: moment,
  roundAt: moment,
  found: object({ finding: text(TEXT_MAX), detail: text(TEXT_MAX), at: moment }),
  spent: object({ day: text(10), wei: text(40) }),
};

/** Those of them that may be missing. */
export const OPTIONAL = ["ledgerId", "checkpoint", "extension", "found", "spent"] as const;

/** Members since the second version. */
export const keptForms = {
  signers: list(hex(20), 0, SIGNERS_MAX),
  open: list(object({ checkpoint: checkpointForm, since: moment }), 0, OPEN_MAX + STRANGERS_MAX + HEARD_MAX),
  dropped: integer,
  salt: hex(16),
  forks: list(
    object<PlainFork>({
      finding: oneOf(CHECKS),
      detail: text(TEXT_MAX),
      a: plainForm,
      b: plainForm,
      nodes: list(hash, 0, BUNDLE_LIMITS.pathMax),
    }),
    0,
    FORKS_MAX,
  ),
};

export function openOf(open: readonly PlainOpen[]): readonly Open[] {
  return open.map(({ checkpoint, since }) => ({ statement: signedStatement(checkpoint), since }));
}

export function forksOf(ledgerId: WatchState["ledgerId"], forks: readonly PlainFork[]): readonly Conflict[] {
  return forks.map(({ a, b, ...fork }) => {
    return { ...fork, a: statementOf(ledgerId as Hex, a), b: statementOf(ledgerId as Hex, b) };
  });
}
