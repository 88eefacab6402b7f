/** What the API answers about alerts, and the marks and words for it. */

import type { MarkKind } from "../../../parts/mark.tsx";

type SeverityAnswer = "critical" | "warning" | "notice";

type HandAnswer = { readonly source: string; readonly at: number; readonly note?: string };

export type AlertAnswer = {
  readonly id: string;
  readonly subject: string;
  readonly title: string;
  readonly severity: SeverityAnswer;
  readonly detail: string;
  readonly runbook: string;
  readonly firedAt: number;
  readonly resolvedAt?: number;
  readonly acknowledged?: HandAnswer;
  readonly silenced?: HandAnswer & { readonly until: number };
};

export type AlertRuleAnswer = {
  readonly name: string;
  readonly title: string;
  readonly severity: SeverityAnswer;
  readonly judgedAt?: number;
  readonly unknownSince?: number;
  /** Why nobody looks. */
  readonly off?: string;
};

export type AlertsAnswer = {
  readonly isOn: boolean;
  readonly firing: readonly AlertAnswer[];
  readonly over: readonly AlertAnswer[];
  readonly rules: readonly AlertRuleAnswer[];
  readonly channels: readonly { readonly name: string; readonly kind: string; readonly from: SeverityAnswer }[];
};

export type DeliveryAnswer = {
  readonly channel: string;
  readonly change: string;
  readonly kind: string;
  readonly alert: string;
  readonly attempts: number;
  readonly dueAt: number;
  readonly failure?: string;
  readonly deadAt?: number;
};

export type DeliveriesAnswer = {
  readonly waiting: readonly DeliveryAnswer[];
  readonly dead: readonly DeliveryAnswer[];
};

export type AlertTestAnswer = {
  readonly channels: readonly { readonly name: string; readonly isTaken: boolean; readonly reason?: string }[];
};

export const SEVERITY_MARKS: Readonly<Record<SeverityAnswer, MarkKind>> = {
  critical: "bad",
  warning: "warn",
  notice: "dot",
};
