/**
 * What senders do with what they sent, by the status that they are answered: measured with the senders themselves, or as their page in
 * docs/sources says where it was read. One row for each sender that people are asked about, and for each of the services of a platform.
 */

import { senderNamed } from "../../src/senders/known-senders.ts";

/** `done`: goes on, and does not send it again; `again`: keeps it and comes again, by itself or when it is asked to; `lost`: drops it. */
export type Fate = "done" | "again" | "lost";

export type SenderFates = {
  /** Of every status; a body is looked at by some clients of Splunk's alone. */
  readonly fate: (status: number, body: string) => Fate;
  /** Whether it holds nothing back, so that whatever it is not answered 200 for is lost, as its page says. */
  readonly isWithoutMemory?: true;
};

const isOf = (statuses: readonly number[], status: number): boolean => statuses.includes(status);

const keepsAll = (status: number): Fate => (status < 300 ? "done" : "again");
const keepsNothing = (status: number): Fate => (status < 300 ? "done" : "lost");
const otlp = (status: number): Fate => (status < 300 ? "done" : isOf([429, 502, 503, 504], status) ? "again" : "lost");
/** They look at the body: an error with nothing in it counts as success. */
const bodyOfSplunk = (_status: number, body: string): Fate =>
  body === "" || (JSON.parse(body) as { code: number }).code === 0 ? "done" : "lost";

/** As what is pasted into it says. */
const RETRIED_BY_FLUENTD = senderNamed("fluentd")
  ?.snippets.flatMap(({ text }) => /retryable_response_codes ([\d,]+)/.exec(text)?.[1]?.split(",") ?? [])
  .map(Number) as readonly number[];

/** By the id of the sender, and after a colon by what of it sends. */
export const FATES: Readonly<Record<string, SenderFates>> = {
  // Measured: the Collector 0.165, the SDKs for Python 1.45, Node 0.223 and Java 1.68 agree.
  opentelemetry: { fate: otlp },
  "otel-collector": { fate: otlp },
  // Measured: the SDKs only build requests, and look at no status.
  cloudevents: { fate: keepsNothing, isWithoutMemory: true },
  pino: { fate: keepsAll },
  winston: { fate: (status) => (status === 200 ? "done" : "lost"), isWithoutMemory: true },
  log4j2: { fate: keepsNothing, isWithoutMemory: true },
  python: { fate: keepsNothing, isWithoutMemory: true },
  // Measured: 201, 202 and 204 are sent again as well.
  docker: { fate: (status) => (status === 200 ? "done" : "again") },
  kubernetes: { fate: keepsAll },
  // Measured: splunk-handler 3.0; it takes 429 with Retry-After alone, which is always there.
  "splunk-hec: splunk-handler": {
    fate: (status) => (status < 300 ? "done" : isOf([429, 500, 502, 503, 504], status) ? "again" : "lost"),
  },
  "splunk-hec: splunk-hec-handler": { fate: keepsNothing, isWithoutMemory: true },
  "splunk-hec: splunk-logging": { fate: bodyOfSplunk, isWithoutMemory: true },
  "splunk-hec: winston-splunk-httplogger": { fate: bodyOfSplunk, isWithoutMemory: true },
  // Read in their sources.
  "fluent-bit": {
    fate: (status) => (status <= 205 ? "done" : status >= 500 || isOf([408, 429], status) ? "again" : "lost"),
  },
  fluentd: { fate: (status) => (status < 300 ? "done" : isOf(RETRIED_BY_FLUENTD, status) ? "again" : "lost") },
  vector: {
    fate: (status) =>
      status < 300 ? "done" : isOf([408, 429], status) || (status >= 500 && status !== 501) ? "again" : "lost",
  },
  // Measured: the same message on every status, for ever.
  "syslog-ng-http": { fate: keepsAll },
  // By their documentation. GitHub keeps what was refused for redelivery by hand; GitLab ends a hook that is answered 4xx.
  github: { fate: keepsAll },
  gitlab: { fate: (status) => (status < 300 ? "done" : status >= 500 ? "again" : "lost") },
  "standard-webhooks": { fate: keepsAll },
  okta: { fate: (status) => (status < 300 ? "done" : status >= 500 ? "again" : "lost") },
  "aws: EventBridge": {
    fate: (status) => (status < 300 ? "done" : status >= 500 || isOf([401, 407, 409, 429], status) ? "again" : "lost"),
  },
  "aws: SNS": { fate: (status) => (status < 300 ? "done" : status >= 500 || status === 429 ? "again" : "lost") },
  "aws: Firehose": { fate: (status) => (status === 200 ? "done" : isOf([400, 413], status) ? "lost" : "again") },
  "google-cloud": { fate: (status) => (status < 300 ? "done" : "again") },
  "azure: Event Grid": {
    fate: (status) => (status <= 204 ? "done" : isOf([400, 401, 403, 413], status) ? "lost" : "again"),
  },
  // Measured: it ends, and goes on where it was when it is started again.
  journald: { fate: keepsAll },
};

/** The sender whose row it is. */
export function senderOfRow(row: string): string {
  return row.split(":")[0] ?? row;
}
