/** Which sender it is: all that are known, by what they are part of. */

import { SENDERS } from "../../../senders/known-senders.ts";
import { GROUPS } from "../../../senders/sender.ts";
import { useMay } from "../live/own-key.ts";
import { sourcesHref } from "./source-words.ts";

export function ChooseSender({ ledger }: { readonly ledger: string }) {
  const may = useMay("keysWrite");
  return (
    <div class="stack">
      <p>
        <a class="button small" href={sourcesHref(ledger)}>
          All sources
        </a>
      </p>
      <div>
        <h1>What sends?</h1>
        <p class="muted">Each of these sends as it is: nothing is installed, a few lines are pasted.</p>
      </div>
      {may === false ? (
        <p class="note">
          <span>Your key may not make keys. Choose what sends, and you get the command for an administrator.</span>
        </p>
      ) : null}
      {GROUPS.map((group) => (
        <section class="card" key={group}>
          <h2>{group}</h2>
          <ul class="senders">
            {SENDERS.filter((sender) => sender.group === group).map(({ id, title }) => (
              <li key={id}>
                <a class="button" href={sourcesHref(ledger, { add: id })}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
