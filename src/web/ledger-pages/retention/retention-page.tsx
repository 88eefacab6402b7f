/** Retention: how long what is kept and who asks for that, what is due, what is held, what was erased, and what all of it is encrypted with. */

import { Loading } from "../../parts/loading.tsx";
import { Said } from "../../parts/text/said.tsx";
import { When } from "../../parts/when.tsx";
import type { LedgerAnswer } from "../answers.ts";
import { isRefusal, ledgerPath } from "../client.ts";
import { ProblemPage } from "../frame/problem-page.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { useMay, useReadOnly } from "../live/own-key.ts";
import { usePath } from "../live/polling.ts";
import { useReach } from "../live/service-reachable.tsx";
import type { Route } from "../route.ts";
import { goTo } from "../router.ts";
import { Due } from "./due.tsx";
import { Encryption } from "./encryption.tsx";
import { ErasureList } from "./erasures.tsx";
import { Holds } from "./holds.tsx";
import { PolicyForm } from "./policy-form.tsx";
import { PolicyTable } from "./policy-table.tsx";
import { type PolicyAnswer, type PresetAnswer, type RetentionAnswer, retentionHref } from "./retention-answers.ts";

const RETENTION_MS = 5000;
const PRESETS_MS = 600_000;

type Props = { readonly route: Route; readonly ledger: LedgerAnswer };

export function RetentionPage({ route, ledger: { name } }: Props) {
  const { isLost } = useReach();
  const isReadOnly = useReadOnly();
  const retention = usePath<RetentionAnswer>(ledgerPath(name, "/retention"), RETENTION_MS);
  const presets = usePath<{ readonly presets: readonly PresetAnswer[] }>("/v1/retention/presets", PRESETS_MS);
  const { value } = retention;
  const error = retention.error ?? presets.error;
  if (value === undefined || presets.value === undefined) {
    if (error === undefined || isLost) return <Loading what="the retention policy" />;
    return isRefusal(error) ? <ProblemPage route={route} error={error} /> : <Trouble error={error} />;
  }
  const done = () => {
    retention.reload();
    goTo({ ledger: name, page: "retention" });
  };
  if (route.query.has("edit") && !isReadOnly) {
    return <PolicyForm ledger={name} before={value} presets={presets.value.presets} onDone={done} />;
  }
  return (
    <div class="stack">
      <Trouble error={error} />
      <Policies ledger={name} retention={value} presets={presets.value.presets} />
      {/* Another policy is due otherwise. */}
      <Due key={value.inForce?.version} ledger={name} />
      <Holds ledger={name} />
      <ErasureList ledger={name} />
      <Encryption />
    </div>
  );
}

type PoliciesProps = {
  readonly ledger: string;
  readonly retention: RetentionAnswer;
  readonly presets: readonly PresetAnswer[];
};

function Policies({ ledger, retention: { inForce, waiting }, presets }: PoliciesProps) {
  const may = useMay("retentionWrite");
  return (
    <section class="card stack tight wrapping">
      <div class="row between">
        <h2>How long events are kept</h2>
        {may === true ? (
          <a class="button" href={retentionHref(ledger, { edit: "" })}>
            Change the policy
          </a>
        ) : null}
      </div>
      {inForce === undefined || inForce.rules.length === 0 ? (
        <p class="muted">Everything is kept for ever: no rule lets anything go.</p>
      ) : (
        <PolicyTable rules={inForce.rules} presets={presets} />
      )}
      {inForce === undefined ? null : <PutBy policy={inForce} />}
      {waiting === undefined ? null : (
        <>
          <h3>
            In force from <When ms={waiting.effectiveAt} zone /> on
          </h3>
          <p>It shortens what was promised, so it waits: until then, putting another policy withdraws it.</p>
          {waiting.rules.length === 0 ? (
            <p class="muted">Everything is kept for ever then.</p>
          ) : (
            <PolicyTable rules={waiting.rules} presets={presets} />
          )}
          <PutBy policy={waiting} />
        </>
      )}
      {may === false ? (
        <p class="muted small">Putting a policy needs an administrator’s key or one for privacy.</p>
      ) : null}
    </section>
  );
}

function PutBy({ policy: { version, source, putAt, reason } }: { readonly policy: PolicyAnswer }) {
  return (
    <p class="muted small">
      Version {version}, put by <Said text={source} /> at <When ms={putAt} zone />
      {reason === undefined ? "" : ": "}
      {reason === undefined ? null : <Said text={reason} />}
      {reason === undefined ? "." : ""}
    </p>
  );
}
