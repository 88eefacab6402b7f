/**
 * GitLab's webhooks and system hooks: what happened from the payload, which names it as `object_kind` or `event_name`. One
 * general rule for all: the thing that it is about comes first, every other part with an identity is a target too.
 * https://docs.gitlab.com/user/project/integrations/webhook_events/
 */

import type { Delivery, Format, Item } from "../format.ts";
import { readText } from "../raw-member.ts";
import { asObject, asText, firstText, fitForMember, type JsonObject, known } from "../text/foreign-values.ts";
import { readForeign } from "../text/json-values.ts";
import { dotName, hostOfUrl, isPartName, plainValues } from "../text/payload-parts.ts";
import { asTime } from "../text/times.ts";

const EVENT_HEADER = "x-gitlab-event";
const INSTANCE_HEADER = "x-gitlab-instance";
const UUID_HEADER = "x-gitlab-event-uuid";
/** Stay the same when a hook is sent again; the UUID is that of a chain of events, of one alone in most cases. */
const ID_HEADERS = ["webhook-id", "idempotency-key", UUID_HEADER] as const;

const TARGETS_MAX = 16;
const FROM_GITLAB = { type: "system", id: "gitlab" };
/** As the hooks of CI name what the pages call jobs. */
const NAMES: Readonly<Record<string, string>> = { build: "job" };
/** Hooks about a user, who is not who did it. */
const ABOUT_USERS = /^(user|key)_/;
/** Events after which a thing still carries the time of its last change. */
const ENDINGS = /(^|_)(remove|removed|destroy|destroyed|delete|deleted)(_|$)/;
const OUTCOMES: Readonly<Record<string, string>> = { success: "success", failed: "failure" };
/** Accounts of access tokens. */
const BOT = /^(?:project|group)_\d+_bot/;
/** Parts of a payload that nothing was done to. */
const NO_TARGETS = ["user", "changes", "repository", "object_attributes"];
/** Times as some hooks spell them. */
const SPACED_TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) (UTC|[+-]\d{4})$/;

export const gitlab: Format = {
  name: "gitlab",
  headers: [EVENT_HEADER, INSTANCE_HEADER, ...ID_HEADERS],
  query: [],
  items: (body, delivery) => [itemOf(body, delivery)],
};

/** A hook has one payload. */
function itemOf(body: Uint8Array, { headers }: Delivery): Item {
  const text = readText(body);
  const payload = text === undefined ? undefined : asObject(readForeign(text)?.value);
  const id = firstText(...ID_HEADERS.map((name) => headers[name]));
  const uuid = asText(headers[UUID_HEADER]) ?? id;
  const base = { id, context: uuid === undefined ? undefined : { request_id: uuid } };
  const kind = headers[EVENT_HEADER];
  if (payload === undefined) {
    const event = known({ ...base, action: "com.gitlab.unknown", actor: FROM_GITLAB });
    return { raw: text ?? body, kind, event, notes: ["text_unreadable"] };
  }
  const host = hostOfUrl([headers[INSTANCE_HEADER], asObject(payload.project)?.web_url]) ?? "gitlab.com";
  return { raw: text ?? body, kind, event: known({ ...base, source: host, ...eventOf(payload) }) };
}

function eventOf(payload: JsonObject): JsonObject {
  const kind = firstText(payload.object_kind, payload.event_name) ?? "unknown";
  const name = dotName(NAMES[kind] ?? kind);
  const attributes = asObject(payload.object_attributes);
  const state = stateOf(kind, payload, attributes);
  const targets = targetsOf(kind, payload);
  const metadata = { ...plainValues(attributes ?? {}, []), ...plainValues(payload, ["object_kind"]) };
  const isEnd = ENDINGS.test(kind) || (state !== undefined && ENDINGS.test(state));
  return {
    action: `com.gitlab.${name}${state === undefined ? "" : `.${dotName(state)}`}`,
    time: isEnd ? undefined : newestTime(payload, attributes),
    actor: actorOf(kind, payload),
    targets: targets.length === 0 ? undefined : targets,
    outcome: kind === "user_failed_login" ? "failure" : OUTCOMES[state ?? ""],
    tenant: firstText(asObject(payload.project)?.namespace, asObject(payload.group)?.full_path, payload.group_path),
    changes: payload.changes === undefined || payload.changes === null ? undefined : fitForMember(payload.changes),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  };
}

