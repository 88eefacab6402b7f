/** In place of a page that cannot be shown: what is wrong in a heading, what the service said, and where to go. */

import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { LEDGER_DEFAULT } from "../../../net/service-defaults.ts";
import { isRefusal } from "../client.ts";
import { type Route, routeHash } from "../route.ts";
import { useSession } from "../session.tsx";
import { ApiError } from "./api-error.ts";
import { useLedgerNames } from "./bar.tsx";

function titleFor(error: Error, { ledger }: Route): string {
  if (error instanceof ApiError && error.code === "ledger_unknown") return `There is no ledger “${ledger}” here`;
  if (isRefusal(error)) return "This key may not see this page";
  return "The service could not answer";
}

function Ways({ route, error }: { readonly route: Route; readonly error: Error }) {
  const { client } = useSession();
  const names = useLedgerNames();
  const isUnknown = error instanceof ApiError && error.code === "ledger_unknown";
  const others = (client.hasKey ? names : [LEDGER_DEFAULT]).filter((name) => name !== route.ledger);
  return (
    <p class="row">
      {isUnknown
        ? others.map((name) => (
            <a class="button" key={name} href={routeHash({ ledger: name, page: "overview" })}>
              Go to “{name}”
            </a>
          ))
        : null}
      {client.hasKey && !isRefusal(error) ? null : (
        <a class="button" href={routeHash({ ledger: route.ledger, page: "sign-in" })}>
          Sign in{client.hasKey ? " with another key" : ""}
        </a>
      )}
    </p>
  );
}

export function ProblemPage({ route, error }: { readonly route: Route; readonly error: Error }) {
  const code = error instanceof ApiError ? error.code : "unknown";
  return (
    <section class="empty" role="alert">
      <h1>{titleFor(error, route)}</h1>
      <p class="muted">
        The service said: {error.message}
        {code === "unknown" ? null : (
          <>
            {" "}
            (<code>{code}</code>)
          </>
        )}
      </p>
      <Ways route={route} error={error} />
    </section>
  );
}

/** Keeps a defect of one page from taking the frame away with it; give it a key, so that another place is tried anew. */
export function Guard({ children }: { readonly children: ComponentChildren }) {
  const [error, again] = useErrorBoundary((failure: unknown) => console.error(failure));
  if (error === undefined) return <>{children}</>;
  return (
    <section class="empty" role="alert">
      <h1>This page failed</h1>
      <p class="muted">It is a defect of the page, not of what is recorded: {String(error)}</p>
      <p>
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      </p>
    </section>
  );
}
