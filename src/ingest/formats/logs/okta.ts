/** Events of Okta's System Log, as event hooks wrap them in `data.events` and log streams send them. */

import {
  asMessage,
  asObject,
  asText,
  firstText,
  fitForMember,
  type JsonObject,
  known,
} from "../../text/foreign-values.ts";
import { foreignTime } from "../../text/times.ts";

/** https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/ */
const OUTCOMES: ReadonlyMap<unknown, string> = new Map([
  ["SUCCESS", "success"],
  ["ALLOW", "success"],
  ["FAILURE", "failure"],
  ["DENY", "denied"],
]);
const ACTOR_TYPES: ReadonlyMap<unknown, string> = new Map([
  ["User", "user"],
  ["SystemPrincipal", "system"],
  ["PublicClientApp", "service"],
  ["AppUser", "user"],
]);
const TARGETS_MAX = 64;

export function oktaEvent(record: JsonObject): JsonObject | undefined {
  const { uuid, eventType, published, actor, client, outcome, target, authenticationContext, transaction } = record;
  const id = asText(uuid);
  const type = asText(eventType, 200);
  if (id === undefined || type === undefined || typeof published !== "string") return undefined;
  const from = asObject(client);
  const context = known({
    ip: asText(from?.ipAddress),
    user_agent: asText(asObject(from?.userAgent)?.rawUserAgent, 2048),
    session: asText(asObject(authenticationContext)?.externalSessionId),
    request_id: asText(asObject(transaction)?.id),
    location: fitForMember(asObject(from?.geographicalContext)),
  });
  const targets = Array.isArray(target) ? target.slice(0, TARGETS_MAX).flatMap(partyOf) : [];
  const who = partyOf(actor)[0];
  return known({
    id,
    action: `okta.${type}`,
    time: foreignTime(published),
    actor: who === undefined ? { type: "system", id: "okta" } : { ...who, type: ACTOR_TYPES.get(who.type) ?? who.type },
    targets: targets.length === 0 ? undefined : targets,
    outcome: OUTCOMES.get(asObject(outcome)?.result) ?? "unknown",
    context: Object.keys(context).length === 0 ? undefined : context,
    source: "okta",
    message: asMessage(record.displayMessage),
    metadata: fitForMember(record),
  });
}

function partyOf(value: unknown): JsonObject[] {
  const party = asObject(value);
  const id = firstText(party?.id, party?.alternateId);
  if (party === undefined || id === undefined) return [];
  const name = firstText(party.alternateId, party.displayName);
  return [known({ type: asText(party.type) ?? "unknown", id, name: name === id ? undefined : name })];
}
