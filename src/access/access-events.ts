/** What is recorded of accesses, as events of the service about itself. */

import { type Author, type OwnEvent, ownEvent, type Recording } from "../ledger/own-event.ts";
import type { Access, AccessKind, HeavyAccess } from "./access.ts";
import { type Gathered, gatheredMetadata } from "./gathered.ts";
import type { GatheredRefusals } from "./refusals.ts";

const ACTION = "holdfast.access.";
/** What most kinds are told as, and the others. */
const READING = "r";
const OPS: Readonly<Partial<Record<AccessKind, "u" | "x">>> = { change: "u", sign_in: "x", new_address: "x" };

export function gatheredEvent(recording: Recording, gathered: Gathered): OwnEvent {
  const { id, about, since } = gathered;
  return eventOf(recording, about, { id, at: since, outcome: "success", metadata: gatheredMetadata(gathered) });
}

export function heavyEvent(recording: Recording, access: HeavyAccess, id: string, at: number): OwnEvent {
  const { outcome, metadata, operation, query } = access;
  return eventOf(recording, access, { id, at, outcome, metadata: { operation, query, ...metadata } });
}

export function refusalsEvent(recording: Recording, gathered: GatheredRefusals): OwnEvent {
  const { id, since, until, count, rows, others } = gathered;
  const keys = new Map(rows.flatMap(({ key }) => (key === undefined ? [] : [[key.id, key.source] as const])));
  const networks = new Set(rows.map(({ network }) => network));
  const refused = rows.map(({ key, network, code, route, count: times }) => {
    return { ...(key && { key: key.id }), from: network, code, route, count: times };
  });
  return ownEvent(recording, {
    action: `${ACTION}refused`,
    op: "x",
    target: { type: "service", id: "holdfast" },
    more: {
      // By what is named here it is found: one event is about many.
      targets: [
        ...[...keys].map(([key, source]) => ({ type: "key", id: key, name: source })),
        ...[...networks].map((network) => ({ type: "address", id: network })),
      ],
      outcome: "denied",
      metadata: { count, until: new Date(until).toISOString(), refused, others },
    },
    at: since,
    knownBy: id,
  });
}

/** That accesses found no room, and how many. */
export function unrecordedEvent(recording: Recording, count: number, id: string, at: number): OwnEvent {
  return ownEvent(recording, {
    action: `${ACTION}unrecorded`,
    op: "x",
    target: { type: "service", id: "holdfast" },
    more: { outcome: "failure", metadata: { count } },
    at,
    knownBy: id,
  });
}

type Said = {
  readonly id: string;
  readonly at: number;
  readonly outcome: string;
  readonly metadata: Readonly<Record<string, unknown>>;
};

function eventOf(recording: Recording, access: Access, { id, at, outcome, metadata }: Said): OwnEvent {
  const { kind, operation, ledger, key, network } = access;
  const author: Author | undefined = key && { key: key.id, source: key.source };
  const ofOperation =
    kind === "new_address" ? { type: "key", id: key?.id ?? "" } : { type: "operation", id: operation };
  const target = ledger === undefined ? ofOperation : { type: "ledger", id: ledger };
  return ownEvent(recording, {
    action: ACTION + kind,
    op: OPS[kind] ?? READING,
    target,
    more: {
      targets: ledger === undefined ? [ofOperation] : [target, ofOperation],
      outcome,
      // A new one stands with those that came with it.
      ...(kind !== "new_address" && { context: { ip: network } }),
      metadata,
    },
    at,
    ...(author && { author }),
    knownBy: id,
  });
}
