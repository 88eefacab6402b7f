/** The line at the head of every page: whether everything is well, in colour, mark and words, and what to do if not. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type MarkKind, MarkShape } from "../../parts/mark.tsx";
import { useNow } from "../../parts/now.ts";
import { Said } from "../../parts/text/said.tsx";
import { useMay } from "../live/own-key.ts";
import { type Polled, usePath } from "../live/polling.ts";
import { useSession } from "../session.tsx";
import { lineOf } from "./line-words.ts";
import type { StandingAnswer } from "./standing-answer.ts";

const STANDING_MS = 10_000;
/** What does not answer for so long does not say that all is well. */
const PATIENCE_MS = 8000;
/** How often it is seen that an answer is old. */
const CLOCK_MS = 5000;

const MARKS: Readonly<Record<StandingAnswer["state"], MarkKind>> = {
  good: "good",
  attention: "warn",
  critical: "bad",
  unknown: "none",
};

type PolledStanding = Polled<StandingAnswer | undefined> & {
  /** Whether the key may know; undefined until that is known. */
  readonly may: boolean | undefined;
};

const NONE: PolledStanding = {
  value: undefined,
  error: undefined,
  answeredAt: undefined,
  reload: () => undefined,
  may: undefined,
};
const StandingContext = createContext<PolledStanding>(NONE);

/** The frame asks for it, once for all parts of the pages. */
export const StandingProvider = StandingContext.Provider;

export function useStanding(): PolledStanding {
  return useContext(StandingContext);
}

export function useAskedStanding(): PolledStanding {
  const may = useMay("alertsRead");
  const polled = usePath<StandingAnswer>(may === true ? "/v1/standing" : undefined, STANDING_MS, PATIENCE_MS);
  return { ...polled, may };
}

type LineProps = { readonly ledger: string; readonly standing: PolledStanding };

export function StandingLine({ ledger, standing: { value, error, answeredAt, may } }: LineProps) {
  const { client } = useSession();
  const now = useNow(CLOCK_MS);
  const { state, title, text, links } = lineOf({ ledger, hasKey: client.hasKey, may, value, error, answeredAt, now });
  return (
    <div class={`standing ${state}`} role="status" data-state={state}>
      <div class="standing-in">
        <MarkShape kind={MARKS[state]} />
        <span class="standing-words">
          <b>{title}</b>{" "}
          <span title={text}>
            <Said text={text} />
          </span>
        </span>
        {links.length === 0 ? null : (
          <span class="standing-links">
            {links.map((link) => (
              <StandingLink key={link.text} {...link} />
            ))}
          </span>
        )}
      </div>
    </div>
  );
}

/** A page of the documentation opens beside this one. */
export function StandingLink({ href, text }: { readonly href: string; readonly text: string }) {
  const isPage = href.startsWith("#");
  return (
    <a href={href} target={isPage ? undefined : "_blank"} rel={isPage ? undefined : "noreferrer"}>
      {text}
    </a>
  );
}
