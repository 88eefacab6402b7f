/**
 * GitHub webhooks: the name of the event from X-GitHub-Event, the payload as JSON. One general rule instead of one for
 * each of GitHub's events: every part of the payload that has an identity is a target, every plain value is metadata.
 */

import { isDateTime } from "../../entry/time.ts";
import type { Delivery, Format, Item } from "../format.ts";
import { readText } from "../raw-member.ts";
import { asObject, asText, firstText, type JsonObject } from "../text/foreign-values.ts";
import { readForeign } from "../text/json-values.ts";
import { dotName, hostOfUrl, isPartName, plainValues } from "../text/payload-parts.ts";

const TARGETS_MAX = 16;

const EVENT_HEADER = "x-github-event";
const DELIVERY_HEADER = "x-github-delivery";
/** A form with a parameter `payload`, anywhere among others. */
const FORM = /^(?:[\w.%+-]+=[^&]*&)*payload=([^&]*)/;

/** Part of the payload that an event is about, where it is not named as the event is. */
const SUBJECTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    branch_protection_rule: "rule",
    code_scanning_alert: "alert",
    commit_comment: "comment",
    dependabot_alert: "alert",
    deploy_key: "key",
    discussion_comment: "comment",
    fork: "forkee",
    issue_comment: "comment",
    issues: "issue",
    membership: "member",
    meta: "hook",
    org_block: "blocked_user",
    page_build: "build",
    ping: "hook",
    pull_request_review: "review",
    pull_request_review_comment: "comment",
    pull_request_review_thread: "thread",
    repository_vulnerability_alert: "alert",
    secret_scanning_alert: "alert",
    team_add: "team",
  }),
);

/** Parts of a payload that nothing was done to. */
const NO_TARGETS = new Set(["sender", "pusher", "changes", "client_payload", "inputs", "installation"]);
/** Actions after which a part still carries the time of its last change, not of its end. */
const ENDINGS = /^(deleted|removed|destroyed|revoked)$/;
/** Members that name a time to come. */
const FUTURE = /^(expires|due|suspended|next)_/;

/** Maps deliveries of GitHub, and of GitHub Enterprise Server, to events such as com.github.pull_request.opened. */
export const github: Format = {
  name: "github",
  headers: [EVENT_HEADER, DELIVERY_HEADER],
  query: [],
  items: (body, delivery) => [itemOf(body, delivery)],
};

/** A delivery has one payload. */
function itemOf(body: Uint8Array, { headers }: Delivery): Item {
  const text = readText(body);
  const payload = text === undefined ? undefined : readPayload(text);
  const { [EVENT_HEADER]: kind, [DELIVERY_HEADER]: id } = headers;
  const name = dotName(kind ?? "unknown");
  const action = typeof payload?.action === "string" ? `.${dotName(payload.action)}` : "";
  const time = payload === undefined ? undefined : timeOf(name, payload);
  return {
    raw: text ?? body,
    kind,
    event: {
      action: `com.github.${name}${action}`,
      ...(time === undefined ? {} : { time }),
      actor: actorOf(payload?.sender),
      ...(id === undefined ? {} : { id, context: { request_id: id } }),
      ...(payload === undefined ? {} : describePayload(name, payload)),
    },
    notes: payload === undefined ? ["text_unreadable"] : [],
  };
}

