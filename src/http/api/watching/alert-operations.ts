/** The part of the API that is about alerts: operations, and the forms of what goes in and out. */

import * as z from "zod";
import { ALERT_CHANGES } from "../../../alerts/alert.ts";
import { SEVERITIES } from "../../../alerts/rule.ts";
import { MOMENT_RULE, MOMENT_VALUE_FORM, momentOf } from "../../../entry/time.ts";
import { type Code, OF_BODY, OF_KEY } from "../codes.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const severity = z.enum(SEVERITIES);
const note = z.string().min(1).max(1024);
const hand = {
  key: z.string().meta({ description: "Id of an API key" }),
  source: z.string().meta({ description: "What that key stands for" }),
  at: milliseconds,
  note: note.optional(),
};
const alert = z.strictObject({
  id: z.string().meta({ description: "16 hex digits" }),
  rule: z.string(),
  subject: z.string().meta({ description: "What it is about: a source, a ledger, a key" }),
  title: z.string(),
  severity,
  detail: z.string().meta({ description: "What is wrong, as it was seen last" }),
  runbook: z.string().meta({ description: "Where it stands what to do, from the root of the service on" }),
  firedAt: milliseconds,
  seenAt: milliseconds,
  resolvedAt: milliseconds.optional().meta({ description: "Absent while it fires" }),
  acknowledged: z.strictObject(hand).optional(),
  silenced: z.strictObject({ ...hand, until: milliseconds }).optional(),
  changes: count.meta({ description: "How often something became of it" }),
});
const rule = z.strictObject({
  name: z.string(),
  title: z.string(),
  severity,
  judgedAt: milliseconds.optional(),
  unknownSince: milliseconds.optional().meta({ description: "Since when nobody could find out" }),
  off: z.string().optional().meta({ description: "Why nobody looks, where what it looks at is turned off" }),
});
const channel = z.strictObject({ name: z.string(), kind: z.string(), from: severity });
const delivery = z.strictObject({
  channel: z.string(),
  change: z.string().meta({ description: "Its id, as the receiver gets it" }),
  kind: z.enum(ALERT_CHANGES),
  alert: z.string().meta({ description: "Id of the alert" }),
  attempts: count,
  dueAt: milliseconds,
  failure: z.string().optional().meta({ description: "Why the last attempt failed" }),
  deadAt: milliseconds.optional().meta({ description: "Since when it is not tried any more" }),
});

export const ALERT_SCHEMAS = {
  Alert: alert,
  Alerts: z.strictObject({
    isOn: z.boolean(),
    firing: z.array(alert).meta({ description: "The worst and newest first" }),
    over: z.array(alert).meta({ description: "The newest that are over, at most 200" }),
    rules: z.array(rule),
    channels: z.array(channel),
  }),
  AcknowledgeRequest: z.strictObject({ note: note.optional() }),
  SilenceRequest: z.strictObject({
    until: z
      .union([z.number(), z.string()], { error: MOMENT_RULE })
      .refine((moment) => momentOf(moment) !== undefined, { error: MOMENT_RULE })
      .meta(MOMENT_VALUE_FORM),
    note: note.optional(),
  }),
  Deliveries: z.strictObject({ waiting: z.array(delivery), dead: z.array(delivery) }),
  Resent: z.strictObject({ resent: count }),
  AlertTest: z.strictObject({
    channels: z.array(z.strictObject({ name: z.string(), isTaken: z.boolean(), reason: z.string().optional() })),
  }),
};

const inPath = z.object({ alert: z.string().meta({ pattern: "^[0-9a-f]{16}$", description: "Id of an alert" }) });
const ofHand: readonly Code[] = [
  ...OF_KEY,
  ...OF_BODY,
  "request_invalid",
  "alert_unknown",
  "alert_over",
  "alerts_off",
  "store_unavailable",
];

const OF_THE_SERVICE = { none: "It says what is wrong with the service, and nothing of any event." } as const;

export const ALERT_OPERATIONS = {
  listAlerts: {
    method: "get",
    route: "/v1/alerts",
    trace: OF_THE_SERVICE,
    summary: "See what is wrong now, what was, and what is looked for.",
    permission: "alertsRead",
    answers: { 200: "Alerts" },
    codes: OF_KEY,
    compress: true,
  },
  listDeliveries: {
    method: "get",
    route: "/v1/alert-deliveries",
    trace: OF_THE_SERVICE,
    summary: "See what channels are still to be told, and what they did not take.",
    permission: "alertsRead",
    answers: { 200: "Deliveries" },
    codes: [...OF_KEY, "alerts_off"],
    compress: true,
  },
  resendDeliveries: {
    method: "post",
    route: "/v1/alert-deliveries/resend",
    trace: { leaves: "change" },
    summary: "Send again what channels did not take.",
    permission: "alertsHandle",
    answers: { 200: "Resent" },
    codes: [...OF_KEY, "alerts_off", "store_unavailable"],
  },
  readAlert: {
    method: "get",
    route: "/v1/alerts/{alert}",
    trace: OF_THE_SERVICE,
    summary: "See one alert.",
    permission: "alertsRead",
    path: inPath,
    answers: { 200: "Alert" },
    codes: [...OF_KEY, "alert_unknown", "alerts_off"],
  },
  acknowledgeAlert: {
    method: "post",
    route: "/v1/alerts/{alert}/acknowledge",
    trace: { leaves: "change" },
    summary: "Say that somebody looks after an alert.",
    permission: "alertsHandle",
    path: inPath,
    body: { types: ["application/json"], schema: "AcknowledgeRequest" },
    answers: { 200: "Alert" },
    codes: ofHand,
  },
  silenceAlert: {
    method: "post",
    route: "/v1/alerts/{alert}/silence",
    trace: { leaves: "change" },
    summary: "Have nobody told of an alert until a time. It fires all the same.",
    permission: "alertsHandle",
    path: inPath,
    body: { types: ["application/json"], schema: "SilenceRequest" },
    answers: { 200: "Alert" },
    codes: ofHand,
  },
  testAlerts: {
    method: "post",
    route: "/v1/alert-channels/test",
    trace: { leaves: "change" },
    summary: "Tell every channel a test, and see what each made of it.",
    permission: "alertsHandle",
    answers: { 200: "AlertTest" },
    codes: [...OF_KEY, "alerts_off", "deadline_exceeded"],
  },
} as const;
