/** From an audit event of Kubernetes (audit.k8s.io, v1 and v1beta1) to the members of an event. */

import { IDENTIFIER_MAX, isPrintable, NAME_MAX } from "../../../entry/schema.ts";
import { asObject, asText, firstText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { asTime } from "../../text/times.ts";

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const OPS: Readonly<Record<string, string>> = {
  create: "c",
  get: "r",
  list: "r",
  watch: "r",
  head: "r",
  options: "r",
  update: "u",
  patch: "u",
  put: "u",
  delete: "d",
  deletecollection: "d",
};
/** Subresources by which something is done with a thing, whatever the verb is. */
const DONE_WITH: readonly unknown[] = ["exec", "attach", "portforward", "proxy"];
const MESSAGE_MAX = 4096;

/** The members of an event. @param isShown whether what the request asks for is among them */
export function eventOf(audit: JsonObject, isShown: boolean): JsonObject {
  const status = asObject(audit.responseStatus);
  const { auditID, stage } = audit;
  const request = asText(auditID);
  const sourceIPs: readonly unknown[] = Array.isArray(audit.sourceIPs) ? audit.sourceIPs : [];
  const context = known({
    // Whoever sends can put the others there; the last is who the API server itself spoke with.
    ip: asText(sourceIPs.at(-1)),
    user_agent: asText(audit.userAgent, IDENTIFIER_MAX),
    request_id: request,
  });
  const user = asObject(audit.user);
  const asWhom = asObject(audit.impersonatedUser);
  return known({
    id: request === undefined ? undefined : `${request}/${asText(stage) ?? ""}`,
    action: actionOf(audit),
    time: asTime(audit.stageTimestamp) ?? asTime(audit.timestamp) ?? asTime(audit.requestReceivedTimestamp),
    observed_at: asTime(audit.requestReceivedTimestamp),
    // Who acted is the user; impersonating, with the rights of somebody else.
    actor: known({ ...partyOf(user), on_behalf_of: asWhom && partyOf(asWhom) }),
    targets: [targetOf(audit)],
    outcome: outcomeOf(audit, status),
    op: opOf(audit),
    context: Object.keys(context).length === 0 ? undefined : context,
    message: asText(status?.message, MESSAGE_MAX),
    changes: isShown ? changesOf(audit.requestObject) : undefined,
    metadata: metadataOf(audit, status),
  });
}

/** Whether a JSON value is an audit event, and so can be mapped. */
export function isAuditEvent(value: JsonObject): boolean {
  return typeof value.verb === "string" && (typeof value.auditID === "string" || typeof value.requestURI === "string");
}

function actionOf(audit: JsonObject): string {
  const reference = asObject(audit.objectRef);
  const resource = asText(reference?.resource);
  const verb = asText(audit.verb) ?? "unknown";
  if (resource === undefined) return nameOf(`k8s.nonresource.${verb}`);
  const subresource = asText(reference?.subresource);
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  return nameOf(`k8s.${asText(reference?.apiGroup) ?? "core"}.${path}.${verb}`);
}

function nameOf(text: string): string {
  return text.length <= NAME_MAX && isPrintable(text) ? text : "k8s.unknown";
}

function partyOf(user: JsonObject | undefined): JsonObject {
  const username = asText(user?.username, IDENTIFIER_MAX);
  if (username === undefined) return { type: "anonymous", id: "unknown" };
  const [, namespace, account] = SERVICE_ACCOUNT.exec(username) ?? [];
  const attrs = known({
    uid: asText(user?.uid),
    groups: fitOrNone(user?.groups),
    extra: fitOrNone(user?.extra),
  });
  return known({
    type: typeOf(username),
    id: username,
    name: namespace === undefined ? undefined : `${namespace}/${account}`,
    attrs: Object.keys(attrs).length === 0 ? undefined : attrs,
  });
}

function typeOf(username: string): string {
  if (username === "system:anonymous") return "anonymous";
  if (SERVICE_ACCOUNT.test(username)) return "service";
  return username.startsWith("system:") ? "system" : "user";
}

/** The object, by namespace and name; of a whole collection `*`, which no name can be; else the path that was asked for. */
function targetOf(audit: JsonObject): JsonObject {
  const reference = asObject(audit.objectRef);
  const resource = asText(reference?.resource);
  if (reference === undefined || resource === undefined) {
    const [path = ""] = String(audit.requestURI ?? "").split("?");
    return { type: "url", id: asText(path, IDENTIFIER_MAX) ?? "unknown" };
  }
  const created = asObject(asObject(audit.responseObject)?.metadata);
  const name = firstText(reference.name, created?.name) ?? "*";
  const namespace = asText(reference.namespace);
  const uid = firstText(reference.uid, created?.uid);
  const attrs = namespace === undefined && uid === undefined ? undefined : known({ namespace, uid });
  return known({
    type: resource,
    id: namespace === undefined ? name : `${namespace}/${name}`,
    name,
    attrs,
  });
}

/** What was decided and what came of it; before there is an answer, neither is known. */
function outcomeOf({ annotations, stage }: JsonObject, status: JsonObject | undefined): string {
  if (stage === "Panic") return "failure";
  const code = Number.isSafeInteger(status?.code) ? (status?.code as number) : undefined;
  const decision = asObject(annotations)?.["authorization.k8s.io/decision"];
  if (code === 401 || code === 403 || decision === "forbid") return "denied";
  if (code === undefined) return status?.status === "Failure" ? "failure" : "unknown";
  return code >= 400 ? "failure" : "success";
}

function opOf(audit: JsonObject): string {
  if (DONE_WITH.includes(asObject(audit.objectRef)?.subresource)) return "x";
  const verb = typeof audit.verb === "string" ? audit.verb.toLowerCase() : "";
  return Object.hasOwn(OPS, verb) ? (OPS[verb] as string) : "x";
}

/** What a request asks to become; of a PATCH its steps, which are a list. */
function changesOf(object: unknown): unknown {
  if (object === undefined || object === null) return undefined;
  return Array.isArray(object) ? { patch: fitForMember(object) } : { new: fitForMember(object) };
}

function metadataOf(audit: JsonObject, status: JsonObject | undefined): JsonObject {
  return known({
    level: asText(audit.level),
    stage: asText(audit.stage),
    requestURI: asText(audit.requestURI, MESSAGE_MAX),
    code: Number.isSafeInteger(status?.code) ? status?.code : undefined,
    reason: asText(status?.reason),
    annotations: fitOrNone(audit.annotations),
    authentication: fitOrNone(audit.authenticationMetadata),
  });
}

function fitOrNone(value: unknown): unknown {
  return value === undefined || value === null ? undefined : fitForMember(value);
}
