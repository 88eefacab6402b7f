/** Searches that were saved for the ledger: choosing one, saving the filter that is shown under a name, removing one. */

import { useEffect, useRef, useState } from "preact/hooks";
import { formatTime } from "../../../parts/format.ts";
import type { SavedSearchAnswer, SavedSearchesAnswer } from "../../answers.ts";
import { ledgerPath } from "../../client.ts";
import { Trouble } from "../../frame/trouble.tsx";
import { useOwnKey } from "../../live/own-key.ts";
import { usePath } from "../../live/polling.ts";
import { goTo } from "../../router.ts";
import { useSession } from "../../session.tsx";
import { filterParameters, isEmpty, type UrlFilter } from "./filter.ts";

const POLL_MS = 30_000;

type Props = { readonly ledger: string; readonly filter: UrlFilter; readonly query: URLSearchParams };

/** Two filters are the same search where they ask for the same, in whatever order. */
function canonical(query: URLSearchParams): string {
  const sorted = new URLSearchParams(query);
  sorted.sort();
  return sorted.toString();
}

export function SavedSearches({ ledger, filter, query }: Props) {
  const { client } = useSession();
  const path = ledgerPath(ledger, "/searches");
  const { value, error, reload } = usePath<SavedSearchesAnswer>(path, POLL_MS);
  const own = useOwnKey();
  const isOurs = ({ source }: SavedSearchAnswer) =>
    own !== undefined && (own.source === source || own.roles.includes("admin"));
  const [naming, setNaming] = useState<string | undefined>(undefined);
  const [failure, setFailure] = useState<Error | undefined>(undefined);
  const searches = value?.searches ?? [];
  const asked = [canonical(query), canonical(filterParameters(filter))];
  const named = searches.find((each) => each.name === naming);
  const chosen = searches.find((each) => asked.includes(canonical(new URLSearchParams(each.filter))));
  const change = (work: Promise<unknown>) => {
    setFailure(undefined);
    work.then(
      () => {
        setNaming(undefined);
        reload();
      },
      (cause: Error) => setFailure(cause),
    );
  };
  const pathOf = (name: string) => `${path}/${encodeURIComponent(name)}`;
  const choose = (name: string) => {
    const found = searches.find((each) => each.name === name);
    const next = new URLSearchParams(found?.filter ?? "");
    goTo({ ledger, page: "events", item: undefined, query: next });
  };
  return (
    <div class="saved-searches stack tight">
      <div class="row end">
        {searches.length === 0 ? null : <Choice searches={searches} chosen={chosen} onChoose={choose} />}
        {chosen === undefined || !isOurs(chosen) ? null : (
          <button type="button" class="button quiet" onClick={() => change(client.remove(pathOf(chosen.name)))}>
            Remove “{chosen.name}”
          </button>
        )}
        {isEmpty(filter) || chosen !== undefined || naming !== undefined ? null : (
          <button type="button" class="button quiet" onClick={() => setNaming("")}>
            Save under a name
          </button>
        )}
        {naming === undefined || isEmpty(filter) ? null : (
          <NameForm
            name={naming}
            replaces={named}
            mayReplace={named === undefined || isOurs(named)}
            onName={setNaming}
            onSave={() => change(client.put(pathOf(naming), { filter: filterParameters(filter).toString() }))}
            onCancel={() => setNaming(undefined)}
          />
        )}
      </div>
      <Trouble error={failure ?? error} />
      {value === undefined || value.damaged.length === 0 ? null : (
        <p class="note wait" role="status">
          Saved searches that cannot be read, and are to be saved again: {value.damaged.join(", ")}
        </p>
      )}
    </div>
  );
}

type ChoiceProps = {
  readonly searches: readonly SavedSearchAnswer[];
  readonly chosen: SavedSearchAnswer | undefined;
  readonly onChoose: (name: string) => void;
};

function Choice({ searches, chosen, onChoose }: ChoiceProps) {
  return (
    <div class="field">
      <label for="saved-search">Saved searches</label>
      <select
        id="saved-search"
        class="input"
        value={chosen?.name ?? ""}
        title={chosen === undefined ? "" : `saved by ${chosen.source}, ${formatTime(chosen.savedAt)} UTC`}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        <option value="">none</option>
        {searches.map(({ name, problems }) => (
          <option key={name} value={name}>
            {problems === undefined ? name : `${name} (not understood)`}
          </option>
        ))}
      </select>
    </div>
  );
}

type NameProps = {
  readonly name: string;
  readonly replaces: SavedSearchAnswer | undefined;
  readonly mayReplace: boolean;
  readonly onName: (name: string) => void;
  readonly onSave: () => void;
  readonly onCancel: () => void;
};

function NameForm({ name, replaces, mayReplace, onName, onSave, onCancel }: NameProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="row end"
      aria-label="Save under a name"
      onSubmit={(event) => {
        event.preventDefault();
        if (mayReplace) onSave();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <div class="field">
        <label for="search-name">Name of this search</label>
        <input
          id="search-name"
          class="input"
          type="text"
          autocomplete="off"
          maxLength={64}
          value={name}
          ref={field}
          onInput={(event) => onName(event.currentTarget.value)}
        />
      </div>
      {replaces === undefined || mayReplace ? (
        <button type="submit" class="button primary" disabled={name.trim() === ""}>
          {replaces === undefined ? "Save" : `Replace the one of ${replaces.source}`}
        </button>
      ) : (
        <span class="muted small">{replaces.source} has one of this name: take another.</span>
      )}
      <button type="button" class="button" onClick={onCancel}>
        Cancel
      </button>
    </form>
  );
}

type NotHeldProps = { readonly parts: readonly string[]; readonly onWithout: () => void };

/** In the place of a list that would show more than was asked for. */
export function NotHeld({ parts, onWithout }: NotHeldProps) {
  return (
    <section class="empty">
      <h2>Not searched</h2>
      <p class="note wait" role="alert">
        <span>
          This search asks for {parts.map((part) => `“${part}”`).join(" and ")}, for which this page has no filter.
          Without it the list would show more than was asked for. <code>holdfast search</code> may know it.
        </span>
      </p>
      <p>
        <button type="button" class="button" onClick={onWithout}>
          Search without it
        </button>
      </p>
    </section>
  );
}
