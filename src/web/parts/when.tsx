/** An instant: in UTC as text, in the reader's own zone when pointed at, and how long ago where that matters. */

import { formatLocalTime, formatSpan, formatTime } from "./format.ts";

type Props = { readonly ms: number; readonly zone?: boolean };

/** `zone` adds the letters UTC, where no heading says them. */
export function When({ ms, zone }: Props) {
  return (
    <time class="when" dateTime={`${formatTime(ms)}Z`} title={formatLocalTime(ms)}>
      {formatTime(ms)}
      {zone ? " UTC" : ""}
    </time>
  );
}

/** "3 min 12 s ago". */
export function Ago({ ms, now }: { readonly ms: number; readonly now: number }) {
  const age = now - ms;
  return (
    <time dateTime={`${formatTime(ms)}Z`} title={`${formatTime(ms)} UTC`}>
      {age < 1500 ? "just now" : `${formatSpan(age)} ago`}
    </time>
  );
}
