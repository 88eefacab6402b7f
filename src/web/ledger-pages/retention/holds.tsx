/** Legal holds: what each covers and why, placing one, lifting one; each of these is an event of the ledger. */

import { useState } from "preact/hooks";
import { Mark } from "../../parts/mark.tsx";
import { Said } from "../../parts/text/said.tsx";
import { When } from "../../parts/when.tsx";
import { ledgerPath } from "../client.ts";
import { TextField } from "../frame/text-field.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { useMay } from "../live/own-key.ts";
import { usePath } from "../live/polling.ts";
import { useSending } from "../live/sending.ts";
import { routeHash } from "../route.ts";
import { useSession } from "../session.tsx";
import type { HoldAnswer, HoldsAnswer } from "./retention-answers.ts";

const HOLDS_MS = 5000;

export function Holds({ ledger }: { readonly ledger: string }) {
  const maySee = useMay("holdsRead");
  const mayPlace = useMay("holdsPlace");
  const mayLift = useMay("holdsLift") === true;
  const holds = usePath<HoldsAnswer>(maySee === true ? ledgerPath(ledger, "/holds") : undefined, HOLDS_MS);
  const { value } = holds;
  return (
    <section class="card stack tight wrapping">
      <h2>Legal holds</h2>
      {maySee === false ? (
        <p class="muted">
          A hold says whom somebody looks into: a key of an auditor, an administrator or for privacy sees them.
        </p>
      ) : null}
      <Trouble error={holds.error} />
      {value === undefined ? null : <HoldList ledger={ledger} all={value} mayLift={mayLift} onDone={holds.reload} />}
      {mayPlace === true ? <PlaceHold ledger={ledger} onDone={holds.reload} /> : null}
      {value !== undefined && value.holds.length > 0 && !mayLift ? (
        <p class="muted small">Lifting a hold needs a key with the role privacy.</p>
      ) : null}
    </section>
  );
}

type ListProps = {
  readonly ledger: string;
  readonly all: HoldsAnswer;
  readonly mayLift: boolean;
  readonly onDone: () => void;
};

function HoldList({ ledger, all: { holds, damaged }, mayLift, onDone }: ListProps) {
  return (
    <>
      {damaged.length === 0 ? null : (
        <p>
          <Mark kind="bad">
            {damaged.join(", ")} cannot be read, and {damaged.length === 1 ? "holds" : "hold"} everything until lifted
          </Mark>
        </p>
      )}
      {holds.length === 0 ? (
        <p class="muted">None: nothing but the policy keeps anything.</p>
      ) : (
        <div class="stacking">
          <table class="cards">
            <thead>
              <tr>
                <th>Held</th>
                <th>Why</th>
                <th>Placed</th>
                <th>By</th>
                <th>Hold</th>
              </tr>
            </thead>
            <tbody>
              {holds.map((hold) => (
                <HoldRow key={hold.id} ledger={ledger} hold={hold} mayLift={mayLift} onDone={onDone} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

type RowProps = {
  readonly ledger: string;
  readonly hold: HoldAnswer;
  readonly mayLift: boolean;
  readonly onDone: () => void;
};

function HoldRow({ ledger, hold: { id, filter, reason, placedAt, source }, mayLift, onDone }: RowProps) {
  const [isOpen, setOpen] = useState(false);
  const query = new URLSearchParams(filter);
  return (
    <tr>
      <td data-label="Held">
        <a href={routeHash({ ledger, page: "events", query })}>
          <code>
            <Said text={filter} />
          </code>
        </a>
      </td>
      <td data-label="Why">
        <Said text={reason} />
      </td>
      <td data-label="Placed">
        <When ms={placedAt} zone />
      </td>
      <td data-label="By">
        <Said text={source} />
      </td>
      <td data-label="Hold" class="wrapping">
        <code>{id}</code>{" "}
        {mayLift && !isOpen ? (
          <button type="button" class="button small" onClick={() => setOpen(true)}>
            Lift it
          </button>
        ) : null}
        {isOpen ? <LiftHold ledger={ledger} id={id} onDone={onDone} onLeave={() => setOpen(false)} /> : null}
      </td>
    </tr>
  );
}

type LiftProps = {
  readonly ledger: string;
  readonly id: string;
  readonly onDone: () => void;
  readonly onLeave: () => void;
};

function LiftHold({ ledger, id, onDone, onLeave }: LiftProps) {
  const { client } = useSession();
  const { error, busy, send } = useSending(onDone);
  const [reason, setReason] = useState("");
  return (
    <form
      class="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        send(() => client.post(ledgerPath(ledger, `/holds/${id}/lift`), { reason }));
      }}
    >
      <TextField id={`lift-${id}`} label="Why it is lifted" value={reason} onValue={setReason} />
      <Trouble error={error} />
      <p class="row">
        <button type="submit" class="button primary small" disabled={busy || reason.trim() === ""}>
          Lift it
        </button>
        <button type="button" class="button small" onClick={onLeave}>
          Leave it
        </button>
      </p>
    </form>
  );
}

function PlaceHold({ ledger, onDone }: { readonly ledger: string; readonly onDone: () => void }) {
  const { client } = useSession();
  const [filter, setFilter] = useState("");
  const [reason, setReason] = useState("");
  const { error, busy, send } = useSending(() => {
    setFilter("");
    setReason("");
    onDone();
  });
  return (
    <details>
      <summary>Place a hold</summary>
      <form
        class="stack tight source-form"
        onSubmit={(event) => {
          event.preventDefault();
          send(() => client.post(ledgerPath(ledger, "/holds"), { filter: filter.trim(), reason: reason.trim() }));
        }}
      >
        <TextField
          id="hold-filter"
          label="What is held"
          value={filter}
          onValue={setFilter}
          placeholder="actor=user:ada"
          hint="A filter as the address of a search has it behind the ?. Everything that it finds is held, what comes later too."
        />
        <TextField
          id="hold-reason"
          label="Why"
          value={reason}
          onValue={setReason}
          placeholder="case 2026-118"
          hint="It is recorded for ever, as an event of this ledger."
        />
        <Trouble error={error} />
        <p>
          <button type="submit" class="button primary" disabled={busy || filter.trim() === "" || reason.trim() === ""}>
            Hold it
          </button>
        </p>
      </form>
    </details>
  );
}
