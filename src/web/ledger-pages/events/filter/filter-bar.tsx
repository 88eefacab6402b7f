/** The filters, each a field with a name. They take effect on Enter, or at once where something is chosen. */

import { useMemo, useRef, useState } from "preact/hooks";
import { Copy } from "../../../parts/copy.tsx";
import { useKeys } from "../../frame/keys.ts";
import { type FilterField, isEmpty, ORIGIN_FIELDS, OUTCOMES, TEXT_FIELDS, type UrlFilter } from "./filter.ts";

type Props = {
  readonly filter: UrlFilter;
  readonly onFilter: (filter: UrlFilter) => void;
  /** The reader has done with the filters, and goes on in the list. */
  readonly onDone: () => void;
};

const LABELS: Readonly<Record<FilterField, string>> = {
  text: "Text",
  action: "Action",
  actor: "Actor",
  target: "Target",
  source: "Key’s source",
  format: "Format",
  key: "Id of the key",
  outcome: "Outcome",
  quarantined: "Readable",
  since: "Since (UTC)",
  until: "Until (UTC)",
};
const PLACEHOLDERS: Readonly<Partial<Record<FilterField, string>>> = {
  text: "any part",
  action: "user.*",
  actor: "user:u1",
  target: "invoice:*",
  source: "billing",
  format: "native",
  key: "16 hex digits",
};

type Choice = readonly [value: string, word: string];

/** Fields in which one of a few is chosen. */
const CHOICES: Readonly<Partial<Record<FilterField, readonly Choice[]>>> = {
  outcome: [["", "any"], ...OUTCOMES.map((outcome): Choice => [outcome, outcome])],
  quarantined: [
    ["", "any"],
    ["true", "quarantined only"],
  ],
};
const MAIN_FIELDS: readonly FilterField[] = [...TEXT_FIELDS, "outcome", "since", "until"];
const MORE_FIELDS: readonly FilterField[] = [...ORIGIN_FIELDS, "quarantined"];

/** In a narrow window the others wait behind “More”, so that the list is seen. */
const NARROW_FIELDS: readonly FilterField[] = ["action", "actor", "text", "outcome"];

type FieldProps = {
  readonly name: FilterField;
  /** Whether a narrow window has no room for it. */
  readonly isWide: boolean;
  readonly value: string;
  readonly onValue: (value: string, now: boolean) => void;
};

function Field({ name, isWide, value, onValue }: FieldProps) {
  const id = `filter-${name}`;
  const choices = CHOICES[name];
  const shared = {
    id,
    class: "input",
    autocomplete: "off",
    value,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onValue(event.currentTarget.value, false),
  };
  return (
    <div class={isWide ? "field only-wide" : "field"}>
      <label for={id}>{LABELS[name]}</label>
      {choices !== undefined ? (
        <select id={id} class="input" value={value} onChange={(event) => onValue(event.currentTarget.value, true)}>
          {choices.map(([choice, word]) => (
            <option key={choice} value={choice}>
              {word}
            </option>
          ))}
        </select>
      ) : name === "since" || name === "until" ? (
        <input {...shared} type="datetime-local" />
      ) : (
        <input {...shared} type="text" placeholder={PLACEHOLDERS[name]} spellcheck={false} />
      )}
    </div>
  );
}

export function FilterBar({ filter, onFilter, onDone }: Props) {
  const [draft, setDraft] = useState<UrlFilter>(filter);
  const [wantsMore, setWantsMore] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // Not in an effect: that would come after the first drawing, and take away what was typed meanwhile.
  const shown = useRef(filter);
  if (shown.current !== filter) {
    shown.current = filter;
    setDraft(filter);
  }
  // As in many tools, "/" goes to the search.
  useKeys(useMemo(() => ({ "/": () => form.current?.querySelector("input")?.focus() }), []));
  const set = (name: FilterField) => (value: string, now: boolean) => {
    const next = { ...draft, [name]: value };
    setDraft(next);
    if (now) onFilter(next);
  };
  // What is asked for is always seen.
  const hasMore = wantsMore || MORE_FIELDS.some((name) => draft[name] !== undefined);
  return (
    <form
      class="filters"
      ref={form}
      aria-label="Filters"
      onSubmit={(event) => {
        event.preventDefault();
        onFilter(draft);
        onDone();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onDone();
      }}
    >
      {[...MAIN_FIELDS, ...(hasMore ? MORE_FIELDS : [])].map((name) => (
        <Field
          key={name}
          name={name}
          isWide={!hasMore && draft[name] === undefined && !NARROW_FIELDS.includes(name)}
          value={draft[name] ?? ""}
          onValue={set(name)}
        />
      ))}
      <div class="filter-buttons">
        <button type="submit" class="button primary">
          Search
        </button>
        <button type="button" class="button" disabled={isEmpty(filter) && isEmpty(draft)} onClick={() => onFilter({})}>
          Clear
        </button>
        {isEmpty(filter) ? null : (
          <Copy text={location.href} what="a link to what this filter finds" label="Copy link" />
        )}
        {hasMore ? null : (
          <button type="button" class="button quiet" onClick={() => setWantsMore(true)}>
            More
          </button>
        )}
      </div>
    </form>
  );
}
