/** What the API answers about retention, holds, erasures and encryption, and where the pages about them are. */

import { routeHash } from "../route.ts";

export type RetentionRuleAnswer = {
  readonly name: string;
  readonly action?: string;
  readonly class?: string;
  readonly ocsf?: number;
  readonly source?: string;
  readonly keepAtLeast?: string;
  readonly keepAtMost?: string;
  readonly after?: "archive_and_prune" | "prune";
  readonly archiveFor?: string;
};

export type PolicyAnswer = {
  readonly rules: readonly RetentionRuleAnswer[];
  readonly version: number;
  readonly putAt: number;
  readonly effectiveAt: number;
  readonly shortens: boolean;
  readonly reason?: string;
  readonly source: string;
};

export type RetentionAnswer = {
  /** Absent where everything is kept for ever. */
  readonly inForce?: PolicyAnswer;
  readonly waiting?: PolicyAnswer;
  readonly delayS: number;
};

export type PresetAnswer = {
  readonly id: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly asks: string;
  readonly rules: readonly RetentionRuleAnswer[];
  readonly doesNotSettle: readonly string[];
};

export type DueAnswer = {
  readonly to: number;
  readonly complete: boolean;
  readonly due: number;
  readonly dueBytes: number;
  readonly archived: number;
  readonly held: number;
  readonly notFinal: number;
  readonly pruned: number;
  readonly byRule: readonly { readonly rule: string; readonly due: number; readonly bytes: number }[];
  readonly nextDueAt?: number;
};

export type RetentionStatusAnswer = {
  readonly isWorking: boolean;
  readonly step?: string;
  readonly from?: number;
  readonly to?: number;
  readonly lastRunAt?: number;
  readonly failure?: string;
  readonly lacksArchive?: boolean;
};

export type HoldAnswer = {
  readonly id: string;
  readonly filter: string;
  readonly reason: string;
  readonly placedAt: number;
  readonly source: string;
};
export type HoldsAnswer = { readonly holds: readonly HoldAnswer[]; readonly damaged: readonly string[] };

/** An archive that had something of what was erased; it stays as it is where `stays` says why. */
export type ErasedArchiveAnswer = {
  readonly name: string;
  readonly now?: string;
  readonly stays?: string;
  readonly until?: number;
};

export type ErasureAnswer = {
  readonly id: string;
  readonly state: "running" | "done" | "refused";
  readonly step: string;
  readonly events: number;
  readonly indexes: string;
  readonly members?: readonly string[];
  readonly reason: string;
  readonly ground?: string;
  readonly archives?: readonly ErasedArchiveAnswer[];
  readonly askedAt: number;
  readonly doneAt?: number;
  readonly source: string;
};

export type EncryptionAnswer = {
  readonly isOn: boolean;
  readonly wrappedBy?: { readonly id: string; readonly version: string };
  readonly rotatedAt?: number;
  readonly subjects?: number;
  readonly wraps?: readonly { readonly id: string; readonly version: string; readonly keys: number }[];
};

/** Where the pages about retention are. */
export function retentionHref(ledger: string, query: Readonly<Record<string, string>> = {}): string {
  return routeHash({ ledger, page: "retention", query: new URLSearchParams(query) });
}
