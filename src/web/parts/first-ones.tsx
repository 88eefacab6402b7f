/** A long list: its first ones, and a button for the others, so that what follows it is found. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { formatCount } from "./format.ts";

const SHOWN = 40;
/** For fewer than these a button would take their room. */
const SPARED_LEAST = 10;

type FirstOnes<T> = {
  readonly shown: readonly T[];
  /** What to put below them; nothing when they are all there. */
  readonly rest: ComponentChildren;
};

/** @param what they are, in the plural @param first how many are shown at once */
export function useFirstOnes<T>(all: readonly T[], what: string, first = SHOWN): FirstOnes<T> {
  const [isOpen, setOpen] = useState(false);
  if (isOpen || all.length < first + SPARED_LEAST) return { shown: all, rest: null };
  const words = `${formatCount(all.length - first)} more ${what}`;
  const rest = (
    <>
      <button type="button" class="button small" onClick={() => setOpen(true)}>
        Show {words}
      </button>
      <p class="print-only muted small">and {words}, which were folded</p>
    </>
  );
  return { shown: all.slice(0, first), rest };
}
