/** What was erased: who asked for it, why, on what ground, which entries, and how far it is; nothing of what they said. */

import { formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { Said } from "../../parts/text/said.tsx";
import { When } from "../../parts/when.tsx";
import { ledgerPath } from "../client.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useMay } from "../live/own-key.ts";
import { usePath } from "../live/polling.ts";
import { routeHash } from "../route.ts";
import type { ErasedArchiveAnswer, ErasureAnswer } from "./retention-answers.ts";

const ERASURES_MS = 5000;
/** Characters of a list of indexes that are shown. */
const INDEXES_MAX = 60;
/** What nobody is shown any more, and what is in no file any more. */
const STATES: Readonly<Record<string, string>> = {
  planned: "planned",
  rewritten: "no answer shows it; it is being taken off the disk",
  kept: "no answer shows it; it is being taken off the disk",
  unindexed: "no answer shows it; it is being taken off the disk",
  destroyed: "its keys are gone; it is being taken off the disk",
  compacted: "off the disk; archives are being written again",
  rearchived: "off the disk and out of archives; it is being recorded",
};

export function ErasureList({ ledger }: { readonly ledger: string }) {
  const maySee = useMay("erasuresRead");
  const path = maySee === true ? ledgerPath(ledger, "/erasures") : undefined;
  const { value, error } = usePath<{ readonly erasures: readonly ErasureAnswer[] }>(path, ERASURES_MS);
  return (
    <section class="card stack tight wrapping">
      <h2>Erasures</h2>
      {maySee === false ? (
        <p class="muted">
          A key of an auditor, an administrator or for privacy sees them. Each is an event of this ledger besides.
        </p>
      ) : null}
      <Trouble error={error} />
      {value === undefined ? null : value.erasures.length === 0 ? (
        <p class="muted">None: nothing that was recorded was ever erased.</p>
      ) : (
        <ErasureTable ledger={ledger} erasures={value.erasures} />
      )}
    </section>
  );
}

type Props = { readonly ledger: string; readonly erasures: readonly ErasureAnswer[] };

function ErasureTable({ ledger, erasures }: Props) {
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Asked</th>
            <th>By</th>
            <th>Why</th>
            <th>Entries</th>
            <th>What went</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {erasures.map((erasure) => (
            <tr key={erasure.id}>
              <td data-label="Asked">
                <When ms={erasure.askedAt} zone />
              </td>
              <td data-label="By">
                <Said text={erasure.source} />
              </td>
              <td data-label="Why">
                <span>
                  <Said text={erasure.reason} />
                  {erasure.ground === undefined ? null : (
                    <span class="muted">
                      {" "}
                      (<Said text={erasure.ground} />)
                    </span>
                  )}
                </span>
              </td>
              <td data-label="Entries">
                <span>
                  {formatCount(erasure.events)}: <Indexes ledger={ledger} indexes={erasure.indexes} />
                </span>
              </td>
              <td data-label="What went">
                {erasure.members === undefined ? "everything but the digests" : erasure.members.join(", ")}
              </td>
              <td data-label="State">
                <div>
                  <State erasure={erasure} />
                  <Staying archives={erasure.archives} />
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Indexes({ ledger, indexes }: { readonly ledger: string; readonly indexes: string }) {
  const first = Number.parseInt(indexes, 10);
  const cut = indexes.length > INDEXES_MAX ? indexes.slice(0, indexes.lastIndexOf(",", INDEXES_MAX)) : indexes;
  return (
    <span>
      <a href={routeHash({ ledger, page: "events", item: first })}>
        <code>{cut.replaceAll(",", ", ")}</code>
      </a>
      {cut === indexes ? "" : " …"}
    </span>
  );
}

/** Why an archive stays as it is. */
const STAYS: Readonly<Record<string, string>> = {
  locked: "locked where it is",
  encrypted: "encrypted to others, so that it may have it",
  damaged: "damaged, so that it may have it",
  refused: "its place does not let it be removed, or it has other names besides",
  held: "held, by a legal hold on something that is nowhere else",
  would_be_clear: "encrypted, and not written again in clear",
  missing: "not there any more, so that it may have it",
};

/** Archives that have it still. */
function Staying({ archives = [] }: { readonly archives: readonly ErasedArchiveAnswer[] | undefined }) {
  return archives.map(({ name, stays, until }) =>
    stays === undefined ? null : (
      <div key={name}>
        <Mark kind="warn">{STAYS[stays] ?? stays}</Mark> <code>{name}</code>
        {until === undefined ? null : (
          <span class="muted">
            {" "}
            until <When ms={until} zone />
          </span>
        )}
      </div>
    ),
  );
}

function State({ erasure: { state, step, doneAt, archives = [] } }: { readonly erasure: ErasureAnswer }) {
  if (state === "refused") return <Mark kind="warn">refused: a legal hold came before anything was gone</Mark>;
  if (state === "running") return <Mark kind="wait">{STATES[step] ?? step}</Mark>;
  return (
    <>
      {archives.some(({ stays }) => stays !== undefined) ? (
        <Mark kind="half">off the disk; archives stay that may have it</Mark>
      ) : (
        <Mark kind="good">done</Mark>
      )}
      {doneAt === undefined ? null : (
        <span class="muted">
          {" "}
          <When ms={doneAt} zone />
        </span>
      )}
    </>
  );
}
