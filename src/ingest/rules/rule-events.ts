/** Events about rules, recorded by the service itself, so that an auditor sees in the ledger which rules held when. */

import { canonicalJson } from "../../json/canonical.ts";
import { type OwnEvent, ownEvent, type Recording } from "../../ledger/own-event.ts";
import { utf8 } from "../../merkle/bytes.ts";
import type { KeptRequirements, KeptSchema } from "./rule-records.ts";

/** What is larger is told by its digest alone. */
const CHANGES_BYTES_MAX = 32_768;

export function schemaEvent(recording: Recording, schema: KeptSchema): OwnEvent {
  const { name, digest, replaces, putAt, key, source } = schema;
  const at = name.indexOf("@");
  return ownEvent(recording, {
    author: { key, source },
    action: "holdfast.schema.put",
    op: replaces === undefined ? "c" : "u",
    target: { type: "schema", id: name },
    more: { metadata: { name: name.slice(0, at), version: name.slice(at + 1), digest, replaces } },
    at: putAt,
  });
}

export function requirementsEvent(recording: Recording, ledger: string, kept: KeptRequirements): OwnEvent {
  const { requirements, before, digest, replaces, version, putAt, key, source } = kept;
  const changes = { old: before, new: requirements };
  const isShort = utf8(canonicalJson(changes)).length <= CHANGES_BYTES_MAX;
  return ownEvent(recording, {
    author: { key, source },
    action: "holdfast.requirements.put",
    op: version === 1 ? "c" : "u",
    target: { type: "requirements", id: ledger },
    more: { metadata: { version, digest, replaces }, ...(isShort && { changes }) },
    at: putAt,
  });
}
