/** What of the policy in force is due now, what holds it up, and how far taking it away has come. */

import { useCallback } from "preact/hooks";
import { formatBytes, formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { When } from "../../parts/when.tsx";
import { ledgerPath } from "../client.ts";
import { Trouble } from "../frame/trouble.tsx";
import { usePath, usePolled } from "../live/polling.ts";
import { useSession } from "../session.tsx";
import type { DueAnswer, RetentionStatusAnswer } from "./retention-answers.ts";

const STATUS_MS = 5000;
const STEPS: Readonly<Record<string, string>> = {
  archiving: "archiving what is archived first",
  pruning: "taking bodies away",
  forgetting: "making the index anew without them",
  telling: "recording what went",
  compacting: "taking it off the disk",
};

export function Due({ ledger }: { readonly ledger: string }) {
  const { client } = useSession();
  const load = useCallback(
    () => client.post<DueAnswer>(ledgerPath(ledger, "/retention/preview"), {}),
    [client, ledger],
  );
  // Once: it reads what may be a million entries.
  const due = usePolled(load, undefined);
  const status = usePath<RetentionStatusAnswer>(ledgerPath(ledger, "/retention/status"), STATUS_MS);
  return (
    <section class="card stack tight wrapping">
      <h2>What is due</h2>
      <Trouble error={due.error ?? status.error} />
      {due.value === undefined ? null : <DueCounts due={due.value} />}
      {status.value === undefined ? null : <Progress status={status.value} />}
    </section>
  );
}

/** What a preview says, of the policy in force or of one that is not put yet. */
export function DueCounts({ due }: { readonly due: DueAnswer }) {
  const { due: count, dueBytes, archived, held, notFinal, pruned, byRule, complete, to, nextDueAt } = due;
  return (
    <>
      <p>
        {count === 0 ? (
          <Mark kind="good">Nothing is due</Mark>
        ) : (
          <Mark kind="wait">
            {formatCount(count)} {count === 1 ? "event" : "events"}, {formatBytes(dueBytes)}
            {archived === 0 ? "" : `; ${formatCount(archived)} of them into an archive first`}
          </Mark>
        )}
      </p>
      <dl class="facts">
        {byRule
          .filter((each) => each.due > 0)
          .map(({ rule, due: own, bytes }) => (
            <>
              <dt>by the rule “{rule}”</dt>
              <dd>
                {formatCount(own)} {own === 1 ? "event" : "events"}, {formatBytes(bytes)}
              </dd>
            </>
          ))}
        <dt>stopped by legal holds</dt>
        <dd>{formatCount(held)}</dd>
        <dt>waiting until final on every chain</dt>
        <dd>{formatCount(notFinal)}</dd>
        <dt>pruned already</dt>
        <dd>{formatCount(pruned)}</dd>
        {nextDueAt === undefined ? null : (
          <>
            <dt>the next one is due</dt>
            <dd>
              <When ms={nextDueAt} zone />
            </dd>
          </>
        )}
      </dl>
      {complete ? null : (
        <p class="muted small">The time was up at entry {formatCount(to)}: there may be more behind it.</p>
      )}
    </>
  );
}

function Progress({ status }: { readonly status: RetentionStatusAnswer }) {
  const { step, from = 0, to = 0, lastRunAt, failure, lacksArchive } = status;
  return (
    <>
      {failure === undefined ? null : (
        <p>
          <Mark kind="bad">It does not get on: {failure}</Mark>
        </p>
      )}
      {lacksArchive === true ? (
        <p>
          <Mark kind="warn">
            The policy archives before it prunes, and no place for archives is configured: what is under such rules
            stays.
          </Mark>
        </p>
      ) : null}
      <p class="muted small">
        {step === undefined
          ? ""
          : `Now: ${STEPS[step] ?? step}, entries ${formatCount(from)} to ${formatCount(to - 1)}. `}
        {lastRunAt === undefined ? (
          "Since it started, the service has not looked to the end yet."
        ) : (
          <>
            Nothing more was due at <When ms={lastRunAt} zone />.
          </>
        )}
      </p>
    </>
  );
}
