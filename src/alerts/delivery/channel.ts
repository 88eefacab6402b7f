/** Where people are told of alerts: the port of channels, one file each in `channels/`. */

import { type Alert, type AlertChange, isSilenced } from "../alert.ts";
import { SEVERITIES, type Severity } from "../rule.ts";

/** What a receiver made of it: it has it, or why not. `isFinal`: it will never take it. */
export type Reception =
  | { readonly isTaken: true }
  | { readonly isTaken: false; readonly reason: string; readonly isFinal?: boolean; readonly retryAfterMs?: number };

export interface Channel {
  /** As the configuration calls it. */
  readonly name: string;
  /** What kind of receiver it is, such as "slack". */
  readonly kind: string;
  /** The least severe that it is told of. */
  readonly from: Severity;
  /** Tells one change, within some seconds; the receiver recognises by its id one that it was told before. */
  send(change: AlertChange, signal: AbortSignal): Promise<Reception>;
  /** Tells again what fires, for receivers that forget what they are not told again. */
  refresh?(firing: readonly Alert[], signal: AbortSignal): Promise<Reception>;
}

/** Whether a channel is told of a change. What is silenced is told nobody, but that it was silenced, and by whom. */
export function isTold({ from }: Pick<Channel, "from">, { kind, alert, at }: AlertChange): boolean {
  if (SEVERITIES.indexOf(alert.severity) > SEVERITIES.indexOf(from)) return false;
  return kind === "silenced" || !isSilenced(alert, at);
}

/** One line for a person, without markup. */
export function headline({ kind, alert }: AlertChange): string {
  const by = kind === "acknowledged" ? alert.acknowledged : alert.silenced;
  const until = alert.silenced === undefined ? "" : ` until ${new Date(alert.silenced.until).toISOString()}`;
  const state = {
    fired: alert.severity,
    worsened: `now ${alert.severity}`,
    resolved: "resolved",
    acknowledged: `acknowledged by ${by?.source}`,
    silenced: `silenced by ${by?.source}${until}`,
  }[kind];
  return `[${state}] Holdfast: ${alert.title} (${alert.subject})`;
}
