/**
 * States of earlier versions. The second one took the word of a node for a proof: what is seen in it to have been no more
 * than that becomes a claim. What it cannot be seen of stays bad.
 */

import { type FormOf, hex, integer, list, object, oneOf } from "../../verify/bundle/forms.ts";
import type { Conflict } from "../checks.ts";
import { CLAIMS_MAX, type Claim, claimOf } from "./claims.ts";
import { isSigned } from "./open-checkpoints.ts";
import { type Owed, type ProvedContradiction, SIGNERS_MAX, type WatchState } from "./state.ts";
import {
  commonForms,
  forksOf,
  keptForms,
  moment,
  OPTIONAL,
  openOf,
  type PlainFork,
  type PlainOpen,
} from "./state-parts.ts";

export const FIRST_FORMAT = "holdfast/watch@1";
export const SECOND_FORMAT = "holdfast/watch@2";

type Common = Omit<WatchState, "open" | "dropped" | "salt" | "forks" | "owed" | "claims">;

type FirstText = Common & { readonly format: typeof FIRST_FORMAT; readonly doubtSince?: number };
const firstForm: FormOf<FirstText> = object<FirstText>(
  { format: oneOf([FIRST_FORMAT]), ...commonForms, signers: list(hex(20), 0, 1000), doubtSince: moment },
  { optional: [...OPTIONAL, "doubtSince"] },
);

type SecondText = Common & {
  readonly format: typeof SECOND_FORMAT;
  readonly open: readonly PlainOpen[];
  readonly dropped: number;
  readonly salt?: `0x${string}`;
  readonly forks: readonly PlainFork[];
  readonly owed: Owed & { readonly head?: number };
  /** The largest size that any node was ever heard to say; not by whom, nor with what root. */
  readonly anchored: number;
};
const secondForm: FormOf<SecondText> = object<SecondText>(
  {
    format: oneOf([SECOND_FORMAT]),
    ...commonForms,
    ...keptForms,
    owed: object<SecondText["owed"]>(
      { link: moment, signer: moment, head: moment },
      { optional: ["link", "signer", "head"] },
    ),
    anchored: integer,
  },
  { optional: [...OPTIONAL, "salt"] },
);

/** A state of the first version knew one debt, and not what it was about. */
export function ofFirstText(value: unknown): WatchState {
  const { format: _, doubtSince, signers, ...rest } = firstForm(value, "");
  const owed = doubtSince === undefined ? {} : { link: doubtSince, signer: doubtSince };
  const empty = { open: [], dropped: 0, forks: [], claims: [] };
  return { ...rest, ...empty, owed, signers: signers.slice(-SIGNERS_MAX) };
}

export function ofSecondText(value: unknown): WatchState {
  const { format: _, found, open, forks: plainForks, owed, anchored, ...rest } = secondForm(value, "");
  const { head, ...others } = owed;
  const forks = forksOf(rest.ledgerId, plainForks);
  const proved = forks.filter(isSigned);
  const roots = forks.flatMap((each) => claimOf(each, found?.at ?? rest.roundAt) ?? []);
  const largest: Claim = {
    what: "head",
    by: [],
    size: anchored,
    first: rest.roundAt,
    last: rest.roundAt,
    ...(head !== undefined && { since: head }),
  };
  const kept = foundIn(found, proved, roots);
  return {
    ...rest,
    ...(kept !== undefined && { found: kept }),
    open: openOf(open),
    forks: proved,
    owed: others,
    claims: [...roots, ...(anchored === 0 ? [] : [largest])].slice(0, CLAIMS_MAX),
  };
}

/** A finding of the chain's agreement was a node's word, where the state still shows what it was about. */
function foundIn(
  found: ProvedContradiction | undefined,
  proved: readonly Conflict[],
  roots: readonly Claim[],
): ProvedContradiction | undefined {
  const [first] = proved;
  const isShown = first !== undefined || roots.length > 0;
  if (found === undefined || found.finding !== "agreement" || !isShown) return found;
  return first && { finding: first.finding, detail: first.detail, at: found.at };
}
