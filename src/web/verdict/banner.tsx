/** The outcome of a verification, large, and below it what was proved and what was not. */

import type { Bundle } from "../../verify/bundle.ts";
import type { Verdict } from "../../verify/verdict.ts";
import { MarkShape } from "../parts/mark.tsx";
import { Detail } from "./steps.tsx";
import { type Claim, failedStep, headlineOf, NEVER_PROVED, noteClaims, provedClaims } from "./words.ts";

type Props = {
  readonly verdict: Verdict;
  readonly bundle: Bundle | undefined;
  /** Whether the reader named a node or a block. */
  readonly isChainGiven?: boolean;
};

export function Banner({ verdict, bundle, isChainGiven = true }: Props) {
  const { kind, title, sentence } = headlineOf(verdict, bundle, isChainGiven);
  const failed = failedStep(verdict);
  return (
    <section class={`verdict ${kind}`} role="status" data-outcome={verdict.outcome}>
      <MarkShape kind={kind} />
      <h2>{title}</h2>
      <div>
        <p>
          <Detail text={sentence} />
        </p>
        {failed === undefined ? null : (
          <p class="small">
            <b>Reason:</b> <Detail text={failed.detail} />
          </p>
        )}
      </div>
    </section>
  );
}

function List({ title, claims }: { readonly title: string; readonly claims: readonly Claim[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {claims.map((claim) => (
          <li key={claim.text}>
            <span class={claim.kind}>
              <MarkShape kind={claim.kind} />
            </span>
            <span>
              <Detail text={claim.text} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Nothing when the verification failed: then nothing was proved. */
export function Claims({ verdict }: { readonly verdict: Verdict }) {
  if (verdict.outcome === "failed") return null;
  return (
    <section class="card" aria-label="What this means">
      <div class="claims">
        <List
          title={verdict.outcome === "verified" ? "What was proved" : "What holds so far"}
          claims={provedClaims(verdict)}
        />
        <List title="What was not proved" claims={NEVER_PROVED} />
        {verdict.notes.length === 0 ? null : <List title="What to know besides" claims={noteClaims(verdict)} />}
      </div>
    </section>
  );
}
