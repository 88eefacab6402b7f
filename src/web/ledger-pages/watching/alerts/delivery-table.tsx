/** What channels are still to be told, or did not take: which alert, how often it was tried, and why not. */

import { useFirstOnes } from "../../../parts/first-ones.tsx";
import { formatCount } from "../../../parts/format.ts";
import { Said } from "../../../parts/text/said.tsx";
import { When } from "../../../parts/when.tsx";
import type { AlertsAnswer, DeliveryAnswer } from "./alert-answers.ts";

type Props = { readonly alerts: AlertsAnswer; readonly deliveries: readonly DeliveryAnswer[] };

export function DeliveryTable({ alerts: { firing, over }, deliveries }: Props) {
  const { shown, rest } = useFirstOnes(deliveries, "deliveries");
  const titles = new Map([...over, ...firing].map(({ id, title }) => [id, title]));
  return (
    <>
      <div class="stacking">
        <table class="cards">
          <thead>
            <tr>
              <th>Channel</th>
              <th>Alert</th>
              <th class="number">Tried</th>
              <th>Why not</th>
              <th>When (UTC)</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each) => (
              <tr key={`${each.channel} ${each.change}`}>
                <td data-label="Channel">
                  <Said text={each.channel} />
                </td>
                <td data-label="Alert">
                  <span>
                    {each.kind}: <Said text={titles.get(each.alert) ?? each.alert} />
                  </span>
                </td>
                <td data-label="Tried" class="number">
                  {formatCount(each.attempts)}
                </td>
                <td data-label="Why not">
                  {each.failure === undefined ? <span class="muted">not tried yet</span> : <Said text={each.failure} />}
                </td>
                <td data-label="When (UTC)">
                  <span>
                    {each.deadAt === undefined ? "next " : "last "}
                    <When ms={each.deadAt ?? each.dueAt} />
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rest}
    </>
  );
}
