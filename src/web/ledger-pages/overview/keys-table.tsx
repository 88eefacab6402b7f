/** The API keys: what each may do, when it was last used, and how much comes through its source. */

import { formatCount, formatRate } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { Ago, When } from "../../parts/when.tsx";
import type { KeyAnswer, StatsAnswer } from "../answers.ts";
import { useReach } from "../live/service-reachable.tsx";

const DAY_MINUTES = 1440;

function State({ apiKey, now }: { readonly apiKey: KeyAnswer; readonly now: number }) {
  const { isLost } = useReach();
  if (apiKey.revokedAt !== undefined) return <Mark kind="none">ended</Mark>;
  if (apiKey.expiresAt !== undefined && apiKey.expiresAt <= now) return <Mark kind="none">expired</Mark>;
  return isLost ? <Mark kind="none">was live</Mark> : <Mark kind="good">live</Mark>;
}

type RowProps = { readonly apiKey: KeyAnswer; readonly inDay: number | undefined; readonly now: number };

function Row({ apiKey, inDay, now }: RowProps) {
  return (
    <tr>
      <td data-label="Source">
        <span>
          <b>{apiKey.source}</b> <span class="mono muted">{apiKey.id.slice(0, 8)}</span>
          {apiKey.note === undefined ? null : <div class="muted small">{apiKey.note}</div>}
          {apiKey.webhookSecretSince === undefined ? null : <div class="muted small">can sign</div>}
        </span>
      </td>
      <td data-label="Roles">
        <span>
          {apiKey.roles.map((role) => (
            <span class="pill" key={role}>
              {role}
            </span>
          ))}
        </span>
      </td>
      <td data-label="State">
        <State apiKey={apiKey} now={now} />
      </td>
      <td class="nowrap" data-label="Last used">
        {apiKey.lastUsedAt === undefined ? <span class="muted">never</span> : <Ago ms={apiKey.lastUsedAt} now={now} />}
      </td>
      <td class="nowrap" data-label="Made">
        <When ms={apiKey.createdAt} />
      </td>
      <td class="number" data-label="Last day">
        {inDay === undefined ? "–" : formatCount(inDay)}
      </td>
      <td class="number" data-label="Rate">
        {inDay === undefined ? "–" : `${formatRate(inDay / DAY_MINUTES)}/min`}
      </td>
    </tr>
  );
}

type Props = { readonly keys: readonly KeyAnswer[]; readonly stats: StatsAnswer | undefined; readonly now: number };

export function KeysTable({ keys, stats, now }: Props) {
  const sources = stats?.top.source;
  return (
    <section class="card">
      <h2>API keys</h2>
      <div class="stacking">
        <table class="cards">
          <thead>
            <tr>
              <th>Source and key</th>
              <th>Roles</th>
              <th>State</th>
              <th>Last used</th>
              <th>Made (UTC)</th>
              <th class="number">Last day</th>
              <th class="number">Rate</th>
            </tr>
          </thead>
          <tbody>
            {keys.map((apiKey) => (
              <Row
                key={apiKey.id}
                apiKey={apiKey}
                now={now}
                inDay={
                  sources === undefined ? undefined : (sources.find(({ value }) => value === apiKey.source)?.count ?? 0)
                }
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
