/** Alerts: what is wrong, who looks after it, and who was told. */

import type { Alert } from "../../../alerts/alert.ts";
import { AlertError } from "../../../alerts/alert-error.ts";
import type { Alerts } from "../../../alerts/alerts.ts";
import type { AlertDelivery } from "../../../alerts/delivery/outbox.ts";
import { runbookOf } from "../../../alerts/delivery/runbook.ts";
import { momentOf } from "../../../entry/time.ts";
import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import type { ApiKey } from "../../auth/api-keys.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";

const OVER_MAX = 200;
const CODES = { unknown: "alert_unknown", over: "alert_over", time_invalid: "request_invalid" } as const;

export function alertAnswers(
  { alerts, limits }: Services,
  budget: BodyBudget,
): {
  readonly listAlerts: Answering<"listAlerts">;
  readonly readAlert: Answering<"readAlert">;
  readonly acknowledgeAlert: Answering<"acknowledgeAlert">;
  readonly silenceAlert: Answering<"silenceAlert">;
  readonly listDeliveries: Answering<"listDeliveries">;
  readonly resendDeliveries: Answering<"resendDeliveries">;
  readonly testAlerts: Answering<"testAlerts">;
} {
  return {
    listAlerts: () => json(200, alerts === undefined ? NONE : listed(alerts)),
    readAlert: ({ path }) => {
      const found = requireOn(alerts).book.get(path.alert);
      if (found !== undefined) return json(200, shown(found));
      throw new Problem("alert_unknown", `expected the id of an alert, got ${JSON.stringify(path.alert)}`);
    },
    acknowledgeAlert: async ({ req, res, key, path }) => {
      const { note } = checkBody(SCHEMAS.AcknowledgeRequest, await receiveValue(req, res, { limits, budget }));
      const { book } = requireOn(alerts);
      return json(200, shown(await told(within(limits.answerMs, book.acknowledge(path.alert, handOf(key), note)))));
    },
    silenceAlert: async ({ req, res, key, path }) => {
      const { until, note } = checkBody(SCHEMAS.SilenceRequest, await receiveValue(req, res, { limits, budget }));
      const { book } = requireOn(alerts);
      const silencing = book.silence(path.alert, momentOf(until) ?? 0, handOf(key), note);
      return json(200, shown(await told(within(limits.answerMs, silencing))));
    },
    listDeliveries: () => {
      const { outbox } = requireOn(alerts);
      return json(200, { waiting: outbox.waiting().map(spelled), dead: outbox.deadLetters().map(spelled) });
    },
    resendDeliveries: async () =>
      json(200, { resent: await within(limits.answerMs, requireOn(alerts).outbox.revive()) }),
    testAlerts: async ({ key }) => {
      const receptions = await within(limits.answerMs, requireOn(alerts).test(handOf(key)));
      const channels = [...receptions].map(([name, reception]) => ({ name, ...reception }));
      return json(200, {
        channels: channels.map((each) => ({
          name: each.name,
          isTaken: each.isTaken,
          ...(!each.isTaken && { reason: each.reason }),
        })),
      });
    },
  };
}

const NONE = { isOn: false, firing: [], over: [], rules: [], channels: [] };

function listed(alerts: Alerts): object {
  return {
    isOn: true,
    firing: alerts.book.firing().map(shown),
    over: alerts.book.over().slice(0, OVER_MAX).map(shown),
    rules: alerts.rules(),
    channels: alerts.channels().map(({ name, kind, from }) => ({ name, kind, from })),
  };
}

function shown(alert: Alert): object {
  return { ...alert, runbook: runbookOf(alert) };
}

function spelled({ change, ...rest }: AlertDelivery): object {
  return { ...rest, change: change.id, kind: change.kind, alert: change.alert.id };
}

function handOf({ id, source }: ApiKey) {
  return { key: id, source };
}

/** @throws Problem alert_unknown, alert_over, request_invalid */
async function told<T>(doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (!(error instanceof AlertError)) throw error;
    throw new Problem(CODES[error.code], error.message, { cause: error });
  }
}

/** @throws Problem alerts_off */
function requireOn(alerts: Alerts | undefined): Alerts {
  if (alerts !== undefined) return alerts;
  throw new Problem("alerts_off", "expected a service with alerts, got one without; see docs/alerts.md");
}
