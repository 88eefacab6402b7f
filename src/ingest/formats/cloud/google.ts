/**
 * Log entries of Google Cloud, above all those of Cloud Audit Logs, as a push subscription of Pub/Sub delivers what a sink
 * routes to its topic: wrapped in a message, in base64, or as they are; and as files hold them, one on each line.
 * https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, https://cloud.google.com/pubsub/docs/push
 */

import { type Format, type Item, unreadable } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { fromBase64 } from "../../text/base64.ts";
import {
  asMessage,
  asObject,
  asText,
  firstText,
  fitForMember,
  type JsonObject,
  known,
  omit,
} from "../../text/foreign-values.ts";
import { type JsonPart, jsonValues, readForeign } from "../../text/json-values.ts";
import { foreignTime } from "../../text/times.ts";
import { opOfCall } from "./verbs.ts";

/** Codes of google.rpc.Code. */
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** Members of an entry, and of a call in it, that are told elsewhere in the event. */
const TOLD: readonly string[] = ["insertId", "timestamp", "receiveTimestamp", "trace", "protoPayload"];
const TOLD_OF_CALL: readonly string[] = ["@type", "serviceName", "methodName", "resourceName", "requestMetadata"];

export const google: Format = {
  name: "google",
  headers: [],
  query: [],
  *items(body) {
    const text = readText(body);
    if (text === undefined) yield unreadable(body);
    else for (const part of jsonValues(text)) yield* itemsOf(part);
  },
};

function* itemsOf(part: JsonPart): Iterable<Item> {
  const value = "value" in part ? asObject(part.value) : undefined;
  const message = asObject(value?.message);
  if (value === undefined) yield unreadable(part.text);
  else if (message !== undefined && typeof value.subscription === "string") yield pushedItem(part.text, value, message);
  else yield itemOf(part.text, value);
}

/**
 * A message of Pub/Sub. Kept is the text that it holds, not what it came in: how often it was tried changes that, and where it
 * came from stands in `_source`.
 */
function pushedItem(text: string, { subscription }: JsonObject, message: JsonObject): Item {
  const { data = "", attributes } = message;
  const id = firstText(message.messageId, message.message_id);
  const bytes = typeof data === "string" ? fromBase64(data) : undefined;
  const inside = bytes === undefined ? undefined : readText(bytes);
  const source = { pubsub: fitForMember(known({ subscription, message_id: id, attributes: smallObject(attributes) })) };
  if (bytes === undefined) return { ...unreadable(text), source };
  const value = inside === undefined ? undefined : asObject(readForeign(inside)?.value);
  if (value !== undefined) {
    const item = itemOf(inside as string, value);
    const claim = item.claim ?? claimOf(id);
    return { ...item, source, ...(claim !== undefined && { claim }) };
  }
  const time = foreignTime(message.publishTime) ?? foreignTime(message.publish_time);
  const event = {
    action: "google.pubsub.message",
    time,
    actor: { type: "service", id: asText(subscription) ?? "pubsub" },
    message: asMessage(inside),
    metadata: fitForMember(smallObject(attributes)),
  };
  const claim = claimOf(id);
  return { raw: inside ?? bytes, event: known(event), source, ...(claim !== undefined && { claim }) };
}

function claimOf(messageId: string | undefined): string | undefined {
  return messageId === undefined ? undefined : `pubsub ${messageId}`;
}

/** Attributes of a message, of which there are a hundred at most, each of one kilobyte; nobody sends nearly as many. */
function smallObject(value: unknown): JsonObject | undefined {
  const object = asObject(value);
  return object === undefined || JSON.stringify(object).length > 2048 ? undefined : object;
}

function itemOf(raw: string, entry: JsonObject): Item {
  const { insertId, logName, timestamp } = entry;
  const id = asText(insertId);
  // Two entries are one where all three agree; see insertId in the reference of LogEntry.
  const claim = id === undefined ? undefined : JSON.stringify([logName, timestamp, id]).slice(0, 1024);
  const payload = asObject(entry.protoPayload);
  const event = payload?.methodName === undefined ? plainEvent(entry) : auditEvent(entry, payload);
  return { raw, event, ...(claim !== undefined && { claim }) };
}

