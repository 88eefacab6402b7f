/** What was wrong and is over: from when until when, and who looked after it. */

import { useFirstOnes } from "../../../parts/first-ones.tsx";
import { formatSpan } from "../../../parts/format.ts";
import { Said } from "../../../parts/text/said.tsx";
import { When } from "../../../parts/when.tsx";
import type { AlertAnswer } from "./alert-answers.ts";
import { AlertWhat, Note } from "./firing-card.tsx";

export function OverCard({ over }: { readonly over: readonly AlertAnswer[] }) {
  const { shown, rest } = useFirstOnes(over, "alerts");
  return (
    <section class="card stack tight wrapping">
      <h2>What was</h2>
      {over.length === 0 ? (
        <p class="muted">No alert was resolved yet.</p>
      ) : (
        <div class="stacking">
          <table class="cards">
            <thead>
              <tr>
                <th>Alert</th>
                <th>Fired (UTC)</th>
                <th>Lasted</th>
                <th>Looked after by</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((alert) => (
                <OverRow key={alert.id} alert={alert} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rest}
      <p class="muted small">
        Each alert, and whatever became of it, is an event of the ledger that is told of alerts.
      </p>
    </section>
  );
}

function OverRow({ alert }: { readonly alert: AlertAnswer }) {
  const { firedAt, resolvedAt = firedAt, acknowledged } = alert;
  return (
    <tr>
      <td data-label="Alert">
        <AlertWhat alert={alert} />
      </td>
      <td data-label="Fired (UTC)">
        <When ms={firedAt} />
      </td>
      <td data-label="Lasted" class="nowrap">
        {formatSpan(resolvedAt - firedAt)}
      </td>
      <td data-label="Looked after by">
        {acknowledged === undefined ? (
          <span class="muted">nobody</span>
        ) : (
          <span>
            <Said text={acknowledged.source} />
            <Note note={acknowledged.note} />
          </span>
        )}
      </td>
    </tr>
  );
}
