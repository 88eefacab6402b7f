/** A text in a frame of its own, formatted or as it is, and copied so; one too long to stand among others is folded, with its length. */

import { useMemo, useState } from "preact/hooks";
import { Copy } from "../copy.tsx";
import { formatBytes } from "../format.ts";
import { indentJson } from "./indent-json.ts";

const CHARACTERS_MAX = 400;
const LINES_MAX = 8;
/** More at once makes a browser slow; the button copies all of it. */
const SHOWN_MAX = 200_000;

/** Whether a text is too long to be shown unfolded. */
export function isLong(text: string): boolean {
  return text.length > CHARACTERS_MAX || text.split("\n", LINES_MAX + 1).length > LINES_MAX;
}

type Props = {
  readonly text: string;
  /** What it is, for the copy button. */
  readonly what?: string;
};

/** The text, unfolded. */
export function FramedText({ text, what = "text" }: Props) {
  const formatted = useMemo(() => indentJson(text), [text]);
  const [isExact, setExact] = useState(false);
  const shown = isExact || formatted === undefined ? text : formatted;
  return (
    <>
      <div class="row between">
        {formatted === undefined ? (
          <span class="muted small">as it is, no JSON</span>
        ) : (
          <fieldset class="segments" aria-label="Spelling">
            <button type="button" aria-pressed={!isExact} onClick={() => setExact(false)}>
              Formatted
            </button>
            <button type="button" aria-pressed={isExact} onClick={() => setExact(true)}>
              Exact
            </button>
          </fieldset>
        )}
        <Copy text={shown} what={what} label="Copy" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre class="long-text" tabIndex={0}>
        {shown.slice(0, SHOWN_MAX)}
      </pre>
      {shown.length > SHOWN_MAX ? (
        <p class="muted small">The first {formatBytes(SHOWN_MAX)}; “Copy” takes all of it.</p>
      ) : null}
    </>
  );
}

export function LongText({ text, what }: Props) {
  const [isOpen, setOpen] = useState(false);
  const first = text.trimStart().slice(0, 48);
  return (
    <details class="long" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Show {formatBytes(new Blob([text]).size)} <code class="long-begin">{first} …</code>
      </summary>
      {isOpen ? <FramedText text={text} {...(what === undefined ? {} : { what })} /> : null}
    </details>
  );
}
