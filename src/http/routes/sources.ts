/** GET /v1/ledgers/{ledger}/sources: who sends to a ledger, with which keys, how much of what, and when last. */

import type { SourceFacts } from "../../ingest/sources/source-counts.ts";
import type { Answering } from "../admit.ts";
import type { ApiKey, KeyRing } from "../auth/api-keys.ts";
import { isFor } from "../auth/authorize.ts";
import { allows } from "../auth/roles.ts";
import { json } from "../reply.ts";
import type { Services } from "../services.ts";

export function listSources({ keys, sources, now }: Services): Answering<"listSources"> {
  return ({ ledger }) => {
    const { name } = ledger.record;
    const facts = sources.list(name);
    const writing = keys.list().filter((key) => allows(key.roles, "append") && isFor(key, name));
    const names = new Set([...writing.map(({ source }) => source), ...facts.map(({ source }) => source)]);
    const listed = [...names].sort().map((source) => {
      const received = facts.filter((each) => each.source === source);
      const own = writing.filter((key) => key.source === source);
      return {
        source,
        ...sumOf(received),
        received: received.map(({ ledger: _, source: __, ...rest }) => rest),
        keys: own.map((key) => spellKey(keys, key, now())),
      };
    });
    return json(200, { sources: listed, uncounted: sources.uncounted(name) });
  };
}

function sumOf(received: readonly SourceFacts[]): object {
  const total = (value: (facts: SourceFacts) => number): number => received.reduce((sum, each) => sum + value(each), 0);
  const seen = received.filter(({ lastSeen }) => lastSeen !== undefined);
  const newest = seen.reduce<SourceFacts | undefined>(
    (last, each) => ((each.lastSeen ?? 0) > (last?.lastSeen ?? -1) ? each : last),
    undefined,
  );
  const refusals = received.flatMap(({ lastRefused }) => lastRefused ?? []);
  const lastRefused = refusals.sort((a, b) => b.at - a.at)[0];
  return {
    recorded: total(({ recorded }) => recorded),
    quarantined: total(({ quarantined }) => quarantined),
    duplicates: total(({ duplicates }) => duplicates),
    refused: total(({ refused }) => refused),
    ...(lastRefused !== undefined && { lastRefused }),
    bytes: total(({ bytes }) => bytes),
    perMinute: Math.round(total(({ perMinute }) => perMinute) * 10) / 10,
    ...(newest?.lastSeen !== undefined && { lastSeen: newest.lastSeen }),
    ...(newest?.skewMs !== undefined && { skewMs: newest.skewMs }),
  };
}

function spellKey(keys: KeyRing, key: ApiKey, now: number): object {
  const { id, note, createdAt, expiresAt, revokedAt, webhookSecret } = key;
  const lastUsedAt = keys.lastUse(id);
  const refused = keys.refusals(id);
  const isExpired = expiresAt !== undefined && now >= expiresAt;
  return {
    id,
    state: revokedAt !== undefined ? "revoked" : isExpired ? "expired" : "live",
    ...(note !== undefined && { note }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(revokedAt !== undefined && { revokedAt }),
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(webhookSecret !== undefined && { webhookSecretSince: createdAt }),
    ...(refused !== undefined && { refused }),
  };
}
