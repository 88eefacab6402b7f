/** What to show when an answer did not come: why, and what to do about it. */

import { MarkShape } from "../parts/mark.tsx";
import { ApiError, isRefusal } from "./client.ts";
import { LEDGER_DEFAULT, parseRoute, routeHash } from "./route.ts";

export function Trouble({ error }: { readonly error: Error | undefined }) {
  if (error === undefined) return null;
  const ledger = parseRoute(location.hash).ledger || LEDGER_DEFAULT;
  const gone = error instanceof ApiError && error.status === 0;
  return (
    <p class={gone ? "note bad" : "note wait"} role="alert">
      <span class={gone ? "bad" : "wait"}>
        <MarkShape kind={gone ? "bad" : "wait"} />
      </span>
      <span>
        {error.message}{" "}
        {isRefusal(error) ? <a href={routeHash({ ledger, page: "sign-in" })}>Sign in with another key</a> : null}
        {gone ? "Trying again …" : null}
      </span>
    </p>
  );
}