/** What was done, or what became of it. */
function stateOf(kind: string, payload: JsonObject, attributes: JsonObject | undefined): string | undefined {
  // A hook that is named by what was done says it again.
  if (payload.object_kind === undefined) return undefined;
  if (kind === "note")
    return asText(attributes?.noteable_type)
      ?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_")
      .toLowerCase();
  return firstText(attributes?.action, payload.action, payload.build_status, attributes?.status, payload.status);
}

function actorOf(kind: string, payload: JsonObject): JsonObject {
  const user = asObject(payload.user);
  const isUser = user !== undefined || !ABOUT_USERS.test(kind);
  const id = user === undefined ? idOf(isUser ? payload.user_id : undefined) : (idOf(user.id) ?? asText(user.username));
  if (id === undefined) return FROM_GITLAB;
  const name =
    user === undefined ? firstText(payload.user_username, payload.user_name) : firstText(user.username, user.name);
  return known({ type: name !== undefined && BOT.test(name) ? "service" : "user", id, name });
}

function targetsOf(kind: string, payload: JsonObject): JsonObject[] {
  const targets: (JsonObject | undefined)[] = [partOf(NAMES[kind] ?? kind, asObject(payload.object_attributes))];
  if (payload.build_id !== undefined) targets.push(namedTarget("job", payload.build_id, payload.build_name));
  if (ABOUT_USERS.test(kind)) {
    targets.push(
      namedTarget("user", payload.user_id, firstText(payload.user_username, payload.username, payload.user_name)),
    );
  }
  for (const key of Object.keys(payload)) {
    if (isPartName(key) && !NO_TARGETS.includes(key)) targets.push(partOf(key, asObject(payload[key])));
  }
  if (asObject(payload.project) === undefined) {
    const path = firstText(payload.path_with_namespace, payload.project_path_with_namespace, payload.project_name);
    targets.push(namedTarget("project", payload.project_id, path));
  }
  targets.push(namedTarget("group", payload.group_id, firstText(payload.group_path, payload.full_path)));
  return targets.filter((target) => target !== undefined).slice(0, TARGETS_MAX);
}

function partOf(type: string, part: JsonObject | undefined): JsonObject | undefined {
  if (part === undefined) return undefined;
  const id = idOf(part.id) ?? asText(part.sha);
  if (id === undefined) return undefined;
  const label = firstText(
    part.path_with_namespace,
    part.full_path,
    part.title,
    part.name,
    part.username,
    part.ref,
    part.slug,
  );
  const attrs = known({
    url: firstText(part.web_url, part.url),
    iid: Number.isSafeInteger(part.iid) ? part.iid : undefined,
  });
  return known({ type, id, name: label, attrs: Object.keys(attrs).length === 0 ? undefined : attrs });
}

function namedTarget(type: string, id: unknown, name: unknown): JsonObject | undefined {
  const text = idOf(id);
  return text === undefined ? undefined : known({ type, id: text, name: asText(name) });
}

function idOf(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : asText(value);
}

/** Newest time that a payload gives for itself or for what it is about; that of a push is not among them. */
function newestTime(payload: JsonObject, attributes: JsonObject | undefined): string | undefined {
  let newest: string | undefined;
  for (const part of [payload, attributes ?? {}]) {
    for (const [name, value] of Object.entries(part)) {
      const time = TIMES.test(name) ? spellTime(value) : undefined;
      if (time !== undefined && (newest === undefined || Date.parse(time) > Date.parse(newest))) newest = time;
    }
  }
  return newest;
}

/** Members that tell when something happened; others name times to come. */
const TIMES = /^(?:(?:build_)?(?:created|started|finished)|updated|status_changed|released|closed|merged)_at$/;

function spellTime(value: unknown): string | undefined {
  const [, day, time, zone] = typeof value === "string" ? (SPACED_TIME.exec(value) ?? []) : [];
  if (day === undefined || zone === undefined) return asTime(value);
  return asTime(`${day}T${time}${zone === "UTC" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3)}`}`);
}
