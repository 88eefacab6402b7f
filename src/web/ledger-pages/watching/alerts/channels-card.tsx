/** Who is told of alerts: channels, a test of all of them, what is still to be told, and dead letters. */

import { useState } from "preact/hooks";
import { Mark } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import { Trouble } from "../../frame/trouble.tsx";
import { usePath } from "../../live/polling.ts";
import { useSending } from "../../live/sending.ts";
import { useSession } from "../../session.tsx";
import type { AlertsAnswer, AlertTestAnswer, DeliveriesAnswer } from "./alert-answers.ts";
import { DeliveryTable } from "./delivery-table.tsx";

const DELIVERIES_MS = 5000;

type Props = { readonly alerts: AlertsAnswer; readonly mayHandle: boolean };

export function ChannelsCard({ alerts, mayHandle }: Props) {
  const { client } = useSession();
  const { channels } = alerts;
  const deliveries = usePath<DeliveriesAnswer>("/v1/alert-deliveries", DELIVERIES_MS);
  const [tried, setTried] = useState<AlertTestAnswer["channels"]>([]);
  const { error, busy, send } = useSending(() => undefined);
  const test = async () => setTried((await client.post<AlertTestAnswer>("/v1/alert-channels/test", {})).channels);
  if (channels.length === 0) return <NoChannels />;
  return (
    <section class="card stack tight wrapping">
      <div class="row between">
        <h2>Who is told</h2>
        {mayHandle ? (
          <button type="button" class="button" disabled={busy} onClick={() => send(test)}>
            {busy ? "Sending …" : "Send a test to all"}
          </button>
        ) : null}
      </div>
      <Trouble error={error} />
      <div class="stacking">
        <table class="cards">
          <thead>
            <tr>
              <th>Channel</th>
              <th>Kind</th>
              <th>Told from</th>
              <th>Test</th>
            </tr>
          </thead>
          <tbody>
            {channels.map(({ name, kind, from }) => (
              <tr key={name}>
                <td data-label="Channel">
                  <Said text={name} />
                </td>
                <td data-label="Kind">{kind}</td>
                <td data-label="Told from">{from} on</td>
                <td data-label="Test">
                  <Tried result={tried.find((each) => each.name === name)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Trouble error={deliveries.error} />
      {deliveries.value === undefined ? null : (
        <Deliveries alerts={alerts} deliveries={deliveries.value} mayHandle={mayHandle} onDone={deliveries.reload} />
      )}
    </section>
  );
}

function NoChannels() {
  return (
    <section class="card stack tight">
      <h2>Who is told</h2>
      <p>
        <Mark kind="warn">Nobody: alerts are seen here alone.</Mark>
      </p>
      <p class="muted">
        Channels are set in the configuration:{" "}
        <a href="docs/alerts.md#who-is-told" target="_blank" rel="noreferrer">
          how people are told
        </a>
        .
      </p>
    </section>
  );
}

function Tried({ result }: { readonly result: AlertTestAnswer["channels"][number] | undefined }) {
  if (result === undefined) return <span class="muted">–</span>;
  if (result.isTaken) return <Mark kind="good">taken</Mark>;
  return (
    <Mark kind="bad">
      not taken: <Said text={result.reason ?? "no reason was given"} />
    </Mark>
  );
}

type DeliveriesProps = Props & { readonly deliveries: DeliveriesAnswer; readonly onDone: () => void };

function Deliveries({ alerts, deliveries: { waiting, dead }, mayHandle, onDone }: DeliveriesProps) {
  const { client } = useSession();
  const { error, busy, send } = useSending(onDone);
  return (
    <>
      {waiting.length === 0 ? (
        <p class="muted">{dead.length === 0 ? "Everything was delivered." : "Nothing waits."}</p>
      ) : (
        <>
          <h3>Still to be told</h3>
          <DeliveryTable alerts={alerts} deliveries={waiting} />
        </>
      )}
      {dead.length === 0 ? null : (
        <>
          <div class="row between">
            <h3>Dead letters: not taken, and not tried any more</h3>
            {mayHandle ? (
              <button
                type="button"
                class="button"
                disabled={busy}
                onClick={() => send(() => client.post("/v1/alert-deliveries/resend", {}))}
              >
                Send them again
              </button>
            ) : null}
          </div>
          <Trouble error={error} />
          <DeliveryTable alerts={alerts} deliveries={dead} />
        </>
      )}
    </>
  );
}
