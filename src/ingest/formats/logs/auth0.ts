/** Logs of Auth0 as its log streams send them: each with a `log_id`, and what is in it under `data`, or without that. */

import {
  asMessage,
  asObject,
  asText,
  firstText,
  fitForMember,
  type JsonObject,
  known,
} from "../../text/foreign-values.ts";
import { foreignTime } from "../../text/times.ts";

/** https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes: codes that begin with these end so. */
const LIMITS = /^(limit_|pwd_leak|signup_pwd_leak|reset_pwd_leak|pla$)/;

export function auth0Event(record: JsonObject): JsonObject | undefined {
  const id = asText(record.log_id);
  const data = asObject(record.data) ?? record;
  const type = asText(data.type, 64);
  if (id === undefined || type === undefined) return undefined;
  const details = asObject(data.details);
  const context = known({
    ip: asText(data.ip),
    user_agent: asText(data.user_agent, 2048),
    session: asText(data.session_id),
    location: fitForMember(asObject(data.location_info)),
  });
  const client = asText(data.client_id);
  return known({
    id,
    action: `auth0.${type}`,
    time: foreignTime(data.date) ?? foreignTime(record.time),
    actor: actorOf(data),
    targets:
      client === undefined
        ? undefined
        : [known({ type: "application", id: client, name: asText(data.client_name) ?? undefined })],
    outcome: outcomeOfType(type),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: firstText(data.hostname, data.tenant_name) ?? "auth0",
    tenant: asText(data.tenant_name),
    message: asMessage(data.description) ?? asMessage(details?.error),
    metadata: fitForMember(data),
  });
}

function actorOf(data: JsonObject): JsonObject {
  const user = firstText(data.user_id, data.user_name);
  const name = asText(data.user_name);
  if (user !== undefined) return known({ type: "user", id: user, name: name === user ? undefined : name });
  const client = asText(data.client_id);
  return client === undefined ? { type: "anonymous", id: "auth0" } : { type: "service", id: client };
}

function outcomeOfType(type: string): string {
  if (LIMITS.test(type)) return "denied";
  if (type.startsWith("s")) return "success";
  return type.startsWith("f") ? "failure" : "unknown";
}
