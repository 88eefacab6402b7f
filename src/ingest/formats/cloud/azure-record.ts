/**
 * A record of Azure's logs as an event: of the activity log, as diagnostic settings and as its own API spell it, of Entra
 * sign-ins and of Entra's audit log. https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
 */

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
import { outcomeOf } from "../../text/outcomes.ts";
import { foreignTime } from "../../text/times.ts";

const CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
const OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TARGETS_MAX = 64;
/** Codes of Entra that say that somebody was not let in: conditional access, consent, assignment, an account that is blocked. */
const DENIED_CODES: ReadonlySet<string> = new Set([
  "50105",
  "53000",
  "53001",
  "53003",
  "530032",
  "65001",
  "50053",
  "50057",
]);
const DENIED = /forbidden|unauthorized|denied/i;
const STARTED: readonly unknown[] = ["Start", "Started", "Accept", "Accepted"];

export function recordEvent(record: JsonObject): JsonObject {
  const properties = asObject(record.properties) ?? {};
  const operation = nameOf(record.operationName) ?? "record";
  const context = known({
    ip: firstText(
      record.callerIpAddress,
      asObject(record.httpRequest)?.clientIpAddress,
      properties.ipAddress,
      asObject(asObject(properties.initiatedBy)?.user)?.ipAddress,
    ),
    user_agent: asText(properties.userAgent, 2048),
    request_id: firstText(record.correlationId, properties.correlationId),
    location: asText(record.location),
  });
  const targets = targetsOf(record, properties);
  return known({
    id: firstText(record.eventDataId, properties.id),
    action: `azure.${operation.slice(0, 200)}`,
    op: opOf(operation),
    time:
      foreignTime(record.time) ??
      foreignTime(record.eventTimestamp) ??
      foreignTime(properties.activityDateTime) ??
      foreignTime(properties.createdDateTime),
    actor: callerOf(record) ?? initiatorOf(properties) ?? { type: "system", id: "azure" },
    targets: targets.length === 0 ? undefined : targets,
    outcome: outcomeOfRecord(record, properties),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: asText(record.category),
    tenant: firstText(record.tenantId, record.subscriptionId, tenantOfResource(record.resourceId)),
    message: asMessage(record.resultDescription) ?? asMessage(properties.resultReason) ?? asMessage(record.description),
    metadata: fitForMember(record),
  });
}

/** A name, alone or with its translation. */
function nameOf(value: unknown): string | undefined {
  return asText(value) ?? asText(asObject(value)?.value);
}

/** Who called, from the claims of the token and what stands beside them; undefined where nobody is named. */
export function callerOf(record: JsonObject): JsonObject | undefined {
  const identity = asObject(record.identity);
  const claims = asObject(identity?.claims) ?? asObject(record.claims);
  const evidence =
    asObject(asObject(identity?.authorization)?.evidence) ?? asObject(asObject(record.authorization)?.evidence);
  const name = firstText(
    record.caller,
    claims?.[`${CLAIMS}upn`],
    claims?.[`${CLAIMS}emailaddress`],
    claims?.[`${CLAIMS}name`],
  );
  const id = name ?? firstText(claims?.[OBJECT_ID], evidence?.principalId, claims?.appid);
  if (id === undefined) return undefined;
  const isService =
    evidence?.principalType === "ServicePrincipal" ||
    claims?.idtyp === "app" ||
    (name === undefined && claims?.appid === id);
  const shown = firstText(claims?.name);
  return known({ type: isService ? "service" : "user", id, name: shown === id ? undefined : shown });
}

/** Who signed in, or changed something in a directory. */
function initiatorOf(properties: JsonObject): JsonObject | undefined {
  const by = asObject(properties.initiatedBy);
  const user = asObject(by?.user) ?? (by === undefined ? properties : {});
  const userId = firstText(user.userPrincipalName, user.userId, by === undefined ? undefined : user.id);
  if (userId !== undefined) {
    const shown = firstText(user.userDisplayName, user.displayName);
    return known({ type: "user", id: userId, name: shown === userId ? undefined : shown });
  }
  const app = asObject(by?.app);
  const appId = firstText(app?.servicePrincipalId, app?.appId, app?.displayName, properties.servicePrincipalId);
  return appId === undefined ? undefined : known({ type: "service", id: appId, name: asText(app?.displayName) });
}

function targetsOf(record: JsonObject, properties: JsonObject): JsonObject[] {
  const listed = Array.isArray(properties.targetResources) ? properties.targetResources.slice(0, TARGETS_MAX) : [];
  const targets = listed.flatMap((value): JsonObject[] => {
    const target = asObject(value);
    const id = firstText(target?.userPrincipalName, target?.id, target?.displayName);
    return id === undefined
      ? []
      : [known({ type: asText(target?.type) ?? "resource", id, name: asText(target?.displayName) })];
  });
  if (targets.length > 0) return targets;
  const app = asText(properties.appId);
  if (app !== undefined) return [known({ type: "application", id: app, name: asText(properties.appDisplayName) })];
  const resource = asText(record.resourceId, 2048) ?? asText(record.resourceUri, 2048);
  return resource === undefined ? [] : [{ type: "resource", id: resource }];
}

/** Each log has words of its own: Success, Succeeded.Created, 0 and 50126, success; a call that is only begun has no outcome. */
function outcomeOfRecord(record: JsonObject, properties: JsonObject): string | undefined {
  const type = nameOf(record.resultType) ?? asIdentity(record.resultType) ?? nameOf(record.status);
  const signature = firstText(record.resultSignature, nameOf(record.subStatus));
  const code = asIdentity(asObject(properties.status)?.errorCode) ?? (/^\d+$/.test(type ?? "") ? type : undefined);
  if (STARTED.includes(type)) return "unknown";
  if (code !== undefined) return code === "0" ? "success" : DENIED_CODES.has(code) ? "denied" : "failure";
  const outcome = outcomeOf(type) ?? outcomeOf(properties.result) ?? outcomeOf(signature?.split(".")[0]);
  return outcome === "failure" && DENIED.test(signature ?? "") ? "denied" : outcome;
}

/** MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE and its like end in what is done. */
function opOf(operation: string): string | undefined {
  const verb = /\/(write|delete|read|action)$/i.exec(operation)?.[1]?.toLowerCase();
  return verb === undefined ? undefined : verb === "action" ? "x" : verb === "write" ? "u" : verb.slice(0, 1);
}

/** Of /SUBSCRIPTIONS/id/… and /tenants/id/… the id. */
function tenantOfResource(resourceId: unknown): string | undefined {
  return /^\/(?:subscriptions|tenants)\/([^/]+)/i.exec(asText(resourceId, 2048) ?? "")?.[1];
}
