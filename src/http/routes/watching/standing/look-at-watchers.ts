/** What watchers elsewhere say: something bad, nothing that they could tell, or nothing at all. */

import { spellMoment } from "../../../../alerts/spell.ts";
import type { WatcherBook } from "../../../../alerts/watchers/watcher-book.ts";
import type { StandingLook, StandingReason, UnseenPart } from "./standing.ts";

type WatchersSaid = {
  all(): readonly Pick<ReturnType<WatcherBook["all"]>[number], "name" | "ledger" | "state" | "heard">[];
};

/** @param hrefOf the page about the integrity of a ledger */
export function lookAtWatchers(watchers: WatchersSaid, hrefOf: (ledger: string) => string): StandingLook {
  return {
    what: "what watchers elsewhere say",
    look: () => {
      const all = watchers
        .all()
        .map((each) => ({ ...each, place: { ledger: each.ledger, href: hrefOf(each.ledger) } }));
      const bad = all.filter(({ state }) => state === "contradicts");
      const unseen = all.filter(({ state }) => state !== "contradicts" && state !== "good");
      return {
        reasons: bad.map(({ name, ledger, place }): StandingReason => {
          const text = `the watcher ${name} contradicts the ledger ${ledger}`;
          return { code: "watcher_contradicts", severity: "critical", text, ...place };
        }),
        unseen: unseen.map(({ name, ledger, state, heard, place }): UnseenPart => {
          const since =
            heard === undefined ? "it was never heard" : `it was heard last at ${spellMoment(heard.receivedAt)}`;
          const why = state === "unknown" ? "it says that it cannot tell" : since;
          return { what: `what the watcher ${name} sees of the ledger ${ledger}`, why, ...place };
        }),
      };
    },
  };
}
