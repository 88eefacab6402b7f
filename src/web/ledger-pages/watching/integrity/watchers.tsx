/** Those who watch the ledger from elsewhere, and the last word of each. */

import { formatCount, formatSpan } from "../../../parts/format.ts";
import { Hash } from "../../../parts/hash.tsx";
import { Mark, type MarkKind } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import { When } from "../../../parts/when.tsx";
import { ledgerPath } from "../../client.ts";
import { Trouble } from "../../frame/trouble.tsx";
import { usePath } from "../../live/polling.ts";
import { useReach } from "../../live/service-reachable.tsx";
import type { WatcherAnswer, WatchersAnswer } from "./integrity-answers.ts";

const WATCHERS_MS = 10_000;

/** How a watcher is, in a word. */
const STATES: Readonly<Record<WatcherAnswer["state"], { readonly kind: MarkKind; readonly word: string }>> = {
  good: { kind: "good", word: "sees nothing wrong" },
  silent: { kind: "warn", word: "fell silent" },
  contradicts: { kind: "bad", word: "contradicts this service" },
  unknown: { kind: "warn", word: "could not tell" },
  never_heard: { kind: "none", word: "was never heard" },
};

export function Watchers({ ledger }: { readonly ledger: string }) {
  const { value, error } = usePath<WatchersAnswer>(ledgerPath(ledger, "/watchers"), WATCHERS_MS);
  return (
    <section class="card stack tight wrapping">
      <h2>Watchers elsewhere</h2>
      <Trouble error={error} />
      {value === undefined ? null : <WatcherList watchers={value.watchers} />}
    </section>
  );
}

function WatcherList({ watchers }: WatchersAnswer) {
  if (watchers.length === 0) {
    return (
      <p>
        <Mark kind="warn">None is configured: nobody elsewhere would notice a ledger that is shown in two ways</Mark>
      </p>
    );
  }
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Watcher</th>
            <th>State</th>
            <th>Last word (UTC)</th>
            <th class="number">Size</th>
            <th>It found</th>
          </tr>
        </thead>
        <tbody>
          {watchers.map((watcher) => (
            <WatcherRow key={watcher.name} watcher={watcher} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function WatcherRow({ watcher: { name, key, everyS, state, last, differs } }: { readonly watcher: WatcherAnswer }) {
  const { isLost } = useReach();
  const { kind, word } = STATES[state] ?? { kind: "none", word: state };
  const { findings: said = [] } = last ?? {};
  const findings = differs === undefined ? said : [...said, { code: "differs", detail: differs }];
  return (
    <tr>
      <td data-label="Watcher">
        <span>
          <b>
            <Said text={name} />
          </b>{" "}
          <Hash value={key} short />
        </span>
      </td>
      <td data-label="State">{isLost ? <Mark kind="none">not known now</Mark> : <Mark kind={kind}>{word}</Mark>}</td>
      <td data-label="Last word">
        {last === undefined ? (
          <span class="muted">none, expected every {formatSpan(everyS * 1000)}</span>
        ) : (
          <span>
            <When ms={last.receivedAt} /> <span class="muted small">every {formatSpan(everyS * 1000)}</span>
          </span>
        )}
      </td>
      <td data-label="Size" class="number">
        {last?.size === undefined ? "–" : formatCount(last.size)}
      </td>
      <td data-label="It found">
        {findings.length === 0 ? (
          <span class="muted">{last === undefined ? "–" : "nothing"}</span>
        ) : (
          <span>
            {findings.map(({ code, detail }) => (
              <span key={code}>
                <code>{code}</code> <Said text={detail} />{" "}
              </span>
            ))}
          </span>
        )}
      </td>
    </tr>
  );
}
