/**
 * A state as a shape and a word: nothing on these pages is said by colour alone. The shapes differ even in grey.
 */

import type { ComponentChildren } from "preact";
import type { VerdictMark } from "../../verify/verdict/table.ts";

/** A disc with a tick, a triangle with a stroke, a half disc, a ring with a dot, a dashed ring, a clock, an octagon. */
export type MarkKind = VerdictMark;

const OCTAGON = "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z";

function Shape({ kind }: { readonly kind: MarkKind }) {
  if (kind === "good") {
    return (
      <>
        <circle class="full" cx="8" cy="8" r="7" />
        <path class="cut" d="M4.8 8.3l2.2 2.2 4.2-4.6" />
      </>
    );
  }
  if (kind === "bad") {
    return (
      <>
        <path class="full" d={OCTAGON} />
        <path class="cut" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" />
      </>
    );
  }
  if (kind === "warn") {
    return (
      <>
        <path class="full" d="M8 1.2l7.2 13.2H.8z" />
        <path class="cut" d="M8 6v4M8 12v.4" />
      </>
    );
  }
  if (kind === "wait")
    return <path class="line" d="M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 4.6V8l2.4 1.6" />;
  if (kind === "half") {
    return (
      <>
        <circle class="line" cx="8" cy="8" r="6.2" />
        <path class="full" d="M8 1.8a6.2 6.2 0 0 0 0 12.4z" />
      </>
    );
  }
  if (kind === "dot") {
    return (
      <>
        <circle class="line" cx="8" cy="8" r="6.2" />
        <circle class="full" cx="8" cy="8" r="2.6" />
      </>
    );
  }
  return <circle class="line dashed" cx="8" cy="8" r="6.2" />;
}

/** The shape alone; whoever uses it writes the word beside it. */
export function MarkShape({ kind }: { readonly kind: MarkKind }) {
  return (
    <svg class={`mark ${kind}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <Shape kind={kind} />
    </svg>
  );
}

/** Shape and word. */
export function Mark({ kind, children }: { readonly kind: MarkKind; readonly children: ComponentChildren }) {
  return (
    <span class={`marked ${kind}`}>
      <MarkShape kind={kind} />
      <span>{children}</span>
    </span>
  );
}

/** How far an entry or a checkpoint has come. */
export function StageMark({ stage }: { readonly stage: "recorded" | "anchored" | "final" }) {
  const kind = stage === "final" ? "good" : stage === "anchored" ? "half" : "dot";
  return <Mark kind={kind}>{stage}</Mark>;
}

/** How an action ended, as its sender said. */
export function OutcomeMark({ outcome }: { readonly outcome: string | undefined }) {
  if (outcome === undefined || outcome === "unknown") return <span class="muted">unknown</span>;
  if (outcome === "success") return <span>success</span>;
  return <Mark kind={outcome === "failure" || outcome === "denied" ? "bad" : "none"}>{outcome}</Mark>;
}
