/** The outcome of a verification, large, and below it what was proved and what was not. */

import { claimsOf, type ShortClaim } from "../../verify/verdict/short-claims.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { MarkShape } from "../parts/mark.tsx";
import { Detail } from "./steps.tsx";
import { failedStep, NEVER_PROVED, titleOf, WAYS, type Ways } from "./verdict-text.ts";

type Props = {
  readonly verdict: Verdict;
  /** What to do about a verdict that is open, on this page. */
  readonly ways?: Ways;
};

export function Banner({ verdict, ways = WAYS }: Props) {
  const { mark, outcome, name } = verdict.cell;
  const failed = failedStep(verdict);
  const way = ways[name];
  return (
    <section class={`verdict ${mark}`} role="status" data-outcome={outcome}>
      <MarkShape kind={mark} />
      <h2>{titleOf(verdict)}</h2>
      <div>
        <p>
          <Detail text={verdict.brief} />
          {way === undefined ? null : ` ${way}`}
        </p>
        {outcome !== "failed" || failed === undefined ? null : (
          <p class="small">
            <b>Reason:</b> <Detail text={failed.detail} />
          </p>
        )}
        {outcome === "failed" ? verdict.notes.map((note) => <p key={note}>{note}</p>) : null}
      </div>
    </section>
  );
}

function List({ title, claims }: { readonly title: string; readonly claims: readonly ShortClaim[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {claims.map(({ mark, text }) => (
          <li key={text}>
            <span class={mark}>
              <MarkShape kind={mark} />
            </span>
            <span>
              <Detail text={text} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Nothing when the verification failed: then nothing was proved. */
export function Claims({ verdict }: { readonly verdict: Verdict }) {
  const { outcome, notes } = verdict;
  if (outcome === "failed" || outcome === "no-proof") return null;
  return (
    <section class="card" aria-label="What this means">
      <div class="claims">
        <List title={outcome === "verified" ? "What was proved" : "What holds so far"} claims={claimsOf(verdict)} />
        <List title="What was not proved" claims={NEVER_PROVED.map((text) => ({ mark: "none", text }))} />
        {notes.length === 0 ? null : (
          <List title="What to know besides" claims={notes.map((text) => ({ mark: "wait", text }))} />
        )}
      </div>
    </section>
  );
}
