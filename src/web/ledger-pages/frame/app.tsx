/** The frame of the ledger's pages: the bar, whether the service answers, and the page that the address names. */

import { useEffect, useMemo } from "preact/hooks";
import { formatTime } from "../../parts/format.ts";
import { Loading } from "../../parts/loading.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import { explorersOf, OwnExplorersContext } from "../../verdict/own-explorers.ts";
import type { LedgerAnswer } from "../answers.ts";
import { isUnreachable, ledgerPath } from "../client.ts";
import { DownloadsPage } from "../downloads/downloads-page.tsx";
import { EventsPage } from "../events/events-page.tsx";
import { ReadOnlyContext } from "../live/own-key.ts";
import { type Polled, usePath } from "../live/polling.ts";
import { type Reach, ReachProvider, useReach } from "../live/service-reachable.tsx";
import { Overview } from "../overview/overview.tsx";
import { RetentionPage } from "../retention/retention-page.tsx";
import { type Route, routeHash } from "../route.ts";
import { useRoute } from "../router.ts";
import { RulesPage } from "../rules/rules-page.tsx";
import { SessionProvider, useSession } from "../session.tsx";
import { SourcesPage } from "../sources/sources-page.tsx";
import { AccessPage } from "../watching/access/access-page.tsx";
import { AlertsPage } from "../watching/alerts/alerts-page.tsx";
import { AnchorsPage } from "../watching/anchors/anchors-page.tsx";
import { IntegrityPage } from "../watching/integrity/integrity-page.tsx";
import { Bar, TITLES } from "./bar.tsx";
import { Guard, ProblemPage } from "./problem-page.tsx";
import { ReadOnlyNotice } from "./read-only-notice.tsx";
import { SignIn } from "./sign-in.tsx";
import { StandingLine, StandingProvider, useAskedStanding } from "./standing-line.tsx";

const LEDGER_MS = 2000;
/** A service that says nothing for so long is taken for stopped. */
const PATIENCE_MS = 6000;

type PageProps = { readonly route: Route; readonly ledger: Polled<LedgerAnswer | undefined> };

function Page({ route, ledger }: PageProps) {
  const { client } = useSession();
  const { isLost } = useReach();
  if (route.page === "sign-in") return <SignIn route={route} />;
  const value = ledger.value;
  if (value === undefined || value.name !== route.ledger) {
    if (ledger.error === undefined || isLost) return <Loading what={`the ledger “${route.ledger}”`} />;
    return <ProblemPage route={route} error={ledger.error} />;
  }
  if (route.page === "overview") return <Overview name={route.ledger} ledger={{ ...ledger, value }} />;
  if (route.page === "anchors") return <AnchorsPage ledger={value} />;
  if (route.page === "downloads") return <DownloadsPage ledger={value} />;
  if (!client.hasKey) return <SignIn route={route} />;
  if (route.page === "rules") return <RulesPage route={route} ledger={value} />;
  if (route.page === "retention") return <RetentionPage route={route} ledger={value} />;
  if (route.page === "integrity") return <IntegrityPage route={route} ledger={value} />;
  if (route.page === "access") return <AccessPage route={route} ledger={value} />;
  if (route.page === "alerts") return <AlertsPage ledger={value.name} />;
  if (route.page === "sources") return <SourcesPage route={route} ledger={value} />;
  return <EventsPage route={route} ledger={value} />;
}

function LostNotice() {
  const { isLost, lastAt } = useReach();
  if (!isLost) return null;
  return (
    <p class="note bad lost" role="alert">
      <span class="bad">
        <MarkShape kind="bad" />
      </span>
      <span>
        <b>The service does not answer.</b>{" "}
        {lastAt === undefined ? "" : `What you see is as it was at ${formatTime(lastAt)} UTC, its last answer. `}
        Trying again …
      </span>
    </p>
  );
}

function Frame() {
  const route = useRoute();
  const ledger = usePath<LedgerAnswer>(ledgerPath(route.ledger), LEDGER_MS, PATIENCE_MS);
  const isLost = isUnreachable(ledger.error);
  const standing = useAskedStanding();
  const reach = useMemo<Reach>(() => ({ isLost, lastAt: ledger.answeredAt }), [isLost, ledger.answeredAt]);
  const chains = ledger.value?.chains;
  // Of the ledger before, until this one has come.
  const isReadOnly = ledger.value?.name === route.ledger && ledger.value.readOnly === true;
  const explorers = useMemo(() => explorersOf(chains ?? []), [chains]);
  useEffect(() => {
    const item = route.item === undefined ? TITLES[route.page] : `Entry ${route.item}`;
    document.title = `${isLost ? "No answer · " : ""}${item} · ${route.ledger} · Holdfast`;
  }, [route, isLost]);
  return (
    <ReachProvider value={reach}>
      <button type="button" class="button skip" onClick={() => document.getElementById("content")?.focus()}>
        To the content
      </button>
      <StandingLine ledger={route.ledger} standing={standing} />
      <div class="page wide">
        <Bar route={route} />
        <LostNotice />
        {isReadOnly ? <ReadOnlyNotice /> : null}
        <main id="content" tabIndex={-1}>
          <Guard key={routeHash({ ledger: route.ledger, page: route.page })}>
            <OwnExplorersContext.Provider value={explorers}>
              <StandingProvider value={standing}>
                <ReadOnlyContext.Provider value={isReadOnly}>
                  <Page key={route.ledger} route={route} ledger={ledger} />
                </ReadOnlyContext.Provider>
              </StandingProvider>
            </OwnExplorersContext.Provider>
          </Guard>
        </main>
      </div>
    </ReachProvider>
  );
}

export function App() {
  return (
    <SessionProvider>
      <Frame />
    </SessionProvider>
  );
}