/** What every entry has. */
function commonMembers(entry: JsonObject): JsonObject {
  const resource = asObject(entry.resource);
  const labels = asObject(resource?.labels);
  const project = /^(?:projects|folders|organizations|billingAccounts)\/([^/]+)/.exec(
    asText(entry.logName, 2048) ?? "",
  )?.[1];
  return {
    id: asText(entry.insertId),
    time: foreignTime(entry.timestamp) ?? foreignTime(entry.receiveTimestamp),
    observed_at: foreignTime(entry.receiveTimestamp),
    tenant: firstText(labels?.project_id, project),
  };
}

function auditEvent(entry: JsonObject, payload: JsonObject): JsonObject {
  const service = asText(payload.serviceName, 128) ?? "unknown";
  const method = asText(payload.methodName, 200) ?? "unknown";
  const request = asObject(payload.requestMetadata);
  const resource = asText(payload.resourceName, 2048);
  const context = known({
    ip: asText(request?.callerIp),
    user_agent: asText(request?.callerSuppliedUserAgent, 2048),
    request_id: asText(asObject(entry.operation)?.id),
    trace_id: asText(entry.trace),
    location: asText(asObject(asObject(entry.resource)?.labels)?.location),
  });
  const type = asText(asObject(entry.resource)?.type) ?? "resource";
  const status = asObject(payload.status);
  return known({
    ...commonMembers(entry),
    action: actionOf(service, method),
    op: opOfCall(method.split(".").at(-1)),
    actor: actorOf(asObject(payload.authenticationInfo)),
    targets: resource === undefined ? undefined : [{ type, id: resource }],
    outcome: outcomeOfCall(entry, payload),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: service,
    message: asMessage(status?.message),
    metadata: fitForMember({ ...omit(entry, TOLD), protoPayload: omit(payload, TOLD_OF_CALL) }),
  });
}

/** google.storage.objects.get of storage.googleapis.com and storage.objects.get; full names of methods as they are. */
function actionOf(service: string, method: string): string {
  if (method.startsWith("google.")) return method;
  const short = service.replace(/\.googleapis\.com$/, "");
  return method.startsWith(`${short}.`) ? `google.${method}` : `google.${short}.${method}`;
}

/** Who called; for a service account, whoever is first in the chain of those that acted through it. */
function actorOf(info: JsonObject | undefined): JsonObject {
  const id = firstText(info?.principalEmail, info?.principalSubject, info?.authoritySelector);
  if (info === undefined || id === undefined) return { type: "anonymous", id: "unknown" };
  const isService =
    id.endsWith(".gserviceaccount.com") || id.startsWith("serviceAccount:") || id.startsWith("service-");
  const chain = Array.isArray(info.serviceAccountDelegationInfo) ? info.serviceAccountDelegationInfo : [];
  const first = asObject(chain[0]);
  const behind = firstText(asObject(first?.firstPartyPrincipal)?.principalEmail, first?.principalSubject);
  return known({
    type: isService ? "service" : "user",
    id,
    on_behalf_of:
      behind === undefined
        ? undefined
        : { type: behind.endsWith(".gserviceaccount.com") ? "service" : "user", id: behind },
  });
}

function outcomeOfCall({ operation }: JsonObject, { status, authorizationInfo }: JsonObject): string {
  const code = asObject(status)?.code;
  const asked = Array.isArray(authorizationInfo) ? authorizationInfo : [];
  const isRefused = asked.some((each) => asObject(each)?.granted === false);
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED || isRefused) return "denied";
  if (typeof code === "number" && code !== 0) return "failure";
  // What takes long is told when it begins, and again when it has ended.
  const steps = asObject(operation);
  return steps?.first === true && steps.last !== true ? "unknown" : "success";
}

/** An entry that is not one of the audit logs. */
function plainEvent(entry: JsonObject): JsonObject {
  const json = asObject(entry.jsonPayload);
  const resource = asObject(entry.resource);
  const name = (asText(entry.logName, 2048) ?? "").split("/").at(-1) ?? "";
  const instance = firstText(...Object.values(asObject(resource?.labels) ?? {}).slice(0, 8));
  const isEntry = typeof entry.logName === "string";
  return known({
    ...commonMembers(entry),
    action: isEntry ? `google.log.${name.slice(0, 200)}` : "google.record",
    actor: { type: "service", id: instance ?? "google" },
    source: asText(resource?.type),
    message: asMessage(entry.textPayload) ?? asMessage(json?.message),
    metadata: fitForMember(entry),
  });
}
