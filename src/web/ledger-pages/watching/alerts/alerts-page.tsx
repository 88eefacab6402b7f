/** Alerts: what is wrong and who looks after it, what was, what is looked for, and who is told. */

import { Loading } from "../../../parts/loading.tsx";
import { useNow } from "../../../parts/now.ts";
import { MissingRole } from "../../frame/missing-role.tsx";
import { useStanding } from "../../frame/standing-line.tsx";
import { Trouble } from "../../frame/trouble.tsx";
import { useMay, useOwnKey } from "../../live/own-key.ts";
import { usePath } from "../../live/polling.ts";
import { useReach } from "../../live/service-reachable.tsx";
import type { AlertsAnswer } from "./alert-answers.ts";
import { ChannelsCard } from "./channels-card.tsx";
import { FiringCard } from "./firing-card.tsx";
import { OverCard } from "./over-card.tsx";
import { RulesCard } from "./rules-card.tsx";
import { StandingCard } from "./standing-card.tsx";

const ALERTS_MS = 5000;

export function AlertsPage({ ledger }: { readonly ledger: string }) {
  const { isLost, lastAt } = useReach();
  const own = useOwnKey();
  const may = own?.permissions.includes("alertsRead");
  const mayHandle = useMay("alertsHandle") === true;
  const standing = useStanding();
  const clock = useNow(1000);
  const alerts = usePath<AlertsAnswer>(may === true ? "/v1/alerts" : undefined, ALERTS_MS);
  const { value, error } = alerts;
  if (own !== undefined && may === false)
    return <MissingRole what="see alerts" roles={["reader", "auditor", "admin"]} isOfService own={own} />;
  if (value === undefined) {
    return error === undefined || isLost ? <Loading what="the alerts" /> : <Trouble error={error} />;
  }
  const now = isLost && lastAt !== undefined ? lastAt : clock;
  const reload = () => {
    alerts.reload();
    standing.reload();
  };
  return (
    <div class="stack">
      <Trouble error={error} />
      {value.isOn ? <FiringCard alerts={value} now={now} mayHandle={mayHandle} onDone={reload} /> : <Off />}
      <StandingCard ledger={ledger} standing={standing.value} />
      {value.isOn ? (
        <>
          <ChannelsCard alerts={value} mayHandle={mayHandle} />
          <OverCard over={value.over} />
          <RulesCard rules={value.rules} now={now} />
        </>
      ) : null}
    </div>
  );
}

function Off() {
  return (
    <section class="empty">
      <h1>Alerts are off</h1>
      <p>
        Nothing is looked for, and nobody is told what goes wrong: the setting <code>"alerts"</code> is{" "}
        <code>"off"</code>. Without it, they are on.
      </p>
      <p>
        <a href="docs/alerts.md" target="_blank" rel="noreferrer">
          What alerts look for
        </a>
      </p>
    </section>
  );
}
