/** A disk that is nearly full, or will be within a day as it goes on. */

import { spellSpan } from "../../clock.ts";
import type { DiskSeen, Facts } from "../facts.ts";
import { DAY_MS, HOUR_MS } from "../learned/week.ts";
import type { Rule, RuleJudgement, Severity, Trouble } from "../rule.ts";
import { spellBytes } from "../spell.ts";

const SUBJECT = "data folder";
const GIB = 2 ** 30;
/** What is less of both is too little. */
const LEVELS: readonly { readonly severity: Severity; readonly share: number; readonly bytes: number }[] = [
  { severity: "critical", share: 0.03, bytes: GIB },
  { severity: "warning", share: 0.1, bytes: 5 * GIB },
];
/** How it fills is judged over so long, and at least so long. */
const SPAN_MS = 6 * HOUR_MS;
const SPAN_MIN_MS = HOUR_MS;

type Look = { readonly at: number; readonly freeBytes: number };

export class DiskFilling implements Rule {
  readonly name = "disk_filling";
  readonly title = "the disk is filling";
  readonly severity = "warning";
  #looks: Look[] = [];

  judge({ now, disk }: Facts): RuleJudgement {
    if (disk === undefined) return "unknown";
    this.#looks = [
      ...this.#looks.filter(({ at }) => at > now - SPAN_MS && at < now),
      { at: now, freeBytes: disk.freeBytes },
    ];
    return this.#nearlyFull(disk) ?? this.#fullSoon(disk) ?? [];
  }

  #nearlyFull({ freeBytes, totalBytes }: DiskSeen): Trouble[] | undefined {
    const level = LEVELS.find(({ share, bytes }) => freeBytes < bytes && freeBytes < share * totalBytes);
    if (level === undefined) return undefined;
    const detail = `${spellBytes(freeBytes)} of ${spellBytes(totalBytes)} are free where the data folder lies; when it is full, events are refused`;
    return [{ subject: SUBJECT, detail, severity: level.severity }];
  }

  #fullSoon({ freeBytes }: DiskSeen): Trouble[] | undefined {
    const [first] = this.#looks;
    const last = this.#looks.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < SPAN_MIN_MS) return undefined;
    const perMs = (first.freeBytes - freeBytes) / (last.at - first.at);
    const leftMs = freeBytes / perMs;
    if (perMs <= 0 || leftMs > DAY_MS) return undefined;
    const detail = `${spellBytes(freeBytes)} are free where the data folder lies; as the last hours went on, that is enough for ${spellSpan(leftMs)}`;
    return [{ subject: SUBJECT, detail }];
  }
}
