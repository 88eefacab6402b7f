/** What a store keeps of the rules of its ledgers: a record for each schema, and one for the requirements. */

import { canonicalJson } from "../../json/canonical.ts";
import { readJson } from "../../json/read.ts";
import type { Author } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { RecordWrite } from "../../store/store.ts";
import type { Requirement, SchemaDocument } from "./rule-set.ts";

/** A rule that was put, when, and by whom; times in milliseconds since 1970. */
type Put = Author & {
  /** keccak256 of its canonical text. */
  readonly digest: Hex;
  readonly putAt: number;
  /** Digest of what it took the place of. */
  readonly replaces?: Hex;
  /** Whether the ledger has an event about it. */
  readonly isTold: boolean;
};

export type KeptSchema = Put & {
  /** name@version. */
  readonly name: string;
  readonly document: SchemaDocument;
  /** Whether an event, a requirement or another schema names it: then it does not change any more. */
  readonly isUsed: boolean;
};

export type KeptRequirements = Put & {
  readonly requirements: readonly Requirement[];
  /** What they were before; empty where there were none. */
  readonly before: readonly Requirement[];
  /** Counts the changes, from 1. */
  readonly version: number;
};

export const REQUIREMENTS_SPACE = "requirements";

export function schemaSpace(ledgerId: Hex): string {
  return `schemas/${ledgerId}`;
}

export function schemaWrite(ledgerId: Hex, schema: KeptSchema): RecordWrite {
  return { space: schemaSpace(ledgerId), key: schema.name, value: canonicalJson(schema) };
}

export function requirementsWrite(ledgerId: Hex, kept: KeptRequirements): RecordWrite {
  return { space: REQUIREMENTS_SPACE, key: ledgerId, value: canonicalJson(kept) };
}

export function readSchema(value: string): KeptSchema {
  return readJson(value) as KeptSchema;
}

export function readRequirements(value: string): KeptRequirements {
  return readJson(value) as KeptRequirements;
}
