/**
 * Events as OCSF (Open Cybersecurity Schema Framework) 1.8.0, https://schema.ocsf.io/1.8.0: one object a line. What of an
 * event has no place there stands in `unmapped` under its own names, so that nothing is lost.
 * Why: docs/decisions/0182.
 */

import { parseDateTime } from "../../entry/time.ts";
import { canonicalJson } from "../../json/canonical.ts";
import type { ExportRecord } from "../record.ts";
import { activityOf, isAccountType, type OcsfActivity } from "./activity.ts";
import { isAddress } from "./address.ts";
import { copyWithout, pathTo } from "./leftover.ts";

export const OCSF_VERSION = "1.8.0";

type Json = Readonly<Record<string, unknown>>;

const OUTCOMES: Readonly<Record<string, { readonly id: number; readonly name: string; readonly severity: number }>> = {
  success: { id: 1, name: "Success", severity: 1 },
  failure: { id: 2, name: "Failure", severity: 2 },
  denied: { id: 2, name: "Failure", severity: 2 },
};
const UNKNOWN = { id: 0, name: "Unknown", severity: 1 };
const SEVERITIES: Readonly<Record<number, string>> = { 1: "Informational", 2: "Low" };
const PARTY_TYPES: Readonly<Record<string, readonly [id: number, name: string]>> = {
  user: [1, "User"],
  system: [3, "System"],
  service: [4, "Service"],
};
/** Members, and members of members, that have a place of their own; what is left of an event is unmapped. */
const MAPPED: readonly string[] = [
  "action",
  "time",
  "outcome",
  "id",
  "tenant",
  "message",
  "_raw",
  "actor.type",
  "actor.id",
  "actor.name",
  "context.ip",
  "context.user_agent",
  "context.session",
  "context.request_id",
  "_source.source",
  "_source.format",
].map(pathTo);

const SOURCE = pathTo("source");

/** The line of an event, with its newline. @param ledger name of the ledger */
export function writeOcsf(record: ExportRecord, ledger: string): string {
  return `${JSON.stringify(toOcsf(record, ledger))}\n`;
}

export function toOcsf(record: ExportRecord, ledger: string): Json {
  const { event } = record;
  const targets = Array.isArray(event.targets) ? (event.targets as unknown[]) : [];
  const account = targets.findIndex((target) => isAccountType(member(target, "type")));
  const action = text(event.action) ?? "";
  const activity = activityOf(action, event.op, account >= 0);
  const outcome = OUTCOMES[text(event.outcome) ?? ""] ?? UNKNOWN;
  const isApi = activity.of.uid === 6003;
  // Account Change alone has no place for a service.
  const hasService = activity.of.uid !== 3001;
  const mapped = [...MAPPED, ...(hasService ? [SOURCE] : []), ...targetPaths(targets, isApi ? undefined : account)];
  return defined({
    ...classification(activity, outcome.severity),
    time: timeOf(record),
    status_id: outcome.id,
    status: outcome.name,
    status_code: text(event.outcome),
    message: text(event.message),
    metadata: metadataOf(record, action, ledger),
    actor: actorOf(event),
    src_endpoint: endpointOf(event),
    http_request: requestOf(event),
    ...(isApi ? apiOf(event, action, targets) : accountOf(event, targets[account], hasService)),
    raw_data: event._raw === undefined ? undefined : (text(event._raw) ?? canonicalJson(event._raw)),
    unmapped: { ...copyWithout(event, mapped), holdfast: { index: record.index, leafHash: record.leafHash } },
  });
}

function classification({ of, id, name }: OcsfActivity, severity: number): Json {
  return {
    category_uid: of.category.uid,
    category_name: of.category.name,
    class_uid: of.uid,
    class_name: of.name,
    activity_id: id,
    activity_name: name,
    type_uid: of.uid * 100 + id,
    type_name: `${of.name}: ${id === 99 ? "Other" : name}`,
    severity_id: severity,
    severity: SEVERITIES[severity],
  };
}

/** When it happened, else when it was recorded; ms since 1970. */
function timeOf({ event, recordedAt }: ExportRecord): number {
  const time = typeof event.time === "string" ? parseDateTime(event.time) : undefined;
  return time ?? recordedAt;
}

function metadataOf({ index, recordedAt, event }: ExportRecord, action: string, ledger: string): Json {
  return defined({
    version: OCSF_VERSION,
    product: { name: "Holdfast", vendor_name: "Holdfast" },
    log_name: ledger,
    log_provider: text(member(event._source, "source")),
    log_format: text(member(event._source, "format")),
    event_code: action === "" ? undefined : action,
    uid: text(event.id),
    tenant_uid: text(event.tenant),
    original_time: text(event.time),
    logged_time: recordedAt,
    sequence: index,
  });
}

function actorOf(event: Json): Json {
  const session = text(member(event.context, "session"));
  return defined({ user: userOf(event.actor), session: session === undefined ? undefined : { uid: session } });
}

/** Somebody who acts, or whose account it is. */
function userOf(party: unknown): Json {
  const type = text(member(party, "type"));
  const [id, name] = (type === undefined ? [0, "Unknown"] : PARTY_TYPES[type]) ?? [99, type];
  const uid = text(member(party, "id"));
  const shown = text(member(party, "name"));
  const nobody = uid === undefined && shown === undefined ? "unknown" : undefined;
  return defined({ uid, name: shown ?? nobody, type_id: id, type: name });
}

/** Where it came from: an address, else whoever sent the event. */
function endpointOf(event: Json): Json {
  const ip = text(member(event.context, "ip"));
  if (ip !== undefined) return isAddress(ip) ? { ip } : { name: ip };
  return { name: text(member(event._source, "source")) ?? "unknown" };
}

function requestOf(event: Json): Json | undefined {
  const user_agent = text(member(event.context, "user_agent"));
  const uid = text(member(event.context, "request_id"));
  return user_agent === undefined && uid === undefined ? undefined : defined({ user_agent, uid });
}

function serviceOf(event: Json): Json {
  return { name: text(event.source) ?? text(member(event._source, "source")) ?? "unknown" };
}

function apiOf(event: Json, action: string, targets: readonly unknown[]): Json {
  const resources = targets.filter(isParty).map((target) => {
    return defined({
      uid: text(member(target, "id")),
      name: text(member(target, "name")),
      type: text(member(target, "type")),
    });
  });
  return defined({
    api: { operation: action === "" ? "unknown" : action, service: serviceOf(event) },
    resources: resources.length === 0 ? undefined : resources,
  });
}

/** Whose account it is: that of a target, else that of whoever acts. */
function accountOf(event: Json, target: unknown, hasService: boolean): Json {
  const user = userOf(target ?? event.actor);
  return hasService ? { user, service: serviceOf(event) } : { user };
}

/** What of the targets has a place: of all in API Activity, else of the one account. */
function targetPaths(targets: readonly unknown[], account: number | undefined): string[] {
  const names = ["type", "id", "name"];
  const taken = targets.flatMap((target, i) => {
    const isTaken = account === undefined ? isParty(target) : i === account;
    return isTaken ? [i] : [];
  });
  return taken.flatMap((i) => names.map((name) => pathTo(`targets.${i}.${name}`)));
}

/** OCSF wants a name or an id of a resource. */
function isParty(target: unknown): boolean {
  return text(member(target, "id")) !== undefined || text(member(target, "name")) !== undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Json)[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function defined(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
