/** The rules of a policy as a table: what each finds, how long it is kept, what becomes of it, and the paragraphs that ask for it. */

import { Said } from "../../parts/text/said.tsx";
import { periodWords } from "./period-words.ts";
import type { PresetAnswer, RetentionRuleAnswer } from "./retention-answers.ts";

const AFTER = { archive_and_prune: "archived, then pruned", prune: "pruned" } as const;

type Props = {
  readonly rules: readonly RetentionRuleAnswer[];
  readonly presets: readonly PresetAnswer[];
};

export function PolicyTable({ rules, presets }: Props) {
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Rule</th>
            <th>Of events</th>
            <th>Kept at least</th>
            <th>Kept at most</th>
            <th>Then</th>
            <th>Asked for by</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.name}>
              <td data-label="Rule">
                <b>
                  <Said text={rule.name} />
                </b>
              </td>
              <td data-label="Of events">
                <Finds rule={rule} />
              </td>
              <td data-label="Kept at least">{periodWords(rule.keepAtLeast) ?? <None />}</td>
              <td data-label="Kept at most">{periodWords(rule.keepAtMost) ?? <None />}</td>
              <td data-label="Then">
                {rule.after === undefined ? <None /> : AFTER[rule.after]}
                {rule.archiveFor === undefined ? null : `; the archive is kept for ${periodWords(rule.archiveFor)}`}
              </td>
              <td data-label="Asked for by">
                <AskedBy rule={rule} presets={presets} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function None() {
  return <span class="muted">–</span>;
}

function Finds({ rule }: { readonly rule: RetentionRuleAnswer }) {
  const { action, class: classified, ocsf, source } = rule;
  const parts = [
    ["action", action],
    ["class", classified],
    ["OCSF", ocsf === undefined ? undefined : String(ocsf)],
    ["source", source],
  ].filter((part): part is [string, string] => part[1] !== undefined);
  if (parts.length === 0) return <span class="muted">all</span>;
  return (
    <span>
      {parts.map(([name, value], i) => (
        <span key={name}>
          {i === 0 ? "" : ", "}
          {name}{" "}
          <code>
            <Said text={value} />
          </code>
        </span>
      ))}
    </span>
  );
}

/** The preset that a rule was taken from, as long as its periods were not changed. */
function AskedBy({ rule, presets }: { readonly rule: RetentionRuleAnswer; readonly presets: readonly PresetAnswer[] }) {
  const preset = presets.find(({ rules }) => rules.some((each) => isSame(each, rule)));
  if (preset === undefined) return <None />;
  return (
    <span>
      {preset.title}: <span class="muted">{preset.paragraphs.join("; ")}</span>
    </span>
  );
}

/** What makes a rule that of a preset, whichever events it was narrowed to. */
const FIELDS = ["name", "keepAtLeast", "keepAtMost", "after", "archiveFor"] as const;

function isSame(a: RetentionRuleAnswer, b: RetentionRuleAnswer): boolean {
  return FIELDS.every((field) => a[field] === b[field]);
}
