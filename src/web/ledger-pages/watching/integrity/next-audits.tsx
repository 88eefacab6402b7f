/** When the next audits begin, how far the ones are that wait or are under way, and asking for one now. */

import { useState } from "preact/hooks";
import { formatCount, formatSpan } from "../../../parts/format.ts";
import { Mark } from "../../../parts/mark.tsx";
import { When } from "../../../parts/when.tsx";
import { ledgerPath } from "../../client.ts";
import { Trouble } from "../../frame/trouble.tsx";
import { useMay } from "../../live/own-key.ts";
import { useSession } from "../../session.tsx";
import type { AuditAnswer, AuditsAnswer } from "./integrity-answers.ts";

/** The service looks every half a minute whether one is due. */
const DUE_GRACE_MS = 120_000;

type Props = {
  readonly ledger: string;
  readonly audits: AuditsAnswer;
  readonly isEmpty: boolean;
  readonly now: number;
  readonly onBegun: () => void;
};

export function NextAudits({ ledger, audits: { audits, nextWholeAt, nextSampleAt }, isEmpty, now, onBegun }: Props) {
  const open = audits.filter(({ state }) => state !== "finished");
  const isBusy = open.some(({ state }) => state === "running");
  return (
    <section class="card stack tight wrapping">
      <h2>Next</h2>
      <dl class="facts">
        <dt>All of it</dt>
        <dd>
          <Next at={nextWholeAt} isEmpty={isEmpty} isBusy={isBusy} now={now} />
        </dd>
        <dt>A sample</dt>
        <dd>
          <Next at={nextSampleAt} isEmpty={isEmpty} isBusy={isBusy} now={now} />
        </dd>
      </dl>
      {open.map((audit) => (
        <Running key={audit.id} audit={audit} now={now} />
      ))}
      <AuditNow ledger={ledger} isEmpty={isEmpty} onBegun={onBegun} />
    </section>
  );
}

type NextProps = {
  /** Milliseconds since 1970; null for never. */
  readonly at: number | null;
  readonly isEmpty: boolean;
  readonly isBusy: boolean;
  readonly now: number;
};

function Next({ at, isEmpty, isBusy, now }: NextProps) {
  if (at === null) return <Mark kind="warn">never: the configuration turns it off</Mark>;
  if (at > now)
    return (
      <span>
        <When ms={at} zone /> <span class="muted small">in {formatSpan(at - now)}</span>
      </span>
    );
  if (isEmpty) return <span class="muted">when there is an entry</span>;
  if (isBusy || now - at < DUE_GRACE_MS) return <span>due now</span>;
  return (
    <Mark kind="warn">
      due since <When ms={at} zone />, and not begun
    </Mark>
  );
}

type RunningProps = { readonly audit: AuditAnswer; readonly now: number };

function Running({ audit: { kind, state, done, of, askedAt, startedAt }, now }: RunningProps) {
  const what = kind === "whole" ? "An audit of all of it" : "A sample";
  const began = startedAt ?? askedAt;
  const isFar = done !== undefined && of !== undefined && of > 0;
  return (
    <div class="stack tight audit-running">
      <p role="status">
        <Mark kind="wait">
          {what} {state === "running" ? "is under way" : "waits for its turn"}
        </Mark>
      </p>
      {isFar ? (
        <>
          <progress max={of} value={done} aria-label={`${what}: entries that were looked at`} />
          <p class="muted small">
            {formatCount(done)} of {formatCount(of)} entries, {Math.floor((done / of) * 100)} %
            {began === undefined ? "" : `, since ${formatSpan(Math.max(0, now - began))}`}
          </p>
        </>
      ) : null}
    </div>
  );
}

type NowProps = Pick<Props, "ledger" | "isEmpty" | "onBegun">;

function AuditNow({ ledger, isEmpty, onBegun }: NowProps) {
  const { client } = useSession();
  const may = useMay("auditsBegin");
  const [error, setError] = useState<Error | undefined>(undefined);
  const [isSending, setSending] = useState(false);
  if (may !== true) return null;
  const begin = (kind: AuditAnswer["kind"]) => {
    setSending(true);
    setError(undefined);
    client
      .post(ledgerPath(ledger, "/audits"), { kind })
      .then(onBegun, setError)
      .finally(() => setSending(false));
  };
  if (isEmpty) return <p class="muted small">One can be asked for when there is an entry.</p>;
  return (
    <>
      <p class="row">
        <button type="button" class="button primary" disabled={isSending} onClick={() => begin("whole")}>
          Audit all of it now
        </button>
        <button type="button" class="button" disabled={isSending} onClick={() => begin("sample")}>
          Take a sample now
        </button>
      </p>
      <Trouble error={error} />
    </>
  );
}
