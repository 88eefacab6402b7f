/**
 * Long hex values: in one line, shortened in the middle as the width demands. The whole text stays in the page, so
 * that searching, selecting and copying give all of it.
 */

import { Copy } from "./copy.tsx";

/** Characters that always stay visible at the end. */
const TAIL = 8;

type Props = {
  readonly value: string;
  /** What the value is, for the copy button; without it there is no button. */
  readonly what?: string;
  /** At most about twenty characters wide. */
  readonly short?: boolean;
};

export function Hash({ value, what, short }: Props) {
  return (
    <span class={short ? "hash short" : "hash"}>
      <span class="hash-text" title={value}>
        <span class="hash-head">{value.slice(0, -TAIL)}</span>
        <span class="hash-tail">{value.slice(-TAIL)}</span>
      </span>
      {what === undefined ? null : <Copy text={value} what={what} />}
    </span>
  );
}
