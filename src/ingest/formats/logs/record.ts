/**
 * A log record as an event: by what its sender is known to write, else by the names that many give the same thing.
 * Why: docs/decisions/0150.
 */

import {
  asIdentity,
  asMessage,
  asObject,
  asText,
  firstText,
  type JsonObject,
  known,
} from "../../text/foreign-values.ts";
import { outcomeOf } from "../../text/outcomes.ts";
import { foreignTime } from "../../text/times.ts";
import { auth0Event } from "./auth0.ts";
import { places, RecordReader } from "./member-places.ts";
import { ocsfEvent } from "./ocsf.ts";
import { oktaEvent } from "./okta.ts";
import { ownEvent } from "./own-event.ts";
import { teleportEvent } from "./teleport.ts";

/** Senders whose records are known by their form. */
const KNOWN_SENDERS = [auth0Event, oktaEvent, teleportEvent, ocsfEvent];

const TIMES = places(
  "time",
  "timestamp",
  "@timestamp",
  "ts",
  "date",
  "datetime",
  "eventTime",
  "event_time",
  "created",
  "created_at",
  "createdAt",
);
const MESSAGES = places("message", "msg", "log", "MESSAGE", "event.original", "text", "body");
const ACTIONS = places("action", "event.action", "event_name", "eventName", "event_type", "eventType", "event");
const USER_IDS = places(
  "user.id",
  "user_id",
  "userId",
  "user.name",
  "username",
  "userName",
  "user_name",
  "user.email",
  "user",
  "principal",
  "actor.id",
  "actor",
);
const USER_NAMES = places(
  "user.full_name",
  "user.name",
  "username",
  "userName",
  "user_name",
  "user.email",
  "actor.name",
);
const HOSTS = places("host.name", "host.hostname", "hostname", "host", "HOST", "host_name", "agent.hostname");
const SYSTEMS = places(
  "service.name",
  "service",
  "app",
  "application",
  "program",
  "PROGRAM",
  "log.logger",
  "logger",
  "logger_name",
  "kubernetes.container_name",
  "container_name",
  "name",
);
const OUTCOMES = places("event.outcome", "outcome", "result", "success", "status");
const TARGETS = places("target.id", "target", "resource.id", "resource");
const IPS = places(
  "source.ip",
  "client.ip",
  "ip",
  "client_ip",
  "clientIp",
  "remote_addr",
  "remoteAddr",
  "remote_ip",
  "src_ip",
);
const USER_AGENTS = places("user_agent.original", "user_agent", "userAgent", "http_user_agent");
const SESSIONS = places("session.id", "session_id", "sessionId");
const REQUESTS = places("http.request.id", "request_id", "requestId", "req_id", "reqId", "req.id", "correlation_id");
const TRACES = places("trace.id", "trace_id", "traceId");
const TENANTS = places("organization.id", "tenant_id", "tenantId", "tenant", "org_id");
const SYSLOG_IDS = places("id");
const ECS_IDS = places("event.id");
/** ${UNIQID} of syslog-ng: the host's number, and that of the message. */
const SYSLOG_ID = /^[0-9a-f]{8}@[0-9a-f]{16}$/;

/**
 * The event of a record.
 * @param hasUniqueIds whether it is of syslog-ng, whose `id` is one where it is spelled as syslog-ng spells them. No other `id` of
 * a record counts: it may be that of what the record is about, and the second record of that would be taken for the first again.
 */
export function recordEvent(record: JsonObject, hasUniqueIds: boolean): JsonObject {
  for (const read of KNOWN_SENDERS) {
    const event = read(record);
    if (event !== undefined) return event;
  }
  return ownEvent(record) ?? commonEvent(record, hasUniqueIds);
}

function commonEvent(record: JsonObject, hasUniqueIds: boolean): JsonObject {
  const reader = new RecordReader(record);
  const isEcs = Object.hasOwn(record, "ecs.version") || asObject(record.ecs) !== undefined;
  const readId = (value: unknown): string | undefined => {
    const id = asText(value);
    return id !== undefined && SYSLOG_ID.test(id) ? id : undefined;
  };
  const context = known({
    ip: reader.take(IPS, asText),
    user_agent: reader.take(USER_AGENTS, (value) => asText(value, 2048)),
    session: reader.take(SESSIONS, asIdentity),
    request_id: reader.take(REQUESTS, asIdentity),
    trace_id: reader.take(TRACES, asText),
  });
  const action = reader.take(ACTIONS, asText);
  const target = reader.take(TARGETS, asIdentity);
  const host = reader.peek(HOSTS, asText);
  const system = reader.take(SYSTEMS, asText);
  return known({
    id: hasUniqueIds ? reader.take(SYSLOG_IDS, readId) : isEcs ? reader.take(ECS_IDS, asText) : undefined,
    action: action ?? "log.record",
    time: reader.take(TIMES, foreignTime),
    actor: userOf(reader) ?? systemOf(host ?? system),
    targets: target === undefined ? undefined : [{ type: "resource", id: target }],
    outcome: reader.take(OUTCOMES, outcomeOf),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: system ?? host,
    tenant: reader.take(TENANTS, asIdentity),
    message: reader.take(MESSAGES, asMessage),
    metadata: reader.rest(),
  });
}

function systemOf(id: string | undefined): JsonObject | undefined {
  return id === undefined ? undefined : { type: "system", id };
}

function userOf(reader: RecordReader): JsonObject | undefined {
  const id = reader.take(USER_IDS, asIdentity);
  if (id === undefined) return undefined;
  const name = reader.take(USER_NAMES, firstText);
  return known({ type: "user", id, name: name === id ? undefined : name });
}
