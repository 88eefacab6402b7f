/** A ledger of which an audit found something wrong, or that nobody looked at for too long: what nobody looked at is not well. */

import { spellSpan } from "../../../clock.ts";
import type { AuditsSeen, Facts } from "../../facts.ts";
import { HOUR_MS, WEEK_MS } from "../../learned/week.ts";
import type { Rule, RuleJudgement, Trouble } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";

/** One that is due begins within a minute, behind those of other ledgers; one of very many entries takes days. */
const BEGINS_MS = 6 * HOUR_MS;
const TAKES_MS = WEEK_MS;

export class LedgerAudited implements Rule {
  readonly name = "audit";
  readonly title = "an audit found something, or is overdue";
  readonly severity = "critical";
  /** Since when an audit of a ledger was seen to be due: while the service was away none had its turn. */
  readonly #dueSince = new Map<string, number>();

  judge({ now, audits }: Facts): RuleJudgement {
    if (audits === undefined) return "unknown";
    return audits.flatMap((each) => {
      const late = this.#lateMs(each, now);
      return foundWrong(each) ?? overdue(each, now, late) ?? [];
    });
  }

  #lateMs({ ledger, dueAt, underWaySince }: AuditsSeen, now: number): number {
    const since = Math.min(now, this.#dueSince.get(ledger) ?? now);
    if (dueAt === undefined || dueAt > now) this.#dueSince.delete(ledger);
    else this.#dueSince.set(ledger, since);
    return underWaySince === undefined ? now - since - BEGINS_MS : now - underWaySince - TAKES_MS;
  }
}

function foundWrong({ ledger, damaged }: AuditsSeen): Trouble[] | undefined {
  if (damaged === undefined) return undefined;
  const { id, at, findings } = damaged;
  const what = findings === 1 ? "one thing" : `${findings} things`;
  const detail = `the audit ${id} of ${ledger}, which ended at ${spellMoment(at)}, found ${what} wrong; its report says which entries`;
  return [{ subject: ledger, detail }];
}

function overdue({ ledger, dueAt, lastAt }: AuditsSeen, now: number, lateMs: number): Trouble[] | undefined {
  if (dueAt === undefined || dueAt > now || lateMs <= 0) return undefined;
  const last = lastAt === undefined ? "none has ended yet" : `the last one ended at ${spellMoment(lastAt)}`;
  const detail = `an audit of ${ledger} is due since ${spellMoment(dueAt)}, for ${spellSpan(now - dueAt)}; ${last}`;
  return [{ subject: ledger, detail, severity: "warning" }];
}
