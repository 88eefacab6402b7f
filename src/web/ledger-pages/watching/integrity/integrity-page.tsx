/** Integrity: whether the ledger is whole, who says so since when, what was not looked at, and what to do where it is not. */

import { useCallback } from "preact/hooks";
import { Loading } from "../../../parts/loading.tsx";
import { MarkShape } from "../../../parts/mark.tsx";
import { useNow } from "../../../parts/now.ts";
import { When } from "../../../parts/when.tsx";
import type { LedgerAnswer } from "../../answers.ts";
import { isRefusal, ledgerPath } from "../../client.ts";
import { MissingRole } from "../../frame/missing-role.tsx";
import { ProblemPage } from "../../frame/problem-page.tsx";
import { Trouble } from "../../frame/trouble.tsx";
import { useOwnKey } from "../../live/own-key.ts";
import { usePath, usePolled } from "../../live/polling.ts";
import { useReach } from "../../live/service-reachable.tsx";
import type { Route } from "../../route.ts";
import { useSession } from "../../session.tsx";
import { AnchorsLine } from "./anchors-line.tsx";
import { AuditReport } from "./audit-report.tsx";
import { AuditTable } from "./audit-table.tsx";
import { standingWords } from "./audit-words.ts";
import { CoverageCard } from "./coverage-bar.tsx";
import type { AuditsAnswer, CoverageAnswer, FinishedAuditAnswer } from "./integrity-answers.ts";
import { NextAudits } from "./next-audits.tsx";
import { PaperHead, SignHere } from "./paper.tsx";
import { Watchers } from "./watchers.tsx";

const AUDITS_MS = 3000;
const AUDITS = 50;

type Props = { readonly route: Route; readonly ledger: LedgerAnswer };

export function IntegrityPage({ route, ledger }: Props) {
  const { isLost } = useReach();
  const own = useOwnKey();
  const may = own?.permissions.includes("auditsRead");
  const path = ledgerPath(ledger.name, `/audits?limit=${AUDITS}`);
  const audits = usePath<AuditsAnswer>(may === true ? path : undefined, AUDITS_MS);
  const { value, error } = audits;
  if (own !== undefined && may === false)
    return <MissingRole what="see audits" roles={["auditor", "admin"]} own={own} />;
  if (value === undefined) {
    if (error === undefined || isLost) return <Loading what="the audits" />;
    return isRefusal(error) ? <ProblemPage route={route} error={error} /> : <Trouble error={error} />;
  }
  return (
    <div class="stack integrity-page">
      <Trouble error={error} />
      <Whole ledger={ledger} audits={value} asked={route.query.get("audit") ?? undefined} onBegun={audits.reload} />
    </div>
  );
}

type WholeProps = {
  readonly ledger: LedgerAnswer;
  readonly audits: AuditsAnswer;
  /** Id of the audit that the address names. */
  readonly asked: string | undefined;
  readonly onBegun: () => void;
};

function Whole({ ledger, audits, asked, onBegun }: WholeProps) {
  const { isLost, lastAt } = useReach();
  const clock = useNow(1000);
  const now = isLost && lastAt !== undefined ? lastAt : clock;
  const { coverage } = audits;
  const { name } = ledger;
  const deciding = useAudit(name, coverage.audit);
  const chosen = useAudit(name, asked === coverage.audit ? undefined : asked);
  const shown = asked === undefined || asked === coverage.audit ? deciding : chosen;
  return (
    <>
      <PaperHead ledger={ledger} now={now} />
      <Standing coverage={coverage} />
      <CoverageCard ledger={name} coverage={coverage} findings={deciding.value?.report?.findings ?? []} />
      <div class="halves screen-only">
        <NextAudits ledger={name} audits={audits} isEmpty={ledger.size === 0} now={now} onBegun={onBegun} />
        <AnchorsLine ledger={ledger} />
      </div>
      <Trouble error={shown.error} />
      {shown.value?.report === undefined ? null : (
        <AuditReport ledger={name} report={shown.value.report} digest={shown.value.digest} />
      )}
      <div class="screen-only">
        <AuditTable ledger={name} audits={audits.audits} open={asked ?? coverage.audit} />
      </div>
      <div class="print-only">
        <AnchorsLine ledger={ledger} />
      </div>
      <Watchers ledger={name} />
      {shown.value?.report === undefined ? null : <SignHere />}
    </>
  );
}

/** One audit with its report, which does not change any more. */
function useAudit(ledger: string, id: string | undefined) {
  const { client } = useSession();
  const load = useCallback(
    async (signal: AbortSignal) =>
      id === undefined
        ? undefined
        : client.json<FinishedAuditAnswer>(ledgerPath(ledger, `/audits/${encodeURIComponent(id)}`), signal),
    [client, ledger, id],
  );
  const polled = usePolled(load, undefined);
  // Of another one, until this one has come.
  return polled.value?.id === id ? polled : { ...polled, value: undefined };
}

function Standing({ coverage }: { readonly coverage: CoverageAnswer }) {
  const { isLost, lastAt } = useReach();
  const words = standingWords(coverage);
  const kind = isLost && words.kind === "good" ? "none" : words.kind;
  return (
    <section class={`verdict ${kind}`} data-state={coverage.state} aria-label="How the ledger stands">
      <MarkShape kind={kind} />
      <h2>{words.title}</h2>
      <p>
        {words.detail}
        {isLost && lastAt !== undefined ? (
          <>
            {" "}
            This is as it was at <When ms={lastAt} zone />.
          </>
        ) : null}
      </p>
    </section>
  );
}
