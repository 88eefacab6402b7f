/** The switch of live mode, and how it stands: it follows, waits while the reader is further down, or has lost the connection. */

import { formatCount } from "../../parts/format.ts";
import { MarkShape } from "../../parts/mark.tsx";
import type { Following } from "./following.ts";

type Props = {
  readonly isOn: boolean;
  readonly following: Following;
  readonly isPaused: boolean;
  readonly onSwitch: () => void;
  /** The reader wants to see what waits. */
  readonly onShow: () => void;
};

function words({ phase, why }: Following, isPaused: boolean): string {
  if (phase === "connecting") return "Connecting …";
  if (phase === "ended") return `Nothing more comes: ${why?.message ?? "the service ended it."}`;
  if (phase === "lost")
    return `Not live: ${why?.message ?? "the connection is lost."} Trying again; nothing will be missed.`;
  return isPaused ? "Paused while you read further down" : "Following: events appear here as soon as they are recorded";
}

function kindOf({ phase }: Following): "good" | "wait" | "bad" {
  if (phase === "following") return "good";
  return phase === "lost" ? "bad" : "wait";
}

export function LiveBar({ isOn, following, isPaused, onSwitch, onShow }: Props) {
  const { waiting, unreadable } = following;
  return (
    <div class="live-bar" data-phase={isOn ? following.phase : "off"}>
      <button type="button" role="switch" aria-checked={isOn} class="button small" onClick={onSwitch}>
        Live
      </button>
      <span role="status" class="small">
        {isOn ? (
          <>
            <span class={kindOf(following)}>
              <MarkShape kind={kindOf(following)} />
            </span>{" "}
            {words(following, isPaused)}
          </>
        ) : (
          <span class="muted">New events are looked for every 2 s</span>
        )}
      </span>
      {isOn && waiting > 0 ? (
        <button type="button" class="button small primary" onClick={onShow}>
          {waiting === 1 ? "1 new event waits" : `${formatCount(waiting)} new events wait`}
        </button>
      ) : null}
      {isOn && unreadable > 0 ? (
        <span class="small bad">
          {unreadable === 1 ? "1 entry" : `${formatCount(unreadable)} entries`} may match and cannot be read: run an
          audit
        </span>
      ) : null}
    </div>
  );
}
