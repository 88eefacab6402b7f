/**
 * The keys of a source. Changing one is making a second, giving it to the sender, seeing that it is used, and only then
 * ending the first: so there is no moment in which the sender is refused.
 */

import { useState } from "preact/hooks";
import { SENDERS } from "../../../senders/known-senders.ts";
import { Command } from "../../parts/command.tsx";
import { formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { Ago, When } from "../../parts/when.tsx";
import type { NewKeyAnswer, SourceAnswer, SourceKeyAnswer } from "../answers.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useMay, useReadOnly } from "../live/own-key.ts";
import { useReach } from "../live/service-reachable.tsx";
import { useSession } from "../session.tsx";
import { useKeyMaking } from "./key-making.ts";
import { keyWord } from "./source-words.ts";

/** As many live keys as a source may have. */
const LIVE_MAX = 2;

type Props = {
  readonly ledger: string;
  readonly source: SourceAnswer;
  readonly now: number;
  readonly onChange: () => void;
};

export function SourceKeys({ ledger, source, now, onChange }: Props) {
  const may = useMay("keysWrite");
  const isReadOnly = useReadOnly();
  const { busy, error, make } = useKeyMaking();
  const [made, setMade] = useState<NewKeyAnswer | undefined>(undefined);
  const live = source.keys.filter(({ state }) => state === "live");
  const signing = live.filter(({ webhookSecretSince }) => webhookSecretSince !== undefined);
  const change = () =>
    make({ source: source.source, ledger, note: live[0]?.note ?? "", days: 0, signs: isSigned(source) }, (key) => {
      setMade(key);
      onChange();
    });
  const newest = source.keys.find(({ id }) => id === made?.id);
  // The one that was just made may not be listed yet.
  const count = live.length + (made !== undefined && newest === undefined ? 1 : 0);
  return (
    <section class="card stack tight">
      <h2>Keys</h2>
      {signing.length === 0 ? null : (
        <p class="muted small">
          {signing.length === 1 ? "One live key has" : `${signing.length} live keys have`} a secret by which the sender
          signs.
        </p>
      )}
      {source.keys.length === 0 ? <p class="muted">No key for this ledger: it came in another way.</p> : null}
      {source.keys.length === 0 ? null : (
        <KeyList source={source} now={now} mayEnd={may === true} onChange={onChange} />
      )}
      {made === undefined ? null : <NewKey made={made} seen={newest} now={now} others={count - 1} />}
      <Trouble error={error} />
      {isReadOnly ? null : may === false ? (
        <p class="muted small">Making and ending keys needs an administrator’s key, for all ledgers.</p>
      ) : (
        <p class="row">
          <button type="button" class="button" disabled={busy || count >= LIVE_MAX} onClick={change}>
            {count === 0 ? "Make a key" : "Change the key"}
          </button>
          <span class="muted small">
            {count >= LIVE_MAX
              ? "Two keys are live: end the old one when the new one is used."
              : "Makes another one beside it, so that the sender is refused at no moment."}
          </span>
        </p>
      )}
    </section>
  );
}

/** Whether what it sends is signed: then the new key needs a secret, too. */
function isSigned({ received }: SourceAnswer): boolean {
  const signed = SENDERS.filter(({ key }) => key === "signature").map(({ format }) => format);
  return received.some(({ format }) => signed.includes(format));
}

type NewKeyProps = {
  readonly made: NewKeyAnswer;
  /** What the service says of it by now. */
  readonly seen: SourceKeyAnswer | undefined;
  readonly now: number;
  /** Live keys besides. */
  readonly others: number;
};

function NewKey({ made, seen, now, others }: NewKeyProps) {
  return (
    <div class="stack tight">
      <p>
        The new key <span class="mono">{made.id.slice(0, 8)}</span>, shown this once. Put it in the place of the old
        one.
      </p>
      <Command text={made.key} what="the new key" />
      {made.webhookSecret === undefined ? null : (
        <>
          <p>Its secret, for a sender that signs:</p>
          <Command text={made.webhookSecret} what="the new secret" />
        </>
      )}
      {seen?.lastUsedAt === undefined ? (
        <Mark kind="wait">not used yet: leave the old one live</Mark>
      ) : (
        <Mark kind="good">
          used <Ago ms={seen.lastUsedAt} now={now} />
          {others > 0 ? ": the old one can be ended" : ""}
        </Mark>
      )}
    </div>
  );
}

type ListProps = Omit<Props, "ledger"> & { readonly mayEnd: boolean };

function KeyList({ source, now, mayEnd, onChange }: ListProps) {
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Key</th>
            <th>State</th>
            <th>Last used</th>
            <th>Ends (UTC)</th>
            <th>
              <span class="unseen">End it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {source.keys.map((key) => (
            <KeyRow key={key.id} apiKey={key} now={now} mayEnd={mayEnd} onChange={onChange} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = {
  readonly apiKey: SourceKeyAnswer;
  readonly now: number;
  readonly mayEnd: boolean;
  readonly onChange: () => void;
};

function KeyRow({ apiKey, now, mayEnd, onChange }: RowProps) {
  const { isLost } = useReach();
  const { id, note, state, lastUsedAt, refused, webhookSecretSince } = apiKey;
  const { kind, word } = keyWord(apiKey, now);
  const endsAt = apiKey.revokedAt ?? apiKey.expiresAt;
  return (
    <tr class={kind === "bad" ? "alarming" : undefined}>
      <td data-label="Key">
        <span>
          <span class="mono">{id}</span>
          {note === undefined ? null : <div class="muted small">{note}</div>}
          {webhookSecretSince === undefined ? null : (
            <div class="muted small">
              can sign, since <When ms={webhookSecretSince} zone />
            </div>
          )}
        </span>
      </td>
      <td data-label="State">
        <span>
          {isLost && kind === "good" ? <Mark kind="none">was live</Mark> : <Mark kind={kind}>{word}</Mark>}
          {refused === undefined ? null : (
            <div class="muted small">
              {refused.count === 1 ? "once, " : `${formatCount(refused.count)} times, last `}
              <Ago ms={refused.lastAt} now={now} />
            </div>
          )}
        </span>
      </td>
      <td class="nowrap" data-label="Last used">
        {lastUsedAt === undefined ? <span class="muted">never</span> : <Ago ms={lastUsedAt} now={now} />}
      </td>
      <td class="nowrap" data-label="Ends">
        {endsAt === undefined ? <span class="muted">never</span> : <When ms={endsAt} />}
      </td>
      <td>{mayEnd && state === "live" ? <EndKey id={id} onChange={onChange} /> : null}</td>
    </tr>
  );
}

/** Asks once more: a key cannot be made live again. */
function EndKey({ id, onChange }: { readonly id: string; readonly onChange: () => void }) {
  const { client } = useSession();
  const [step, setStep] = useState<"rest" | "asked" | "busy">("rest");
  const [error, setError] = useState<Error | undefined>(undefined);
  const end = () => {
    setStep("busy");
    client.remove(`/v1/keys/${encodeURIComponent(id)}`).then(onChange, (cause: Error) => {
      setError(cause);
      setStep("rest");
    });
  };
  if (step === "rest") {
    return (
      <span class="stack tight">
        <button type="button" class="button small" onClick={() => setStep("asked")}>
          End …<span class="unseen"> the key {id.slice(0, 8)}</span>
        </button>
        <Trouble error={error} />
      </span>
    );
  }
  return (
    <span class="row">
      <button type="button" class="button small" disabled={step === "busy"} onClick={end}>
        End it for good
      </button>
      <button type="button" class="button small quiet" disabled={step === "busy"} onClick={() => setStep("rest")}>
        No
      </button>
    </span>
  );
}
