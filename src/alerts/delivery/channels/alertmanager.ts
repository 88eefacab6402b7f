/**
 * Alerts for Prometheus' Alertmanager, by its API v2 (`POST /api/v2/alerts`): it forgets what it is not told again, so that all that fires is
 * told again every minute, and it groups, silences and tells people by rules of its own.
 */

import type { Alert, AlertChange } from "../../alert.ts";
import type { Severity } from "../../rule.ts";
import type { Channel, Reception } from "../channel.ts";
import { post } from "../post.ts";
import { runbookOf } from "../runbook.ts";

/** How long an alert holds that is not told again. */
const HOLDS_MS = 300_000;

export type AlertmanagerSettings = {
  readonly name: string;
  /** Where it is, without `/api/v2`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from: Severity;
  readonly now: () => number;
};

export class Alertmanager implements Channel {
  readonly kind = "alertmanager";
  readonly name: string;
  readonly from: Severity;
  readonly #settings: AlertmanagerSettings;

  constructor(settings: AlertmanagerSettings) {
    this.name = settings.name;
    this.from = settings.from;
    this.#settings = settings;
  }

  send({ alert }: AlertChange, signal: AbortSignal): Promise<Reception> {
    return this.#post([alert], signal);
  }

  refresh(firing: readonly Alert[], signal: AbortSignal): Promise<Reception> {
    return firing.length === 0 ? Promise.resolve({ isTaken: true }) : this.#post(firing, signal);
  }

  #post(alerts: readonly Alert[], signal: AbortSignal): Promise<Reception> {
    const { url, headers = {}, now } = this.#settings;
    const at = now();
    const body = JSON.stringify(alerts.map((alert) => postable(alert, at)));
    return post({ url: `${url.replace(/\/+$/, "")}/api/v2/alerts`, headers, body, signal });
  }
}

/** `postableAlert` of Alertmanager's openapi.yaml. One without `alertname` is accepted and found by nobody. */
function postable({ id, rule, subject, title, severity, detail, firedAt, resolvedAt }: Alert, now: number): object {
  return {
    labels: { alertname: `Holdfast_${rule}`, service: "holdfast", rule, subject, severity },
    annotations: { summary: title, description: detail, runbook: runbookOf({ rule, subject }), alert_id: id },
    startsAt: new Date(firedAt).toISOString(),
    endsAt: new Date(resolvedAt ?? now + HOLDS_MS).toISOString(),
  };
}
