/**
 * What AWS sends to an HTTP endpoint: events of EventBridge, alone and in batches; records of CloudTrail, by themselves, in the
 * files of a trail, or in an event; notifications of S3; log events of CloudWatch Logs; deliveries of SNS and of Firehose that hold any of these.
 * Why: docs/decisions/0151.
 */

import { type Delivery, type Format, type Item, type Unpack, unreadable } from "../../format.ts";
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
} from "../../text/foreign-values.ts";
import { type JsonPart, readForeign, valuesWithin } from "../../text/json-values.ts";
import { foreignTime } from "../../text/times.ts";
import { cloudTrailEvent, isCloudTrail } from "./cloudtrail.ts";
import { cloudWatchClaim, cloudWatchEvent, isCloudWatch } from "./cloudwatch.ts";
import { isS3, s3Event } from "./s3.ts";

/** Files of CloudTrail and notifications of S3; deliveries of Firehose. */
const WRAPPERS = [{ path: ["Records"] }, { path: ["records"] }];
/** What is in a delivery may be a delivery again: a record of Firehose that holds one of SNS that holds an event. */
const DEPTH_MAX = 4;
/** Of a region, or of one in China; nothing stands before the host, and a slash or a question behind it. */
const SNS_URL = /^https:\/\/sns\.[a-z0-9-]{1,32}\.amazonaws\.com(?:\.cn)?[/?]/;
const SNS_TYPES: readonly unknown[] = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"];

/** The list of a message of CloudWatch Logs. */
const LOG_EVENTS = [{ path: ["logEvents"] }];
/** How gzip begins (RFC 1952 §2.3.1), and how that begins in base64. */
const GZIP = [0x1f, 0x8b] as const;
const GZIP_IN_BASE64 = "H4sI";

export const aws: Format = {
  name: "aws",
  headers: [],
  query: [],
  packedMark: GZIP_IN_BASE64,
  *items(body: Uint8Array, _delivery: Delivery, unpack: Unpack): Iterable<Item> {
    const text = readText(body);
    if (text === undefined) yield unreadable(body);
    else yield* itemsOf(text, { unpack, depthLeft: DEPTH_MAX });
  },
};

/** How what is in a delivery is read. */
type Reading = { readonly unpack: Unpack; readonly depthLeft: number };

function* itemsOf(text: string, reading: Reading): Iterable<Item> {
  for (const part of valuesWithin(text, WRAPPERS)) yield* itemsOfPart(part, reading);
}

function* itemsOfPart(part: JsonPart, reading: Reading): Iterable<Item> {
  const { text } = part;
  const value = "value" in part ? asObject(part.value) : undefined;
  const data = value === undefined || reading.depthLeft === 0 ? undefined : dataOf(value);
  if (value === undefined) yield unreadable(text);
  else if (data !== undefined) yield* itemsOfData(text, data, reading);
  else if (isCloudWatch(value)) yield* itemsOfCloudWatch(text, value);
  else if (reading.depthLeft > 0 && isSns(value)) yield snsItem(text, value);
  else yield itemOf(text, value);
}

/** What an object carries that has nothing else: a record of Firehose its data, an invocation by CloudWatch Logs its events. */
function dataOf(value: JsonObject): string | undefined {
  if (Object.keys(value).length !== 1) return undefined;
  const { data = asObject(value.awslogs)?.data } = value;
  return typeof data === "string" ? data : undefined;
}

/** What is in such data, packed or not; what carries it where that is nothing of AWS. */
function* itemsOfData(text: string, data: string, { unpack, depthLeft }: Reading): Iterable<Item> {
  const bytes = fromBase64(data);
  const isPacked = bytes !== undefined && bytes[0] === GZIP[0] && bytes[1] === GZIP[1];
  const whole = isPacked ? unpack(bytes) : bytes;
  const inside = whole === undefined ? undefined : readText(whole);
  if (isPacked && whole === undefined) yield { raw: text, event: {}, notes: ["encoding_invalid"] };
  else if (inside === undefined || inside.trim() === "") yield unreadable(text);
  else yield* itemsOf(inside, { unpack, depthLeft: depthLeft - 1 });
}

/** Its log events, each by itself; the message as a whole where it has none. */
function* itemsOfCloudWatch(text: string, batch: JsonObject): Iterable<Item> {
  for (const part of valuesWithin(text, LOG_EVENTS)) {
    const logged = "value" in part ? asObject(part.value) : undefined;
    if (logged === undefined) yield unreadable(part.text);
    else
      yield known({
        raw: part.text,
        event: cloudWatchEvent(batch, logged, knownEvent),
        claim: cloudWatchClaim(batch, logged),
      }) as Item;
  }
}

