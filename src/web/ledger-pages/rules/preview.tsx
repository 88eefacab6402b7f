/** What rules that are not put yet would have done to the newest events: asked before they can be put. */

import { formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { routeHash } from "../route.ts";
import type { PreviewAnswer } from "./rule-answers.ts";

/** As many as are shown one by one. */
const SHOWN_MAX = 20;

type Props = { readonly ledger: string; readonly preview: PreviewAnswer };

export function PreviewResult({ ledger, preview }: Props) {
  const { looked, refused, quarantined, violations, complete } = preview;
  const all = refused + quarantined;
  return (
    <section class="stack tight wrapping" aria-live="polite">
      {all === 0 ? (
        <Mark kind="good">All of the newest {formatCount(looked)} events would have been recorded as they were</Mark>
      ) : (
        <p>
          <Mark kind="warn">
            Of the newest {formatCount(looked)} events, {formatCount(refused)} would have been refused and{" "}
            {formatCount(quarantined)} quarantined
          </Mark>
        </p>
      )}
      {violations.length === 0 ? null : (
        <ul class="notes-list small">
          {violations.slice(0, SHOWN_MAX).map(({ index, format, path, expected, got }) => (
            <li key={index}>
              <a href={routeHash({ ledger, page: "events", item: index })}>entry {formatCount(index)}</a>{" "}
              <span class="muted">({format})</span>: expected {expected}
              {path === "" ? null : " at "}
              {path === "" ? null : <code>{path}</code>}, got {got}
            </li>
          ))}
        </ul>
      )}
      {all > SHOWN_MAX ? <p class="muted small">and {formatCount(all - SHOWN_MAX)} more</p> : null}
      {complete ? null : <p class="muted small">The time was up before all of the newest entries were looked at.</p>}
    </section>
  );
}
