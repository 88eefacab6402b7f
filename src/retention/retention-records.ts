/** What a store keeps of retention: a record for the policies of each ledger, and one for each hold. */

import { canonicalJson } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import type { Author } from "../ledger/own-event.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { RecordWrite } from "../store/store.ts";
import type { RetentionRule } from "./policy.ts";

/** A policy that was put; times in milliseconds since 1970. */
export type KeptPolicy = Author & {
  readonly rules: readonly RetentionRule[];
  /** Counts the changes of a ledger, from 1. */
  readonly version: number;
  readonly putAt: number;
  readonly effectiveAt: number;
  /** Why, in the words of whoever put it. */
  readonly reason?: string;
  /** Whether something may go earlier than under the one that was in force. */
  readonly shortens: boolean;
  /** The version that was waiting, and is not any more. */
  readonly withdraws?: number;
  /** The rules that were in force when it was put. */
  readonly before: readonly RetentionRule[];
  /** Whether the ledger has an event about it. */
  readonly isTold: boolean;
};

/** The policies of a ledger: the one that was in force when the last was put, and one that comes after it. */
export type KeptPolicies = { readonly inForce?: KeptPolicy; readonly waiting?: KeptPolicy };

/** A legal hold; times in milliseconds since 1970. */
export type Hold = Author & {
  /** 16 hex digits. */
  readonly id: string;
  /** What stands behind the ? of a search; everything that it finds, now and later, is held. */
  readonly filter: string;
  readonly reason: string;
  readonly placedAt: number;
};

/** How a hold was lifted; it is gone once the ledger was told. */
export type Lifting = Author & { readonly reason: string; readonly liftedAt: number };

export type KeptHold = Hold & { readonly isTold: boolean; readonly lifting?: Lifting };

export const RETENTION_SPACE = "retention";

export function holdSpace(ledgerId: Hex): string {
  return `holds/${ledgerId}`;
}

export function policiesWrite(ledgerId: Hex, policies: KeptPolicies): RecordWrite {
  return { space: RETENTION_SPACE, key: ledgerId, value: canonicalJson(policies) };
}

export function readPolicies(value: string): KeptPolicies {
  return readJson(value) as KeptPolicies;
}

/** @param hold undefined removes it */
export function holdWrite(ledgerId: Hex, id: string, hold: KeptHold | undefined): RecordWrite {
  return { space: holdSpace(ledgerId), key: id, value: hold === undefined ? undefined : canonicalJson(hold) };
}

export function readHold(value: string): KeptHold {
  return readJson(value) as KeptHold;
}