function isSns(value: JsonObject): boolean {
  return SNS_TYPES.includes(value.Type) && typeof value.TopicArn === "string" && typeof value.MessageId === "string";
}

/**
 * A delivery of SNS is kept as it came, with its signature; the event is that of its message where that is one of AWS. Its
 * MessageId is the same when it comes again.
 */
function snsItem(raw: string, sns: JsonObject): Item {
  const { Type: type, TopicArn, MessageId, Message: message } = sns;
  const inside = type === "Notification" && typeof message === "string" ? eventInside(message) : undefined;
  const delivery = known({
    id: asText(MessageId),
    action: `aws.sns.${type}`,
    time: foreignTime(sns.Timestamp),
    actor: { type: "service", id: "sns.amazonaws.com" },
    targets: [{ type: "topic", id: asText(TopicArn, 2048) ?? "unknown" }],
    message: asMessage(type === "Notification" ? message : (sns.SubscribeURL ?? message)),
    metadata: fitForMember(known({ ...sns, Message: undefined, subscribe_url_is_of_aws: isOfAws(sns.SubscribeURL) })),
  });
  return { raw, event: inside ?? delivery, claim: `sns ${MessageId}` };
}

/**
 * Whether the URL by which a subscription is confirmed leads to SNS, and not to a place that only begins so: whoever opens it, which is
 * never the service, is told. Undefined where there is none.
 */
function isOfAws(url: unknown): boolean | undefined {
  return typeof url === "string" ? SNS_URL.test(url) : undefined;
}

/** The event of a message that holds just one. */
function eventInside(message: string): JsonObject | undefined {
  const value = asObject(readForeign(message)?.value);
  const records = value?.Records;
  const only = Array.isArray(records) && records.length === 1 ? asObject(records[0]) : value;
  return only === undefined ? undefined : knownEvent(only);
}

function itemOf(raw: string, value: JsonObject): Item {
  const event = knownEvent(value);
  if (event === undefined) return { raw, event: otherEvent(value) };
  // The same call may come in a file of its trail, too, spelled otherwise: both are evidence, under one id.
  const isEnvelope = asObject(value.detail) !== undefined && event.id !== undefined;
  return isEnvelope ? { raw, event, claim: `eventbridge ${String(value.id ?? event.id)}` } : { raw, event };
}

function knownEvent(value: JsonObject): JsonObject | undefined {
  if (isCloudTrail(value)) return cloudTrailEvent(value);
  if (isS3(value)) return s3Event(value);
  const detail = asObject(value.detail);
  if (detail === undefined || typeof value["detail-type"] !== "string") return undefined;
  return isCloudTrail(detail) ? cloudTrailEvent(detail, value) : eventBridgeEvent(value, detail);
}

/** An event of another service than CloudTrail, or of somebody's own. */
function eventBridgeEvent(envelope: JsonObject, detail: JsonObject): JsonObject {
  const source = asText(envelope.source, 128) ?? "unknown";
  const name = asText(envelope["detail-type"], 120) ?? "event";
  const targets = Array.isArray(envelope.resources) ? envelope.resources.slice(0, 64).flatMap(targetOf) : [];
  return known({
    id: asText(envelope.id),
    action: `${source.startsWith("aws.") ? source : `aws.events.${source}`}.${name}`,
    time: foreignTime(envelope.time),
    actor: { type: "service", id: source },
    targets: targets.length === 0 ? undefined : targets,
    source,
    tenant: asText(envelope.account),
    message: asText(envelope["detail-type"]),
    metadata: fitForMember(known({ region: envelope.region, detail })),
  });
}

function targetOf(value: unknown): JsonObject[] {
  const id = asText(value, 2048);
  return id === undefined ? [] : [{ type: "resource", id }];
}

/** An object of which nothing is known but that it came. */
function otherEvent(value: JsonObject): JsonObject {
  return known({
    action: "aws.record",
    time: foreignTime(value.time) ?? foreignTime(value.eventTime) ?? foreignTime(value.timestamp),
    actor: { type: "service", id: firstText(value.source, value.eventSource) ?? "aws" },
    message: asMessage(value.message),
    metadata: fitForMember(value),
  });
}
