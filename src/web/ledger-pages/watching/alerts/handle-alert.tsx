/** Acknowledging an alert, and silencing it for a while, each with a note or none; both are events of a ledger. */

import { useState } from "preact/hooks";
import { TextField } from "../../frame/text-field.tsx";
import { Trouble } from "../../frame/trouble.tsx";
import { useSending } from "../../live/sending.ts";
import { useSession } from "../../session.tsx";
import type { AlertAnswer } from "./alert-answers.ts";

const HOUR_MS = 3_600_000;
const SILENCES: readonly (readonly [hours: number, words: string])[] = [
  [1, "1 hour"],
  [12, "12 hours"],
  [72, "3 days"],
  [168, "7 days"],
  [720, "30 days"],
];

type Step = "rest" | "acknowledge" | "silence";
type Props = { readonly alert: AlertAnswer; readonly onDone: () => void };

export function HandleAlert({ alert, onDone }: Props) {
  const [step, setStep] = useState<Step>("rest");
  const about = <span class="unseen"> {alert.title}</span>;
  if (step !== "rest") {
    const leave = () => setStep("rest");
    const done = () => {
      leave();
      onDone();
    };
    return <HandForm alert={alert} isSilence={step === "silence"} onDone={done} onLeave={leave} />;
  }
  return (
    <span class="row">
      {alert.acknowledged === undefined ? (
        <button type="button" class="button small" onClick={() => setStep("acknowledge")}>
          Acknowledge …{about}
        </button>
      ) : null}
      <button type="button" class="button small" onClick={() => setStep("silence")}>
        Silence …{about}
      </button>
    </span>
  );
}

type FormProps = Props & { readonly isSilence: boolean; readonly onLeave: () => void };

function HandForm({ alert: { id }, isSilence, onDone, onLeave }: FormProps) {
  const { client } = useSession();
  const { error, busy, send } = useSending(onDone);
  const [note, setNote] = useState("");
  const [hours, setHours] = useState(12);
  const act = () => {
    const said = note.trim() === "" ? {} : { note: note.trim() };
    const until = new Date(Date.now() + hours * HOUR_MS).toISOString();
    return isSilence
      ? client.post(`/v1/alerts/${id}/silence`, { until, ...said })
      : client.post(`/v1/alerts/${id}/acknowledge`, said);
  };
  return (
    <form
      class="stack tight alert-form"
      onSubmit={(event) => {
        event.preventDefault();
        send(act);
      }}
    >
      {isSilence ? (
        <div class="field">
          <label for={`silence-${id}`}>Nobody is told for</label>
          <select
            id={`silence-${id}`}
            class="input"
            value={String(hours)}
            onChange={(event) => setHours(Number(event.currentTarget.value))}
          >
            {SILENCES.map(([count, words]) => (
              <option key={count} value={String(count)}>
                {words}
              </option>
            ))}
          </select>
        </div>
      ) : null}
      <TextField
        id={`note-${id}`}
        label="Note (optional)"
        value={note}
        onValue={setNote}
        hint={isSilence ? "It fires all the same, and counts in the line above." : "What you are going to do about it."}
      />
      <Trouble error={error} />
      <p class="row">
        <button type="submit" class="button primary small" disabled={busy}>
          {isSilence ? "Silence it" : "Acknowledge it"}
        </button>
        <button type="button" class="button small" onClick={onLeave}>
          Leave it
        </button>
      </p>
    </form>
  );
}
