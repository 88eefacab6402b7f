/** Events about policies and holds: what was put, placed and lifted, by whom and why. */

import { type OwnEvent, ownEvent, type Recording } from "../ledger/own-event.ts";
import type { Hold, KeptPolicy, Lifting } from "./retention-records.ts";

export function policyEvent(recording: Recording, ledger: string, policy: KeptPolicy): OwnEvent {
  const { rules, before, version, putAt, effectiveAt, shortens, withdraws, reason, key, source } = policy;
  return ownEvent(recording, {
    author: { key, source },
    action: "holdfast.retention.put",
    op: version === 1 ? "c" : "u",
    target: { type: "retention", id: ledger },
    more: {
      ...(reason !== undefined && { reason }),
      changes: { old: before, new: rules },
      metadata: { version, shortens, effectiveAt: new Date(effectiveAt).toISOString(), withdraws },
    },
    at: putAt,
    knownBy: String(version),
  });
}

export function holdEvent(recording: Recording, { id, filter, reason, placedAt, key, source }: Hold): OwnEvent {
  return ownEvent(recording, {
    author: { key, source },
    action: "holdfast.hold.place",
    op: "c",
    target: { type: "hold", id },
    more: { reason, metadata: { filter } },
    at: placedAt,
    knownBy: id,
  });
}

export function liftingEvent(recording: Recording, { id, filter }: Hold, lifting: Lifting): OwnEvent {
  const { reason, liftedAt, key, source } = lifting;
  return ownEvent(recording, {
    author: { key, source },
    action: "holdfast.hold.lift",
    op: "d",
    target: { type: "hold", id },
    more: { reason, metadata: { filter } },
    at: liftedAt,
    knownBy: id,
  });
}
