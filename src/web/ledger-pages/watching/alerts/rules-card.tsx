/** What alerts look for, when each rule last judged, and what could not be found out. */

import { Mark } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import { Ago, When } from "../../../parts/when.tsx";
import type { AlertRuleAnswer } from "./alert-answers.ts";

type Props = { readonly rules: readonly AlertRuleAnswer[]; readonly now: number };

export function RulesCard({ rules, now }: Props) {
  return (
    <section class="card stack tight wrapping">
      <h2>What is looked for</h2>

      <table>
        <thead>
          <tr>
            <th>Whether</th>
            <th>How bad</th>
            <th>Last looked at</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.name}>
              <td>
                <Said text={rule.title} />
              </td>
              <td class="nowrap">{rule.severity}</td>
              <td>
                <RuleTime rule={rule} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type TimeProps = { readonly rule: AlertRuleAnswer; readonly now: number };

function RuleTime({ rule: { judgedAt, unknownSince, off }, now }: TimeProps) {
  if (off !== undefined) {
    return (
      <Mark kind="none">
        turned off: <Said text={off} />
      </Mark>
    );
  }
  if (unknownSince !== undefined) {
    return (
      <Mark kind="none">
        nobody can find out since <When ms={unknownSince} zone />
      </Mark>
    );
  }
  return judgedAt === undefined ? <Mark kind="none">not yet</Mark> : <Ago ms={judgedAt} now={now} />;
}
