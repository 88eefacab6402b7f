/** What is wrong now: each alert with what it means, who looks after it, and what may be done about it. */

import { Mark } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import { Ago, When } from "../../../parts/when.tsx";
import { type AlertAnswer, type AlertsAnswer, SEVERITY_MARKS } from "./alert-answers.ts";
import { HandleAlert } from "./handle-alert.tsx";

type Props = {
  readonly alerts: AlertsAnswer;
  readonly now: number;
  readonly mayHandle: boolean;
  readonly onDone: () => void;
};

export function FiringCard({ alerts: { firing, rules }, now, mayHandle, onDone }: Props) {
  return (
    <section class="card stack tight wrapping">
      <h2>What is wrong now</h2>
      {firing.length === 0 ? (
        <p class="muted">
          No alert fires
          {rules.some(({ unknownSince, judgedAt }) => unknownSince !== undefined || judgedAt === undefined)
            ? ", but not everything could be looked at: see below."
            : "."}
        </p>
      ) : (
        <div class="stacking">
          <table class="cards">
            <thead>
              <tr>
                <th>Alert</th>
                <th>Since</th>
                <th>State</th>
                <th>What to do</th>
              </tr>
            </thead>
            <tbody>
              {firing.map((alert) => (
                <FiringRow key={alert.id} alert={alert} now={now} mayHandle={mayHandle} onDone={onDone} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {firing.length > 0 && !mayHandle ? (
        <p class="muted small">An administrator’s key acknowledges and silences alerts.</p>
      ) : null}
    </section>
  );
}

type RowProps = Omit<Props, "alerts"> & { readonly alert: AlertAnswer };

function FiringRow({ alert, now, mayHandle, onDone }: RowProps) {
  return (
    <tr data-alert={alert.id}>
      <td data-label="Alert">
        <AlertWhat alert={alert} />
      </td>
      <td data-label="Since" class="nowrap">
        <Ago ms={alert.firedAt} now={now} />
      </td>
      <td data-label="State">
        <AlertState alert={alert} now={now} />
      </td>
      <td data-label="What to do">
        <span class="stack tight">
          <a href={alert.runbook} target="_blank" rel="noreferrer">
            Runbook<span class="unseen"> about: {alert.title}</span>
          </a>
          {mayHandle ? <HandleAlert alert={alert} onDone={onDone} /> : null}
        </span>
      </td>
    </tr>
  );
}

/** What it is about, with how bad that is. */
export function AlertWhat({ alert: { severity, title, detail } }: { readonly alert: AlertAnswer }) {
  return (
    <span class="alert-what">
      <span class="row">
        <Mark kind={SEVERITY_MARKS[severity]}>{severity}</Mark>
        <b>
          <Said text={title} />
        </b>
      </span>
      <span>
        <Said text={detail} />
      </span>
    </span>
  );
}

function AlertState({ alert: { acknowledged, silenced }, now }: { readonly alert: AlertAnswer; readonly now: number }) {
  const isSilenced = silenced !== undefined && silenced.until > now;
  if (acknowledged === undefined && !isSilenced) return <span>nobody looks after it yet</span>;
  return (
    <span class="alert-what">
      {acknowledged === undefined ? null : (
        <span>
          acknowledged by <Said text={acknowledged.source} /> at <When ms={acknowledged.at} zone />
          <Note note={acknowledged.note} />
        </span>
      )}
      {isSilenced ? (
        <span>
          silenced until <When ms={silenced.until} zone /> by <Said text={silenced.source} />
          <Note note={silenced.note} />
        </span>
      ) : null}
    </span>
  );
}

export function Note({ note }: { readonly note: string | undefined }) {
  if (note === undefined) return null;
  return (
    <>
      : “<Said text={note} />”
    </>
  );
}
