/**
 * Changing rules: a text of JSON, tried on the newest events first, and put only as it was tried. What the service says of it is
 * shown as it says it.
 */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { readJson } from "../../../json/read.ts";
import { Command } from "../../parts/command.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import { ledgerPath } from "../client.ts";
import { ApiError } from "../frame/api-error.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useMay } from "../live/own-key.ts";
import { useSession } from "../session.tsx";
import { PreviewResult } from "./preview.tsx";
import { type PreviewAnswer, rulesHref } from "./rule-answers.ts";

type Props = {
  readonly ledger: string;
  readonly title: string;
  readonly about: string;
  /** What the text field is for, and its first text. */
  readonly label: string;
  readonly before: string;
  /** What is tried, made of the value of the text. */
  readonly proposed: (value: unknown) => object;
  readonly put: (value: unknown) => Promise<unknown>;
  readonly onDone: () => void;
  /** What somebody can run who may, in the place of this. */
  readonly command: string;
  /** Why it cannot be tried yet. */
  readonly missing?: string | undefined;
  /** Goes with the text: where it changes, the text is to be tried anew. */
  readonly besides?: string;
  readonly children?: ComponentChildren;
};

type Tried = { readonly text: string; readonly preview: PreviewAnswer };

/** Trying and putting what a text says, one at a time. */
function useTrying({ ledger, proposed, put, onDone }: Props) {
  const { client } = useSession();
  const [tried, setTried] = useState<Tried | undefined>(undefined);
  const [error, setError] = useState<Error | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const work = (text: string, make: (value: unknown) => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    Promise.resolve()
      .then(() => make(jsonOf(text)))
      .catch(setError)
      .finally(() => setBusy(false));
  };
  /** @param whole the text, and what goes with it */
  const tryIt = (text: string, whole: string) =>
    work(text, async (value) => {
      const path = ledgerPath(ledger, "/rules/preview");
      setTried({ text: whole, preview: await client.post<PreviewAnswer>(path, proposed(value)) });
    });
  const putIt = (text: string) =>
    work(text, async (value) => {
      await put(value);
      onDone();
    });
  return { tried, error, busy, tryIt, putIt };
}

export function RuleForm(props: Props) {
  const { ledger, title, about, label, before, command, missing, besides = "", children } = props;
  const [text, setText] = useState(before);
  const { tried, error, busy, tryIt, putIt } = useTrying(props);
  const whole = `${besides}\n${text}`;
  const isTried = tried?.text === whole;
  const may = useMay("rulesWrite");
  if (may === false || (error instanceof ApiError && error.code === "role_insufficient"))
    return <NotAllowed ledger={ledger} command={command} />;
  return (
    <section class="card stack tight">
      <h1>{title}</h1>
      <p class="muted">{about}</p>
      <form
        class="stack tight"
        onSubmit={(event) => {
          event.preventDefault();
          if (isTried) putIt(text);
          else tryIt(text, whole);
        }}
      >
        {children}
        <div class="field">
          <label for="rule-text">{label}</label>
          <textarea
            id="rule-text"
            class="input rule-text"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <Trouble error={error} />
        {isTried ? <PreviewResult ledger={ledger} preview={tried.preview} /> : null}
        <p class="row">
          <button type="submit" class="button primary" disabled={busy || missing !== undefined}>
            {isTried ? "Put it" : "Try it on the newest events"}
          </button>
          <a class="button" href={rulesHref(ledger)}>
            Leave it
          </a>
          <span class="muted small">
            {missing ?? (isTried ? "It holds for what comes after." : "Nothing is changed by trying.")}
          </span>
        </p>
      </form>
    </section>
  );
}

/** @throws Error that says what is wrong with the text */
function jsonOf(text: string): unknown {
  try {
    return readJson(text);
  } catch (cause) {
    throw new Error(`Expected JSON, got a text that is none: ${(cause as Error).message}`);
  }
}

function NotAllowed({ ledger, command }: { readonly ledger: string; readonly command: string }) {
  return (
    <section class="card stack tight">
      <p class="note wait" role="alert">
        <span class="wait">
          <MarkShape kind="wait" />
        </span>
        <span>
          <b>You are signed in with a key that may not change rules.</b> That needs an administrator’s. Sign in with
          one, or let whoever has one run this:
        </span>
      </p>
      <Command text={command} />
      <p>
        <a class="button small" href={rulesHref(ledger)}>
          All rules
        </a>
      </p>
    </section>
  );
}
