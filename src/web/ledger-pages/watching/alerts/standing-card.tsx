/** What else keeps the line above from being good, and what nobody looked at. */

import { Mark } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import { atLedger, type StandingAnswer } from "../../frame/standing-answer.ts";
import { StandingLink } from "../../frame/standing-line.tsx";
import { SEVERITY_MARKS } from "./alert-answers.ts";

type Props = { readonly ledger: string; readonly standing: StandingAnswer | undefined };

/** Alerts themselves are above. */
export function StandingCard({ ledger, standing }: Props) {
  if (standing === undefined) return null;
  const reasons = standing.reasons.filter(({ href }) => !href.endsWith("/alerts"));
  const { notLookedAt } = standing;
  if (reasons.length + notLookedAt.length === 0) return null;
  return (
    <section class="card stack tight wrapping">
      {reasons.length === 0 ? null : (
        <>
          <h2>What else is wrong</h2>
          <ul class="values">
            {reasons.map((each) => (
              <li key={each.code + each.text} class="row">
                <Mark kind={SEVERITY_MARKS[each.severity]}>
                  <Said text={each.text} />
                </Mark>
                <StandingLink href={atLedger(each, ledger)} text="What to do" />
              </li>
            ))}
          </ul>
        </>
      )}
      {notLookedAt.length === 0 ? null : (
        <>
          <h2>What was not looked at</h2>
          <ul class="values">
            {notLookedAt.map((each) => (
              <li key={each.what + each.why} class="row">
                <Mark kind="none">
                  <Said text={each.what} />: <Said text={each.why} />
                </Mark>
                <StandingLink href={atLedger(each, ledger)} text="See it" />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
