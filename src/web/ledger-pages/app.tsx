/** The frame of the ledger's pages: name, pages, session, and the page that the address names. */

import { useEffect } from "preact/hooks";
import { Icon } from "../parts/icon.tsx";
import { Logo } from "../parts/logo.tsx";
import { ThemeButton } from "../parts/theme.tsx";
import { AnchorsPage } from "./anchors/anchors-page.tsx";
import type { LedgerAnswer, LedgersAnswer } from "./answers.ts";
import { ledgerPath } from "./client.ts";
import { DownloadsPage } from "./downloads/downloads-page.tsx";
import { EventsPage } from "./events/events-page.tsx";
import { Overview } from "./overview/overview.tsx";
import { type Polled, usePath } from "./polling.ts";
import { type PageName, type Route, routeHash } from "./route.ts";
import { goTo, useRoute } from "./router.ts";
import { SessionProvider, useSession } from "./session.tsx";
import { SignIn } from "./sign-in.tsx";
import { Trouble } from "./trouble.tsx";

const LEDGER_MS = 2000;
const LEDGERS_MS = 60_000;
const TITLES: Readonly<Record<PageName, string>> = {
  overview: "Overview",
  events: "Events",
  anchors: "Anchors",
  downloads: "Downloads",
  "sign-in": "Sign in",
};
const NAVIGATION: readonly PageName[] = ["overview", "events", "anchors", "downloads"];

function LedgerName({ route }: { readonly route: Route }) {
  const { client } = useSession();
  const all = usePath<LedgersAnswer>(client.hasKey ? "/v1/ledgers" : undefined, LEDGERS_MS).value?.ledgers ?? [];
  if (all.length < 2) return <span class="bar-title">{route.ledger}</span>;
  return (
    <select
      class="input ledger-choice"
      aria-label="Ledger"
      value={route.ledger}
      onChange={(event) => goTo({ ledger: event.currentTarget.value, page: route.page })}
    >
      {all.map(({ name }) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

function Bar({ route }: { readonly route: Route }) {
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
        <ThemeButton />
      </span>
    </header>
  );
}

function Page({ route, ledger }: { readonly route: Route; readonly ledger: Polled<LedgerAnswer | undefined> }) {
  if (route.page === "sign-in") return <SignIn route={route} />;
  const { client } = useSession();
  const value = ledger.value;
  if (value === undefined || value.name !== route.ledger) return <Trouble error={ledger.error} />;
  if (route.page === "overview") return <Overview name={route.ledger} ledger={{ ...ledger, value }} />;
  if (route.page === "anchors") return <AnchorsPage ledger={value} />;
  if (route.page === "downloads") return <DownloadsPage ledger={value} />;
  return client.hasKey ? <EventsPage route={route} ledger={value} /> : <SignIn route={route} />;
}

function Frame() {
  const route = useRoute();
  const ledger = usePath<LedgerAnswer>(ledgerPath(route.ledger), LEDGER_MS);
  useEffect(() => {
    const item = route.item === undefined ? TITLES[route.page] : `Entry ${route.item}`;
    document.title = `${item} · ${route.ledger} · Holdfast`;
  }, [route]);
  return (
    <div class="page wide">
      <button type="button" class="button skip" onClick={() => document.getElementById("content")?.focus()}>
        To the content
      </button>
      <Bar route={route} />
      <main id="content" tabIndex={-1}>
        <Page key={route.ledger} route={route} ledger={ledger} />
      </main>
    </div>
  );
}

export function App() {
  return (
    <SessionProvider>
      <Frame />
    </SessionProvider>
  );
}
