/** Downloads what the filter finds as one evidence set. */

import { useState } from "preact/hooks";
import { formatCount } from "../../parts/format.ts";
import { Icon } from "../../parts/icon.tsx";
import type { LedgerAnswer } from "../answers.ts";
import type { UrlFilter } from "../events/filter/filter.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useSession } from "../session.tsx";
import { collectSet, matchingIndexes, SET_MAX } from "./evidence-set.ts";
import { saveText } from "./save.ts";

type State = { readonly words: string; readonly busy: boolean; readonly error?: Error };

const IDLE: State = { words: "", busy: false };

/** What to collect: everything that a filter finds, or these indexes. */
type Props = { readonly ledger: LedgerAnswer; readonly filter?: UrlFilter; readonly indexes?: readonly number[] };

export function SetButton({ ledger, filter = {}, indexes }: Props) {
  const { client } = useSession();
  const [state, setState] = useState<State>(IDLE);
  const collect = async () => {
    setState({ words: "Searching …", busy: true });
    const wanted = indexes ?? (await matchingIndexes(client, ledger.name, filter));
    const text = await collectSet(client, ledger, wanted, (done) =>
      setState({ words: `${formatCount(done)} of ${formatCount(wanted.length)} bundles`, busy: true }),
    );
    saveText(`${ledger.name}-${wanted[0]}-${wanted.at(-1)}.ndjson`, text);
    const cut = wanted.length === SET_MAX ? `, the first ${formatCount(SET_MAX)}: for more use holdfast prove` : "";
    setState({ words: `${formatCount(wanted.length)} bundles in one file${cut}`, busy: false });
  };
  return (
    <div class="stack tight">
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={state.busy || indexes?.length === 0}
          onClick={() => void collect().catch((error: Error) => setState({ ...IDLE, error }))}
        >
          <Icon name="down" />
          {indexes === undefined ? "Download these as an evidence set" : "Download set"}
        </button>
        <span class="muted small" aria-live="polite">
          {state.words}
        </span>
      </div>
      <Trouble error={state.error} />
    </div>
  );
}
