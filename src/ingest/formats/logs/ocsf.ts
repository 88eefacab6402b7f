/** Events of the Open Cybersecurity Schema Framework: a class by its number, times in milliseconds, outcomes as numbers. */

import {
  asIdentity,
  asMessage,
  asObject,
  asText,
  firstText,
  fitForMember,
  type JsonObject,
  known,
} from "../../text/foreign-values.ts";
import { timeOfCount } from "../../text/times.ts";
import { valueAt } from "./member-places.ts";

/** `disposition_id` or `action_id` of what was not let through, https://schema.ocsf.io. */
const DENIED = 2;
const SUCCESS = 1;
const FAILURE = 2;
const TARGETS_MAX = 64;

export function ocsfEvent(record: JsonObject): JsonObject | undefined {
  const { class_uid: classId, metadata, time } = record;
  const about = asObject(metadata);
  if (!Number.isSafeInteger(classId) || about === undefined) return undefined;
  const at = (...steps: readonly string[]) => valueAt(record, steps);
  const context = known({
    ip: asText(at("src_endpoint", "ip")),
    user_agent: asText(at("http_request", "user_agent"), 2048),
    session: asText(at("actor", "session", "uid")) ?? asText(at("session", "uid")),
    request_id: firstText(at("api", "request", "uid"), about.correlation_uid),
  });
  const name = firstText(at("api", "operation"), record.activity_name) ?? "activity";
  const resources = Array.isArray(record.resources) ? record.resources.slice(0, TARGETS_MAX).flatMap(targetOf) : [];
  return known({
    id: asText(about.uid),
    action: `ocsf.${asText(record.class_name, 100) ?? classId}.${name.slice(0, 128)}`,
    time: timeOfCount(time, "ms"),
    actor: actorOf(record),
    targets: resources.length === 0 ? undefined : resources,
    outcome: outcomeOfEvent(record),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: firstText(valueAt(about, ["product", "name"]), valueAt(about, ["product", "vendor_name"])),
    tenant: firstText(at("cloud", "account", "uid"), about.tenant_uid),
    message: asMessage(record.message),
    schema: asText(about.version) === undefined ? undefined : `ocsf@${(about.version as string).slice(0, 100)}`,
    metadata: fitForMember(record),
  });
}

function actorOf(record: JsonObject): JsonObject | undefined {
  const actor = asObject(record.actor);
  const user = asObject(actor?.user) ?? asObject(record.user);
  const id = firstText(user?.uid, user?.email_addr, user?.name);
  if (id !== undefined) return known({ type: "user", id, name: firstText(user?.name, user?.email_addr) });
  const app = firstText(actor?.app_uid, actor?.app_name, actor?.invoked_by);
  return app === undefined ? undefined : { type: "service", id: app };
}

function targetOf(value: unknown): JsonObject[] {
  const resource = asObject(value);
  const id = asIdentity(resource?.uid) ?? asText(resource?.name);
  if (resource === undefined || id === undefined) return [];
  return [known({ type: asText(resource.type) ?? "resource", id, name: asText(resource.name) })];
}

function outcomeOfEvent({ action_id: action, status_id: status }: JsonObject): string {
  if (action === DENIED) return "denied";
  if (status === SUCCESS) return "success";
  return status === FAILURE ? "failure" : "unknown";
}
