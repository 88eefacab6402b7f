/** How often a rule was not kept lately. */

import { formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { Ago } from "../../parts/when.tsx";
import type { ViolationAnswer } from "./rule-answers.ts";

type Props = { readonly counts: readonly ViolationAnswer[]; readonly now: number };

export function NotKept({ counts, now }: Props) {
  const [first] = counts;
  if (first === undefined) return <span class="muted">never</span>;
  const refused = counts.reduce((sum, each) => sum + each.refused, 0);
  const quarantined = counts.reduce((sum, each) => sum + each.quarantined, 0);
  const last = counts.reduce((newest, each) => (each.lastAt > newest.lastAt ? each : newest), first);
  const words = [
    ...(refused > 0 ? [`${formatCount(refused)} refused`] : []),
    ...(quarantined > 0 ? [`${formatCount(quarantined)} quarantined`] : []),
  ];
  return (
    <span>
      <Mark kind="warn">{words.join(", ")}</Mark>{" "}
      <span class="muted small">
        by {last.lastSource}, <Ago ms={last.lastAt} now={now} />
      </span>
    </span>
  );
}
