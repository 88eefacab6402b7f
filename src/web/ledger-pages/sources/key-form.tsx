/** Asks for a name of the source, a reminder and an end of its key, and makes it; or says who can. */

import { useState } from "preact/hooks";
import type { Sender } from "../../../senders/sender.ts";
import { Command } from "../../parts/command.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import type { NewKeyAnswer, SourceAnswer } from "../answers.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useMay } from "../live/own-key.ts";
import { useKeyMaking } from "./key-making.ts";

/** How long a key lasts, in days. */
const LIVES: readonly (readonly [days: number, words: string])[] = [
  [0, "never, until it is ended"],
  [90, "in 90 days"],
  [365, "in a year"],
  [30, "in 30 days"],
];

/** A name that no source has yet. */
function freeName(id: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? id : `${id}-${count}`;
    if (!taken.has(name)) return name;
  }
}

/** What somebody can run who may make keys. */
function commandFor(sender: string, source: string, ledger: string): string {
  return `npx holdfast sources add ${sender} \\\n  --source ${source} --ledger ${ledger}`;
}

type FieldsProps = {
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly note: string;
  readonly onNote: (note: string) => void;
  readonly days: number;
  readonly onDays: (days: number) => void;
};

function Fields({ name, onName, note, onNote, days, onDays }: FieldsProps) {
  return (
    <>
      <div class="field">
        <label for="source-name">Name of the source</label>
        <input
          id="source-name"
          class="input"
          required
          autocomplete="off"
          spellcheck={false}
          value={name}
          onInput={(event) => onName(event.currentTarget.value)}
          aria-describedby="source-name-hint"
        />
        <span class="hint" id="source-name-hint">
          Where it is and what it is, such as cluster-1. It stands in every event, and cannot be changed there.
        </span>
      </div>
      <div class="field">
        <label for="source-note">Note</label>
        <input
          id="source-note"
          class="input"
          autocomplete="off"
          placeholder="who looks after it"
          value={note}
          onInput={(event) => onNote(event.currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for="source-end">The key ends</label>
        <select
          id="source-end"
          class="input"
          value={String(days)}
          onChange={(event) => onDays(Number(event.currentTarget.value))}
        >
          {LIVES.map(([value, words]) => (
            <option key={value} value={String(value)}>
              {words}
            </option>
          ))}
        </select>
        <span class="hint">Most senders drop what they are refused: change a key before it ends.</span>
      </div>
    </>
  );
}

type Props = {
  readonly ledger: string;
  readonly sender: Sender;
  readonly sources: readonly SourceAnswer[];
  /** The source that a key was made for a moment ago. */
  readonly before: string | undefined;
  readonly onMade: (made: NewKeyAnswer) => void;
};

export function KeyForm({ ledger, sender, sources, before, onMade }: Props) {
  const taken = new Set(sources.map(({ source }) => source));
  if (before !== undefined) taken.add(before);
  const may = useMay("keysWrite");
  const { busy, error, make } = useKeyMaking();
  const [name, setName] = useState(() => freeName(sender.id, taken));
  const [note, setNote] = useState("");
  const [days, setDays] = useState(0);
  if (may === false) return <NotAllowed command={commandFor(sender.id, name, ledger)} />;
  const isKnown = taken.has(name.trim());
  return (
    <section class="card">
      <h2>Its key</h2>
      <form
        class="stack tight source-form"
        onSubmit={(event) => {
          event.preventDefault();
          make({ source: name.trim(), ledger, note: note.trim(), days, signs: sender.key === "signature" }, onMade);
        }}
      >
        <Fields name={name} onName={setName} note={note} onNote={setNote} days={days} onDays={setDays} />
        {isKnown ? (
          <p class="muted small">There is a source of this name: the new key will be one more of the same source.</p>
        ) : null}
        <Trouble error={error} />
        <div>
          <button type="submit" class="button primary" disabled={busy || name.trim() === ""}>
            {busy ? "Making the key …" : "Make the key"}
          </button>
        </div>
      </form>
    </section>
  );
}

function NotAllowed({ command }: { readonly command: string }) {
  return (
    <section class="card stack tight">
      <p class="note wait" role="alert">
        <span class="wait">
          <MarkShape kind="wait" />
        </span>
        <span>
          <b>You are signed in with a key that may not make keys.</b> That needs an administrator’s, for all ledgers.
          Sign in with one, or let whoever has one run this:
        </span>
      </p>
      <Command text={command} />
    </section>
  );
}
