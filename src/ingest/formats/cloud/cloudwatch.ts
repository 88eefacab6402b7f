/**
 * What CloudWatch Logs hands on to its subscribers: some events of one stream, and control messages by which it looks whether somebody
 * takes them. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */

import { asMessage, asObject, asText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { readForeign } from "../../text/json-values.ts";
import { namedMembers, restOf } from "../../text/log-record.ts";
import { timeOfCount } from "../../text/times.ts";

const TYPES: readonly unknown[] = ["DATA_MESSAGE", "CONTROL_MESSAGE"];

/** Whether an object is what CloudWatch Logs sends, with a list of log events. */
export function isCloudWatch({ messageType, logGroup, logEvents }: JsonObject): boolean {
  return TYPES.includes(messageType) && typeof logGroup === "string" && Array.isArray(logEvents);
}

/** What names a log event when it comes again: its id, which its group gives once; undefined where it has none. */
export function cloudWatchClaim({ owner, logGroup, logStream }: JsonObject, { id }: JsonObject): string | undefined {
  return typeof id === "string" && id !== ""
    ? `cloudwatch ${JSON.stringify([owner, logGroup, logStream, id])}`
    : undefined;
}

/**
 * One log event.
 * @param batch what it came in, which says whose it is
 * @param eventOf the event that an object in its message is, where that is something of AWS
 */
export function cloudWatchEvent(
  batch: JsonObject,
  logged: JsonObject,
  eventOf: (record: JsonObject) => JsonObject | undefined,
): JsonObject {
  const { owner, logGroup, logStream, subscriptionFilters, messageType } = batch;
  const { message: text } = logged;
  const record = typeof text === "string" ? asObject(readForeign(text)?.value) : undefined;
  const inside = record === undefined ? undefined : eventOf(record);
  if (inside !== undefined) return inside;
  const named = record === undefined ? undefined : namedMembers(record);
  const group = asText(logGroup, 512) ?? "unknown";
  return {
    ...named?.more,
    ...known({
      id: asText(logged.id) || undefined,
      action: messageType === "CONTROL_MESSAGE" ? "aws.logs.control" : (named?.action ?? "aws.logs.message"),
      time: named?.time ?? timeOfCount(logged.timestamp, "ms"),
      actor: named?.actor ?? { type: "service", id: group },
      source: group,
      tenant: asText(named?.more.tenant) ?? asText(owner),
      message: named === undefined ? asMessage(text) : named.message,
      metadata: fitForMember(
        known({
          log_group: group,
          log_stream: asText(logStream, 512),
          subscription_filters: subscriptionFilters,
          record: record === undefined || named === undefined ? undefined : restOf(record, named),
        }),
      ),
    }),
  };
}
