/** A record of CloudTrail as an event. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */

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
import { foreignTime } from "../../text/times.ts";
import { opOfCall } from "./verbs.ts";

const TARGETS_MAX = 64;
/** Codes of errors that say that somebody was not allowed to. */
const DENIED =
  /AccessDenied|Unauthorized|Forbidden|NotAuthorized|InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure/i;
/** Members that are told elsewhere in the event. */
const TOLD: readonly string[] = [
  "eventTime",
  "eventSource",
  "eventName",
  "userIdentity",
  "sourceIPAddress",
  "userAgent",
  "eventID",
  "recipientAccountId",
  "requestID",
  "awsRegion",
  "errorMessage",
];

export function isCloudTrail({ eventVersion, eventName, eventSource, s3 }: JsonObject): boolean {
  return (
    typeof eventVersion === "string" &&
    typeof eventName === "string" &&
    typeof eventSource === "string" &&
    s3 === undefined
  );
}

/**
 * @param record the record itself
 * @param envelope the event of EventBridge that it came in, if it did
 */
export function cloudTrailEvent(record: JsonObject, envelope: JsonObject = {}): JsonObject {
  const service = (asText(record.eventSource, 128) ?? "unknown").replace(/\.amazonaws\.com$/, "");
  const name = asText(record.eventName, 100) ?? "unknown";
  const identity = asObject(record.userIdentity) ?? {};
  const targets = targetsOf(record);
  const context = known({
    ip: asText(record.sourceIPAddress),
    user_agent: asText(record.userAgent, 2048),
    session: asText(identity.accessKeyId),
    request_id: asText(record.requestID),
    location: asText(record.awsRegion),
  });
  return known({
    id: asText(record.eventID) ?? asText(envelope.id),
    action: `aws.${service}.${name}`,
    op: record.readOnly === true ? "r" : opOfCall(name),
    time: foreignTime(record.eventTime) ?? foreignTime(envelope.time),
    actor: actorOf(identity),
    targets: targets.length === 0 ? undefined : targets,
    outcome: outcomeOfRecord(record),
    context: Object.keys(context).length === 0 ? undefined : context,
    source: asText(record.eventSource),
    tenant: firstText(record.recipientAccountId, identity.accountId, envelope.account),
    message: asMessage(record.errorMessage),
    metadata: fitForMember(omit(record, TOLD)),
  });
}

/** Who called. A role that was assumed acts for whoever assumed it, whom the name of the session tells. */
function actorOf(identity: JsonObject): JsonObject {
  const { type, invokedBy } = identity;
  const arn = asText(identity.arn, 2048);
  const id =
    arn ?? firstText(identity.principalId, identity.userName, identity.identityProvider, invokedBy) ?? "unknown";
  const service = asText(invokedBy);
  if (type === "AWSService") return { type: "service", id: service ?? id };
  const name = firstText(identity.userName, sessionNameOf(identity));
  const attrs = known({ identity_type: asText(type), account: asText(identity.accountId) });
  const issuer = asObject(asObject(identity.sessionContext)?.sessionIssuer);
  const isRole = type === "AssumedRole" || type === "Role" || type === "FederatedUser";
  const party = {
    type: isRole ? "role" : type === "AWSAccount" ? "account" : id === "unknown" ? "anonymous" : "user",
    id,
    name: name === id ? undefined : name,
    attrs: { ...attrs, ...known({ role: asText(issuer?.arn, 2048), invoked_by: service }) },
    on_behalf_of: behalfOf(identity, isRole),
  };
  return known(party);
}

/** For whom a role acts: the identity of a source where AWS knows it, else the name that the session was given. */
function behalfOf(identity: JsonObject, isRole: boolean): JsonObject | undefined {
  const context = asObject(identity.sessionContext);
  const source = asText(context?.sourceIdentity);
  if (source !== undefined) return { type: "user", id: source };
  const session = isRole ? sessionNameOf(identity) : undefined;
  return session === undefined ? undefined : { type: "session", id: session };
}

/** The last part of arn:aws:sts::1:assumed-role/Role/session, or what follows the colon of the principal's id. */
function sessionNameOf({ arn, principalId }: JsonObject): string | undefined {
  const ofArn = /:assumed-role\/.+\/([^/]+)$/.exec(asText(arn, 2048) ?? "")?.[1];
  return ofArn ?? /^[A-Z0-9]+:(.+)$/.exec(asText(principalId) ?? "")?.[1];
}

function targetsOf(record: JsonObject): JsonObject[] {
  const listed = Array.isArray(record.resources) ? record.resources.slice(0, TARGETS_MAX).flatMap(targetOf) : [];
  if (listed.length > 0) return listed;
  const asked = asObject(record.requestParameters);
  const named = known({
    bucket: asText(asked?.bucketName),
    user: asText(asked?.userName),
    role: firstText(asked?.roleName, asked?.roleArn),
    instance: asText(asked?.instanceId),
    key: asText(asked?.keyId),
    function: asText(asked?.functionName),
  });
  return Object.entries(named).map(([type, id]) => ({ type, id }));
}

function targetOf(value: unknown): JsonObject[] {
  const resource = asObject(value);
  const id = asText(resource?.ARN, 2048) ?? asText(resource?.ARNPrefix, 2048) ?? asText(resource?.resourceName, 2048);
  return id === undefined ? [] : [{ type: firstText(resource?.type, resource?.resourceType) ?? "resource", id }];
}

/** CloudTrail says what went wrong and nothing where nothing did; a sign-in tells by itself how it ended. */
function outcomeOfRecord(record: JsonObject): string {
  const code = asText(record.errorCode, 1024);
  if (code !== undefined) return DENIED.test(code) ? "denied" : "failure";
  const answered = asObject(record.responseElements);
  const signIn = asText(answered?.ConsoleLogin) ?? asText(answered?.SwitchRole);
  return signIn === "Failure" ? "failure" : "success";
}
