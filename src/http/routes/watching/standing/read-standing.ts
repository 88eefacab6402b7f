/** GET /v1/standing: the looks of this service, in the order in which they are believed. */

import { ACCESS_LEDGER } from "../../../../access/access.ts";
import type { Answering } from "../../../admit.ts";
import { json } from "../../../reply.ts";
import type { Services } from "../../../services.ts";
import type { Readiness } from "../readiness.ts";
import { lookAtAlerts } from "./look-at-alerts.ts";
import { lookAtAnchoring } from "./look-at-anchoring.ts";
import { lookAtAudits } from "./look-at-audits.ts";
import { lookAtReadiness } from "./look-at-readiness.ts";
import { lookAtWatchers } from "./look-at-watchers.ts";
import { type StandingLook, takeStanding } from "./standing.ts";

export function readStanding(services: Services, readiness: () => Promise<Readiness>): Answering<"readStanding"> {
  const { now, log } = services;
  const onFailure = (err: unknown, what: string) => log.warn({ err, what }, "a part of the standing is not known");
  return async () => json(200, await takeStanding(looksOf(services, readiness), now(), onFailure));
}

function looksOf(
  { alerts, auditor, anchoring, ledgers, watchers }: Services,
  readiness: () => Promise<Readiness>,
): readonly StandingLook[] {
  const all = () => ledgers.list();
  // A page about the service as a whole stands under any ledger.
  const any = all().find(({ record }) => record.name !== ACCESS_LEDGER)?.record.name ?? ACCESS_LEDGER;
  return [
    lookAtAudits(auditor, all, (ledger) => pageOf(ledger, "integrity")),
    lookAtAnchoring(anchoring, all, {
      hrefOf: (ledger) => pageOf(ledger, "anchors"),
      hrefOfChains: pageOf(any, "overview"),
    }),
    lookAtWatchers(watchers, (ledger) => pageOf(ledger, "integrity")),
    lookAtAlerts(alerts, pageOf(any, "alerts")),
    lookAtReadiness(readiness),
  ];
}

function pageOf(ledger: string, page: string): string {
  return `#/${encodeURIComponent(ledger)}/${page}`;
}
