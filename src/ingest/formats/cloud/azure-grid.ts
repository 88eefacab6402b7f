/** Deliveries of Event Grid in its own schema. https://learn.microsoft.com/azure/event-grid/event-schema */

import {
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
import { callerOf } from "./azure-record.ts";

const VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent";
/** Events about resources end so, where `data.status` does not say it. */
const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/Success$/, "success"],
  [/(Failure|Cancel)$/, "failure"],
];

export function isEventGrid({ eventType, subject, eventTime, data }: JsonObject): boolean {
  return typeof eventType === "string" && typeof subject === "string" && eventTime !== undefined && data !== undefined;
}

/** What is answered to a subscription that asks whether its events are wanted here; undefined for any other event. */
export function validationOf({ eventType, data }: JsonObject): JsonObject | undefined {
  const code = eventType === VALIDATION ? asText(asObject(data)?.validationCode, 1024) : undefined;
  return code === undefined ? undefined : { validationResponse: code };
}

export function eventGridEvent(value: JsonObject): JsonObject {
  const type = asText(value.eventType, 240) ?? "unknown";
  const data = asObject(value.data) ?? {};
  const topic = asText(value.topic, 2048);
  const subject = asText(value.subject, 2048);
  const request = asObject(data.httpRequest);
  const context = known({
    ip: asText(request?.clientIpAddress),
    request_id: firstText(data.correlationId, data.clientRequestId, data.requestId),
  });
  const ending = ENDINGS.find(([pattern]) => type.startsWith("Microsoft.Resources.") && pattern.test(type))?.[1];
  return known({
    id: asText(value.id),
    action: `azure.${type}`,
    time: foreignTime(value.eventTime),
    actor: callerOf(data) ?? { type: "service", id: topic ?? "eventgrid" },
    targets: subject === undefined || subject === "" ? undefined : [{ type: "resource", id: subject }],
    outcome: outcomeOf(data.status) ?? ending,
    context: Object.keys(context).length === 0 ? undefined : context,
    source: asText(topic),
    tenant: firstText(data.subscriptionId, data.tenantId),
    message: asMessage(data.operationName),
    metadata: fitForMember(data),
  });
}
