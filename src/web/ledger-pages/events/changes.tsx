/** The member `changes` of an event: old and new side by side. Every line says in a word and a sign what became of it. */

import { useFirstOnes } from "../../parts/first-ones.tsx";
import { Said } from "../../parts/text/said.tsx";
import { Value } from "../../parts/value.tsx";
import type { Change } from "./difference.ts";

const SIGNS: Readonly<Record<Change["kind"], string>> = { added: "+", removed: "−", changed: "~", same: "=" };

function Line({ change }: { readonly change: Change }) {
  const { kind, path } = change;
  return (
    <tr class={`change-${kind}`}>
      <td class="mono change-sign" title={kind}>
        {SIGNS[kind]}
        <span class="unseen"> {kind}</span>
      </td>
      <td class="mono">{path === "" ? "(all)" : <Said text={path} />}</td>
      <td class="change-old">{kind === "added" ? <span class="muted">–</span> : <Value value={change.old} />}</td>
      <td class="change-new">{kind === "removed" ? <span class="muted">–</span> : <Value value={change.new} />}</td>
    </tr>
  );
}

export function Changes({ changes }: { readonly changes: readonly Change[] }) {
  const changed = changes.filter(({ kind }) => kind !== "same");
  const unchanged = changes.length - changed.length;
  const { shown, rest } = useFirstOnes(changed, "changes");
  if (changes.length === 0) return null;
  return (
    <section class="card">
      <h2>
        What changed{" "}
        {unchanged === 0 ? null : (
          <span class="muted small normal">
            {unchanged === 1 ? "one value" : `${unchanged} values`} stayed as {unchanged === 1 ? "it was" : "they were"}
          </span>
        )}
      </h2>
      <div class="scroll">
        <table class="changes">
          <thead>
            <tr>
              <th>
                <span class="unseen">Kind</span>
              </th>
              <th>Name</th>
              <th>Old</th>
              <th>New</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((change) => (
              <Line key={change.path} change={change} />
            ))}
          </tbody>
        </table>
        {rest}
      </div>
    </section>
  );
}
