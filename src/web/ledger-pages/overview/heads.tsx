/** How far the ledger is: its three heads on one line, with what lies between them. */

import type { ComponentChildren } from "preact";
import { formatCount, formatSpan } from "../../parts/format.ts";
import { type MarkKind, MarkShape } from "../../parts/mark.tsx";
import { Ago } from "../../parts/when.tsx";
import type { AnchorAnswer, LedgerAnswer } from "../answers.ts";

type HeadProps = {
  readonly kind: MarkKind;
  readonly word: string;
  readonly size: number;
  readonly meaning: string;
  /** Milliseconds since 1970; undefined when it is not known. */
  readonly at: number | undefined;
  readonly now: number;
  readonly behind: ComponentChildren;
};

/** Since when it is there; of one that is there and whose time has not come yet, nothing is said. */
function Since({ size, at, now }: Pick<HeadProps, "size" | "at" | "now">) {
  if (at !== undefined) return <Ago ms={at} now={now} />;
  return <span class="muted">{size === 0 ? "not yet" : "…"}</span>;
}

function Head({ kind, word, size, meaning, at, now, behind }: HeadProps) {
  return (
    <li class={`head ${kind}`}>
      <span class="head-track">
        <MarkShape kind={kind} />
        <span class="head-word">{word}</span>
      </span>
      <span class="head-size">{formatCount(size)}</span>
      <span class="muted small">{meaning}</span>
      <span class="small">
        <Since size={size} at={at} now={now} />
        {behind}
      </span>
    </li>
  );
}

function Behind({ count, span }: { readonly count: number; readonly span?: number }) {
  if (count <= 0) return null;
  return (
    <span class="muted">
      {" "}
      · {formatCount(count)} behind{span === undefined || span < 1000 ? "" : `, ${formatSpan(span)}`}
    </span>
  );
}

type Props = {
  readonly ledger: LedgerAnswer;
  /** The newest anchors, newest first. */
  readonly anchors: readonly AnchorAnswer[];
  /** Milliseconds since 1970 of the newest checkpoint. */
  readonly recordedAt: number | undefined;
  readonly now: number;
};

export function Heads({ ledger, anchors, recordedAt, now }: Props) {
  const { size, anchoredSize, finalSize } = ledger;
  const anchored = anchors.find((anchor) => anchor.size === anchoredSize);
  const final = anchors.find((anchor) => anchor.size <= finalSize && anchor.stage === "final");
  const lag = Math.max(0, ...ledger.chains.map((chain) => chain.lagMs));
  return (
    <ol class="heads" aria-label="How far the ledger is">
      <Head
        kind={size === 0 ? "none" : "dot"}
        word="Recorded"
        size={size}
        meaning="durable and signed"
        at={size === 0 ? undefined : recordedAt}
        now={now}
        behind={null}
      />
      <Head
        kind={anchoredSize === 0 ? "none" : "half"}
        word="Anchored"
        size={anchoredSize}
        meaning="in a block of the chain"
        at={anchored === undefined ? undefined : anchored.blockTime * 1000}
        now={now}
        behind={<Behind count={size - anchoredSize} span={lag} />}
      />
      <Head
        kind={finalSize === 0 ? "none" : "good"}
        word="Final"
        size={finalSize}
        meaning="in a block that stays"
        at={final === undefined ? undefined : final.blockTime * 1000}
        now={now}
        behind={<Behind count={size - finalSize} />}
      />
    </ol>
  );
}
