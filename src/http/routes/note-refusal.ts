/**
 * Counts what was refused to a source that is known by its key: a program that is refused may not tell anybody, and whoever looks
 * after the ledger sees it by its source, as what is quarantined of foreign senders. Strangers are counted by nobody.
 * Why: docs/decisions/0167.
 */

import type { RuleName } from "../../entry/event-error.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import { problemOf } from "../problem.ts";
import type { Services } from "../services.ts";

/** Whose request it was, and in which format. */
export type Refusing = { readonly ledger: Ledger; readonly key: ApiKey; readonly format: string };

/** Says that the same request may be taken later; 408 is of a body that did not arrive. */
const LATER: readonly number[] = [408, 425, 429];

export function noteRefusal(
  { sources, rules }: Pick<Services, "sources" | "rules">,
  of: Refusing,
  error: unknown,
): void {
  const { problem } = problemOf(error);
  const { status, code } = problem;
  if (status < 400 || status >= 500 || LATER.includes(status)) return;
  const { ledger, key, format } = of;
  const { rule } = error as { readonly rule?: RuleName };
  const path = problem.extra.errors?.[0]?.path;
  const place = { ledger: ledger.record.name, source: key.source, key: key.id, format };
  sources.refuse(place, { code, ...(path !== undefined && { path }), ...rule });
  if (rule !== undefined) rules.violations.count(ledger.record.id, rule, key.source, { refused: 1 });
}
