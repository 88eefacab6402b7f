/** A record of a notification of S3. https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */

import { asObject, asText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { foreignTime } from "../../text/times.ts";

const OPS: readonly (readonly [RegExp, string])[] = [
  [/^ObjectCreated/, "c"],
  [/^(ObjectRemoved|LifecycleExpiration)/, "d"],
  [/^Object(Tagging|Acl|Restore)/, "u"],
];

export function isS3({ eventSource, s3, eventName }: JsonObject): boolean {
  return eventSource === "aws:s3" && asObject(s3) !== undefined && typeof eventName === "string";
}

export function s3Event(record: JsonObject): JsonObject {
  const name = asText(record.eventName, 200) ?? "unknown";
  const about = asObject(record.s3);
  const bucket = asObject(about?.bucket);
  const bucketId = asText(bucket?.arn, 2048) ?? asText(bucket?.name);
  const key = asText(asObject(about?.object)?.key, 2048);
  const targets = [
    ...(key === undefined ? [] : [{ type: "object", id: key }]),
    ...(bucketId === undefined ? [] : [{ type: "bucket", id: bucketId }]),
  ];
  const context = known({
    ip: asText(asObject(record.requestParameters)?.sourceIPAddress),
    request_id: asText(asObject(record.responseElements)?.["x-amz-request-id"]),
    location: asText(record.awsRegion),
  });
  return known({
    action: `aws.s3.${name}`,
    op: OPS.find(([pattern]) => pattern.test(name))?.[1],
    time: foreignTime(record.eventTime),
    actor: { type: "user", id: asText(asObject(record.userIdentity)?.principalId) ?? "unknown" },
    targets: targets.length === 0 ? undefined : targets,
    outcome: "success",
    context: Object.keys(context).length === 0 ? undefined : context,
    source: "s3.amazonaws.com",
    metadata: fitForMember(record),
  });
}
