/**
 * An alert: something that a rule found wrong, from when it began until it is over, and who did something about it; and how it is
 * written down.
 */

import { randomBytes } from "node:crypto";
import { canonicalJson } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import type { RecordWrite } from "../store/store.ts";
import type { Severity } from "./rule.ts";

/** Who did something with an alert: the id of an API key, and what it stands for. */
export type Hand = { readonly key: string; readonly source: string };

/** Times in milliseconds since 1970. */
export type Alert = {
  /** 16 hex digits. */
  readonly id: string;
  /** Name of the rule, and what it is about. */
  readonly rule: string;
  readonly subject: string;
  readonly title: string;
  readonly severity: Severity;
  /** What is wrong, as it was seen last. */
  readonly detail: string;
  readonly firedAt: number;
  readonly seenAt: number;
  /** Absent while it fires. */
  readonly resolvedAt?: number;
  /** Somebody looks after it. */
  readonly acknowledged?: Hand & { readonly at: number; readonly note?: string };
  /** Nobody is told of it until then; it fires all the same. */
  readonly silenced?: Hand & { readonly at: number; readonly until: number; readonly note?: string };
  /** How often something became of it: with the id it names each change. */
  readonly changes: number;
};

export const ALERT_CHANGES = ["fired", "worsened", "resolved", "acknowledged", "silenced"] as const;
export type AlertChangeKind = (typeof ALERT_CHANGES)[number];

/** What became of an alert; its id is the same however often it is told. */
export type AlertChange = {
  readonly id: string;
  readonly kind: AlertChangeKind;
  readonly at: number;
  /** As it is since then. */
  readonly alert: Alert;
};

const ID_BYTES = 8;

/** An alert that fires now, under an id of its own. */
export function fired(
  found: Pick<Alert, "rule" | "subject" | "title" | "severity" | "detail">,
  at: number,
): AlertChange {
  const id = randomBytes(ID_BYTES).toString("hex");
  return changed({ ...found, id, firedAt: at, seenAt: at, changes: 0 }, "fired", at);
}

/** @param alert as it is since then, but for how often something became of it */
export function changed(alert: Alert, kind: AlertChangeKind, at: number): AlertChange {
  const counted = { ...alert, changes: alert.changes + 1 };
  return { id: `${alert.id}-${counted.changes}`, kind, at, alert: counted };
}

export const ALERT_SPACE = "alerts";

export function alertWrite(alert: Alert): RecordWrite {
  return { space: ALERT_SPACE, key: alert.id, value: canonicalJson(alert) };
}

export function alertForgotten({ id }: Alert): RecordWrite {
  return { space: ALERT_SPACE, key: id, value: undefined };
}

/** @throws Error when the text is no alert */
export function readAlert(text: string): Alert {
  const value = readJson(text) as Alert;
  const isAlert = typeof value.id === "string" && typeof value.rule === "string" && typeof value.firedAt === "number";
  if (!isAlert) throw new Error("expected an alert, got something else");
  return value;
}

/** Under which an alert is the same one. */
export function troubleKey({ rule, subject }: Pick<Alert, "rule" | "subject">): string {
  return JSON.stringify([rule, subject]);
}

export function isFiring({ resolvedAt }: Alert): boolean {
  return resolvedAt === undefined;
}

/** Whether nobody is told of it at that time. */
export function isSilenced({ silenced }: Alert, at: number): boolean {
  return silenced !== undefined && silenced.until > at;
}
