/** The key, shown this once, and what to paste into the sender, with the address that this page has itself. */

import { fillIn, fillingOf, type Sender } from "../../../senders/sender.ts";
import { Command } from "../../parts/command.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import type { NewKeyAnswer } from "../answers.ts";
import { serviceUrl } from "../client.ts";
import { SenderPage } from "./sender-page.tsx";
import { sourcesHref } from "./source-words.ts";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** In the place of a key that is not known here. */
const ABSENT = "<the key>";

function Warning({ text }: { readonly text: string }) {
  return (
    <p class="note wait">
      <span class="wait">
        <MarkShape kind="wait" />
      </span>
      <span>{text}</span>
    </p>
  );
}

type Props = {
  readonly ledger: string;
  readonly sender: Sender;
  /** Undefined after a reload, when the key is not to be had any more. */
  readonly made: NewKeyAnswer | undefined;
  /** Its name, where that is known. */
  readonly source: string | undefined;
  /** Undefined for senders that have no key. */
  readonly keyId: string | undefined;
};

export function ToPaste({ ledger, sender, made, source, keyId }: Props) {
  const filling = fillingOf(serviceUrl("/"), {
    key: made?.key ?? ABSENT,
    ledger,
    source: source ?? sender.id,
    secret: made?.webhookSecret ?? "<its secret>",
  });
  return (
    <section class="card stack">
      {made === undefined ? null : (
        <div class="stack tight">
          <h2>The key of “{made.source}”</h2>
          <Command text={made.key} what="the key" />
          {made.webhookSecret === undefined ? null : (
            <>
              <p class="small">Its secret, with which the sender signs</p>
              <Command text={made.webhookSecret} what="the secret" />
            </>
          )}
          <p class="muted small">
            {made.webhookSecret === undefined
              ? "It is shown this once, and kept nowhere: not here, and not by the service."
              : "Both are shown this once. The service keeps the secret, sealed, to check signatures by it, and of the key only its hash."}
          </p>
        </div>
      )}
      {made === undefined && keyId !== undefined ? (
        <p class="note">
          <span>
            The key <span class="mono">{keyId}</span> was shown once, and is not to be had again. Was it not copied?
            Make <a href={sourcesHref(ledger, { add: sender.id })}>another one</a>, and end this one.
          </span>
        </p>
      ) : null}
      <div class="stack tight">
        <h2>What to paste</h2>
        {LOOPBACK.test(filling.host) ? (
          <Warning
            text={`${filling.host} is this machine: from another one, or from inside a container, the service has another address. Put that in its place.`}
          />
        ) : null}
        {sender.snippets.map(({ where, text }) => (
          <div key={where}>
            <p class="small">{where}</p>
            <Command text={fillIn(text, filling)} what={`what to paste: ${where}`} />
          </div>
        ))}
        <ul class="small notes-list">
          {sender.notes.map((note) => (
            <li key={note}>{fillIn(note, filling)}</li>
          ))}
          <li>
            <SenderPage page={sender.page} text="More about it" />
          </li>
        </ul>
      </div>
    </section>
  );
}