function describePayload(name: string, payload: JsonObject): JsonObject {
  const organization = asText(asObject(payload.organization)?.login);
  const targets = targetsOf(name, payload);
  const metadata = plainValues(payload, ["action"]);
  return {
    source: hostOf(payload),
    ...(targets.length === 0 ? {} : { targets }),
    ...(organization === undefined ? {} : { tenant: organization }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

function readPayload(received: string): JsonObject | undefined {
  try {
    const text = payloadOf(received);
    return asObject(readForeign(text)?.value);
  } catch {
    // An escape of the form that is none: the mapping notes it, as above, and the text itself is kept.
    return undefined;
  }
}

/**
 * The JSON of a delivery: its body, or in GitHub's default content type the parameter `payload` of a form. No JSON begins
 * with such a name, so the body tells, whatever a proxy made of the header.
 * @throws URIError when an escape of the form is none
 */
function payloadOf(received: string): string {
  const body = received.startsWith("\ufeff") ? received.slice(1) : received;
  const spelled = FORM.exec(body)?.[1];
  return spelled === undefined ? body : decodeURIComponent(spelled.replaceAll("+", " "));
}

function actorOf(sender: unknown): JsonObject {
  const account = asObject(sender);
  const id = account === undefined ? undefined : identityOf(account);
  if (account === undefined || id === undefined) return { type: "system", id: "github" };
  const login = asText(account.login);
  const type = account.type === "Bot" ? "service" : "user";
  return { type, id, ...(login === undefined ? {} : { name: login }) };
}

/** The part that the event is about comes first. */
function targetsOf(name: string, payload: JsonObject): JsonObject[] {
  const subject = subjectOf(name);
  const keys = Object.keys(payload).filter((key) => isPartName(key) && !NO_TARGETS.has(key));
  keys.sort((a, b) => Number(b === subject) - Number(a === subject));
  const targets: JsonObject[] = [];
  for (const key of keys) {
    const part = asObject(payload[key]);
    const id = part === undefined ? undefined : identityOf(part);
    if (part === undefined || id === undefined) continue;
    const label = firstText(part.full_name, part.login, part.title, part.name, part.tag_name, part.ref);
    const attrs = attributesOf(part);
    targets.push({
      type: key,
      id,
      ...(label === undefined ? {} : { name: label }),
      ...(Object.keys(attrs).length === 0 ? {} : { attrs }),
    });
  }
  return targets.slice(0, TARGETS_MAX);
}

function attributesOf(part: JsonObject): JsonObject {
  const url = asText(part.html_url);
  const number = Number.isSafeInteger(part.number) ? part.number : undefined;
  return { ...(url === undefined ? {} : { url }), ...(number === undefined ? {} : { number }) };
}

/** Newest time that the payload gives for itself or for what it is about; undefined when it tells none of the event. */
function timeOf(name: string, payload: JsonObject): string | undefined {
  if (name === "push") return spellTime(asObject(payload.repository)?.pushed_at);
  if (typeof payload.action === "string" && ENDINGS.test(payload.action)) return undefined;
  let newest: string | undefined;
  for (const part of [payload, asObject(payload[subjectOf(name)]) ?? {}]) {
    for (const [key, value] of Object.entries(part)) {
      const time = key.endsWith("_at") && !FUTURE.test(key) ? spellTime(value) : undefined;
      if (time !== undefined && (newest === undefined || Date.parse(time) > Date.parse(newest))) newest = time;
    }
  }
  return newest;
}

/** A time of GitHub's, RFC 3339 or seconds since 1970, as RFC 3339. */
function spellTime(value: unknown): string | undefined {
  if (typeof value === "string") return isDateTime(value) ? value : undefined;
  if (!Number.isSafeInteger(value)) return undefined;
  const time = new Date((value as number) * 1000);
  const text = Number.isNaN(time.getTime()) ? "" : time.toISOString();
  return isDateTime(text) ? text : undefined;
}

function subjectOf(name: string): string {
  return SUBJECTS.get(name) ?? name;
}

/** What stays the same when a thing is renamed; an integer that JSON cannot carry exactly is none. */
function identityOf(part: JsonObject): string | undefined {
  if (Number.isSafeInteger(part.id)) return String(part.id);
  return firstText(part.id, part.node_id, part.ghsa_id, part.sha, part.head_sha);
}

function hostOf(payload: JsonObject): string {
  const urls = [payload.repository, payload.organization, payload.sender].map((part) => asObject(part)?.html_url);
  return hostOfUrl(urls) ?? "github.com";
}
