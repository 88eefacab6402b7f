/** Events about rules, recorded by the service itself, so that an auditor sees in the ledger which rules held when. */

import { checkEvent } from "../../entry/event.ts";
import { ownMembers, type PreparedEntry, prepareEntry } from "../../entry/prepare.ts";
import { canonicalJson } from "../../json/canonical.ts";
import { utf8 } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import { OF_THE_SERVICE } from "../known-formats.ts";
import type { Author, KeptRequirements, KeptSchema } from "./rule-records.ts";

/** What is larger is told by its digest alone. */
const CHANGES_BYTES_MAX = 32_768;

/** How an event is made of it. */
export type Recording = { readonly hash: Hash; readonly salts: (n: number) => Uint8Array };

/** A request of the ledger, known again when it is made a second time. */
export type RuleEvent = {
  readonly entries: readonly PreparedEntry[];
  readonly source: string;
  readonly idempotencyKey: string;
  readonly requestContent: Uint8Array;
};

export function schemaEvent(recording: Recording, ledger: string, schema: KeptSchema): RuleEvent {
  const { name, digest, replaces, putAt } = schema;
  const at = name.indexOf("@");
  return ruleEvent(recording, schema, {
    action: "holdfast.schema.put",
    op: replaces === undefined ? "c" : "u",
    target: { type: "schema", id: name },
    ledger,
    more: { metadata: { name: name.slice(0, at), version: name.slice(at + 1), digest, replaces } },
    putAt,
  });
}

export function requirementsEvent(recording: Recording, ledger: string, kept: KeptRequirements): RuleEvent {
  const { requirements, before, digest, replaces, version, putAt } = kept;
  const changes = { old: before, new: requirements };
  const isShort = utf8(canonicalJson(changes)).length <= CHANGES_BYTES_MAX;
  return ruleEvent(recording, kept, {
    action: "holdfast.requirements.put",
    op: version === 1 ? "c" : "u",
    target: { type: "requirements", id: ledger },
    ledger,
    more: { metadata: { version, digest, replaces }, ...(isShort && { changes }) },
    putAt,
  });
}

type Told = {
  readonly action: string;
  readonly op: "c" | "u";
  readonly target: { readonly type: string; readonly id: string };
  readonly ledger: string;
  readonly more: { readonly metadata: Readonly<Record<string, unknown>>; readonly changes?: unknown };
  readonly putAt: number;
};

function ruleEvent({ hash, salts }: Recording, { key, source }: Author, told: Told): RuleEvent {
  const { action, op, target, more, putAt } = told;
  const metadata = Object.fromEntries(Object.entries(more.metadata).filter(([, value]) => value !== undefined));
  const event = checkEvent({
    action,
    time: new Date(putAt).toISOString(),
    actor: { type: "key", id: key, name: source },
    targets: [target],
    outcome: "success",
    op,
    ...more,
    metadata,
  });
  const own = ownMembers({ _source: { format: OF_THE_SERVICE, source: OF_THE_SERVICE, key } });
  return {
    entries: [prepareEntry(event, { hash, salts, own })],
    source: OF_THE_SERVICE,
    idempotencyKey: canonicalJson([action, target.id, metadata, putAt]),
    requestContent: hash(utf8(canonicalJson(event))),
  };
}
