/** The bar on top of every page: name, ledger, pages, session, help and colours. */

import { Icon } from "../../parts/icon.tsx";
import { Logo } from "../../parts/logo.tsx";
import { ThemeButton } from "../../parts/theme.tsx";
import type { LedgersAnswer } from "../answers.ts";
import { usePath } from "../live/polling.ts";
import { type PageName, type Route, routeHash } from "../route.ts";
import { goTo } from "../router.ts";
import { useSession } from "../session.tsx";
import { Help } from "./help.tsx";

const LEDGERS_MS = 60_000;
const NAVIGATION: readonly PageName[] = [
  "overview",
  "events",
  "sources",
  "rules",
  "retention",
  "alerts",
  "integrity",
  "access",
  "anchors",
  "downloads",
];

export const TITLES: Readonly<Record<PageName, string>> = {
  overview: "Overview",
  events: "Events",
  sources: "Sources",
  rules: "Rules",
  retention: "Retention",
  alerts: "Alerts",
  integrity: "Integrity",
  access: "Access",
  anchors: "Anchors",
  downloads: "Downloads",
  "sign-in": "Sign in",
};

/** Names of the ledgers that the reader's key may see. */
export function useLedgerNames(): readonly string[] {
  const { client } = useSession();
  const all = usePath<LedgersAnswer>(client.hasKey ? "/v1/ledgers" : undefined, LEDGERS_MS).value?.ledgers ?? [];
  return all.map(({ name }) => name);
}

function LedgerName({ route }: { readonly route: Route }) {
  const names = useLedgerNames();
  if (names.length < 2) return <span class="bar-title">{route.ledger}</span>;
  // An address may name one that there is not; the choice says so rather than showing another.
  const choices = names.includes(route.ledger) ? names : [route.ledger, ...names];
  return (
    <select
      class="input ledger-choice"
      aria-label="Ledger"
      value={route.ledger}
      onChange={(event) => goTo({ ledger: event.currentTarget.value, page: route.page })}
    >
      {choices.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

export function Bar({ route }: { readonly route: Route }) {
  const { client, signOut } = useSession();
  return (
    <header class="bar">
      <a class="home" href={routeHash({ ledger: route.ledger, page: "overview" })} aria-label="Holdfast, overview">
        <Logo />
      </a>
      <LedgerName route={route} />
      <nav aria-label="Pages">
        {NAVIGATION.map((page) => (
          <a
            key={page}
            href={routeHash({ ledger: route.ledger, page })}
            aria-current={page === route.page ? "page" : undefined}
          >
            {TITLES[page]}
          </a>
        ))}
      </nav>
      <span class="bar-end">
        {client.hasKey ? (
          <button type="button" class="button quiet" onClick={() => signOut()}>
            Sign out
          </button>
        ) : (
          <a class="button quiet" href={routeHash({ ledger: route.ledger, page: "sign-in" })}>
            <Icon name="key" />
            Sign in
          </a>
        )}
        <Help />
        <ThemeButton />
      </span>
    </header>
  );
}
