/** What of the accesses is looked at: what was done, by which key, to which ledger, on which day; all of it stands in the address. */

import { useState } from "preact/hooks";
import { spellValue } from "../../../../entry/spelled-value.ts";
import type { Route } from "../../route.ts";
import { goTo } from "../../router.ts";
import { ACCESS_KINDS, keyQuery } from "./access-words.ts";

const DAY_MS = 86_400_000;

export type AccessFilter = {
  /** Of an event, as the API takes it. */
  readonly kind: string | undefined;
  /** Id of a key. */
  readonly key: string | undefined;
  /** Name of a ledger. */
  readonly on: string | undefined;
  /** 2026-11-28, in UTC. */
  readonly day: string | undefined;
};

export function accessFilterOf({ query }: Route): AccessFilter {
  const kind = query.get("kind") ?? "";
  const key = query.get("key") ?? "";
  const day = query.get("day") ?? "";
  return {
    kind: ACCESS_KINDS.some(([action]) => action === kind) ? kind : undefined,
    key: /^[0-9a-f]{16}$/.test(key) ? key : undefined,
    on: query.get("on") || undefined,
    day: isDay(day) ? day : undefined,
  };
}

/** A day of the calendar, as a field for dates has it. */
function isDay(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** As the search of events takes it. */
export function accessQuery({ kind, key, on, day }: AccessFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (kind !== undefined) query.set("action", kind);
  if (key !== undefined) for (const [name, value] of Object.entries(keyQuery(key, kind))) query.set(name, value);
  // An event has several targets, and a filter names one of them.
  if (on !== undefined && !query.has("target")) query.set("target", spellValue(`ledger:${on}`));
  if (day !== undefined) {
    query.set("since", `${day}T00:00:00Z`);
    query.set("until", new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString());
  }
  return query;
}

/** Goes to the page with another filter; what is undefined is asked for no more. */
export function goToAccesses(ledger: string, filter: AccessFilter): void {
  goTo({ ledger, page: "access", query: addressOf(filter) });
}

function addressOf(filter: AccessFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ["kind", "key", "on", "day"] as const) {
    const value = filter[name];
    if (value !== undefined) query.set(name, value);
  }
  return query;
}

type Props = {
  readonly ledger: string;
  readonly filter: AccessFilter;
  /** Names of ledgers that the reader may see. */
  readonly ledgers: readonly string[];
};

export function AccessFilterBar({ ledger, filter, ledgers }: Props) {
  const put = (more: Partial<AccessFilter>) => goToAccesses(ledger, { ...filter, ...more });
  // A request that was refused is told with those of other ledgers.
  const isOnAll = filter.kind === "holdfast.access.refused";
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <Choice
        id="access-kind"
        label="What"
        value={filter.kind ?? ""}
        choices={[["", "everything"], ...ACCESS_KINDS]}
        onValue={(kind) => put({ kind: kind || undefined })}
      />
      <KeyField key={filter.key} value={filter.key ?? ""} onValue={(key) => put({ key: key || undefined })} />
      {isOnAll ? null : (
        <Choice
          id="access-on"
          label="Ledger"
          value={filter.on ?? ""}
          choices={[["", "all of them"], ...named(filter.on, ledgers).map((name) => [name, name] as const)]}
          onValue={(on) => put({ on: on || undefined })}
        />
      )}
      <div class="field">
        <label for="access-day">Day (UTC)</label>
        <input
          id="access-day"
          class="input"
          type="date"
          value={filter.day ?? ""}
          onChange={(event) => put({ day: event.currentTarget.value || undefined })}
        />
      </div>
      <div class="filter-buttons">
        <button
          type="button"
          class="button"
          onClick={() => goToAccesses(ledger, { kind: undefined, key: undefined, on: undefined, day: undefined })}
        >
          All of it
        </button>
      </div>
    </form>
  );
}

/** The address may name one that the reader does not see. */
function named(on: string | undefined, ledgers: readonly string[]): readonly string[] {
  return on === undefined || ledgers.includes(on) ? ledgers : [on, ...ledgers];
}

type ChoiceProps = {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (readonly [value: string, word: string])[];
  readonly onValue: (value: string) => void;
};

function Choice({ id, label, value, choices, onValue }: ChoiceProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} class="input" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {choices.map(([choice, word]) => (
          <option key={choice} value={choice}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

type KeyProps = { readonly value: string; readonly onValue: (value: string) => void };

/** Takes effect on Enter, or when the reader goes on. */
function KeyField({ value, onValue }: KeyProps) {
  const [text, setText] = useState(value);
  const isWrong = text !== "" && !/^[0-9a-f]{16}$/.test(text);
  const put = () => {
    if (!isWrong && text !== value) onValue(text);
  };
  return (
    <div class="field">
      <label for="access-key">Id of the key</label>
      <input
        id="access-key"
        class="input mono"
        autocomplete="off"
        spellcheck={false}
        placeholder="16 hex digits"
        aria-invalid={isWrong}
        value={text}
        onInput={(event) => setText(event.currentTarget.value.trim())}
        onBlur={put}
        onKeyDown={(event) => {
          if (event.key === "Enter") put();
        }}
      />
    </div>
  );
}
