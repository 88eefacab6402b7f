/** What to show when an answer did not come: why, and what to do about it. */

import { LEDGER_DEFAULT } from "../../../net/service-defaults.ts";
import { MarkShape } from "../../parts/mark.tsx";
import { isRefusal, isUnreachable } from "../client.ts";
import { useReach } from "../live/service-reachable.tsx";
import { parseRoute, routeHash } from "../route.ts";

export function Trouble({ error }: { readonly error: Error | undefined }) {
  const { isLost } = useReach();
  if (error === undefined) return null;
  const ledger = parseRoute(location.hash).ledger || LEDGER_DEFAULT;
  const gone = isUnreachable(error);
  // The frame says it already, once for all parts of the page.
  if (gone && isLost) return null;
  return (
    <p class={gone ? "note bad" : "note wait"} role="alert">
      <span class={gone ? "bad" : "wait"}>
        <MarkShape kind={gone ? "bad" : "wait"} />
      </span>
      <span>
        {error.message}{" "}
        {isRefusal(error) ? <a href={routeHash({ ledger, page: "sign-in" })}>Sign in with another key</a> : null}
      </span>
    </p>
  );
}
