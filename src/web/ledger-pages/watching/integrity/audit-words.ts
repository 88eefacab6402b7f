/** What audits say, in words: how a ledger stands, what each check is for, what was found and what there is to do. */

import type { SampleClaim } from "../../../../verify/report/audit-report.ts";
import type { VerdictMark } from "../../../../verify/verdict/table.ts";
import { formatCount, formatTime } from "../../../parts/format.ts";
import type { AuditAnswer, CoverageAnswer, CoverageRangeAnswer } from "./integrity-answers.ts";

export type StandingWords = { readonly kind: VerdictMark; readonly title: string; readonly detail: string };

const HELD = "Nothing says that anything is wrong, and nothing says that all is well.";

/** How the ledger stands by its audits; good only where all of it was looked at lately. */
export function standingWords({ state, staleAt, ranges }: CoverageAnswer): StandingWords {
  const size = ranges.at(-1)?.to ?? 0;
  const whole = ranges.findLast((range) => range.whole !== undefined);
  const last = whole?.whole ?? ranges.findLast((range) => range.sample !== undefined)?.sample;
  const ended = last === undefined ? "" : `${formatTime(last.finishedAt)} UTC`;
  const since = size - (whole?.to ?? 0);
  const newer =
    since === 0 ? "Nothing came since." : `${entries(since)} came since, which no whole audit has looked at.`;
  switch (state) {
    case "empty":
      return {
        kind: "none",
        title: "There is nothing to audit yet",
        detail: "The ledger has no entry. An audit of nothing says nothing.",
      };
    case "never":
      return {
        kind: "warn",
        title: "No audit has looked at this ledger yet",
        detail: `None of its ${entries(size)} was looked at. ${HELD}`,
      };
    case "sampled":
      return {
        kind: "warn",
        title: "Only samples were looked at",
        detail: "They found nothing wrong. No whole audit has come to its end yet, so that most is not known.",
      };
    case "damaged":
      return {
        kind: "bad",
        title: "An audit found something wrong",
        detail: "It holds until a whole audit finds nothing. Below is what was found, where, and what to do.",
      };
    case "stale":
      return {
        kind: "warn",
        title: `The last ${whole === undefined ? "sample" : "whole audit"} is too old`,
        detail: `It ended ${ended}${staleAt === undefined ? "" : ` and counts until ${formatTime(staleAt)} UTC`}. What became of the ledger since, it does not say. ${newer}`,
      };
    case "partial":
      return {
        kind: "half",
        title: "Nothing wrong was found, but not all was looked at",
        detail: `The last whole audit ended ${ended}; below is what it did not look at, and why. ${newer}`,
      };
    default:
      return {
        kind: "good",
        title: `Whole, as of ${ended}`,
        detail: `Every check looked at all of the ${entries(whole?.to ?? 0)} that there were, and found nothing wrong. ${newer}`,
      };
  }
}

function entries(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "entry" : "entries"}`;
}

/** What a sample would have found, with which probability. */
export function claimWords({ drawn, of, damaged, foundPpm }: SampleClaim): string {
  // Rounded down: nothing is promised that was not.
  const percent = (Math.floor(foundPpm / 100) / 100).toFixed(2);
  return `${formatCount(drawn)} of ${formatCount(of)} drawn: had ${formatCount(damaged)} been damaged, one at least would have been found with ${percent} %`;
}

/** How a range was looked at. */
export type RangeKind = "whole" | "sampled" | "never";

export function rangeKind({ whole, sample }: CoverageRangeAnswer): RangeKind {
  if (whole !== undefined) return "whole";
  return sample === undefined ? "never" : "sampled";
}

/** "0 to 41"; of one entry its index. @param to behind the last one */
export function placeWords(from: number, to: number): string {
  return to - from === 1 ? formatCount(from) : `${formatCount(from)} to ${formatCount(to - 1)}`;
}

export function outcomeMark({ outcome }: Pick<AuditAnswer, "outcome">): {
  readonly kind: VerdictMark;
  readonly word: string;
} {
  if (outcome === "damaged") return { kind: "bad", word: "found something" };
  if (outcome === "whole") return { kind: "good", word: "whole" };
  if (outcome === "partial") return { kind: "half", word: "nothing found, not all looked at" };
  return { kind: "none", word: "nothing to look at" };
}

export const REASONS: Readonly<Record<AuditAnswer["reason"], string>> = {
  schedule: "by schedule",
  request: "somebody asked",
  command: "on the command line",
};

const CHECKS: Readonly<Record<string, string>> = {
  entries: "every entry can be read and leads to its leaf hash",
  gaps: "there is an entry at every index",
  clock: "no time is before that of the entry in front",
  claims: "each event with an id has its claim",
  tiles: "each full tile is what is under it",
  checkpoints: "each root fits its entries, and a signer signed it",
  memory: "marks, anchors and seals remember nothing that is not there",
  anchors: "the contract on the chain holds the same roots",
  index: "the index for search has what the entries lead to",
  archives: "archives are where pruned entries say",
  keys: "keys of the encryption can be read and unwrapped",
};

/** What a check holds against what. */
export function checkWords(check: string): string {
  return Object.hasOwn(CHECKS, check) ? (CHECKS[check] as string) : check;
}

const FROM_BACKUP = "Leave the data folder as it is and take a copy. Bring it back from a backup.";
const MADE_AGAIN = "It is made again by itself; have the ledger audited once more, and look at the disk.";
const REWRITTEN =
  "This is no decay: somebody rewrote something. Keep the data folder, bundles that people hold, and what watchers saw.";
const LOOK_AT_PLACE = "Look at the place of archives: bring it back from another copy.";

type Found = { readonly what: string; readonly todo: string };

const FINDINGS: Readonly<Record<string, Found>> = {
  entry_missing: { what: "entries are missing", todo: FROM_BACKUP },
  entry_damaged: { what: "an entry cannot be read", todo: FROM_BACKUP },
  entry_changed: { what: "an entry is not what was recorded", todo: REWRITTEN },
  entry_beyond_head: { what: "entries are there that no checkpoint covers", todo: FROM_BACKUP },
  entry_lost: { what: "entries that were there are gone", todo: REWRITTEN },
  time_backwards: {
    what: "a time is before that of the entry in front",
    todo: "Look at the clock of that time, and whether a store was replaced.",
  },
  tile_missing: { what: "a tile is missing", todo: MADE_AGAIN },
  tile_damaged: { what: "a tile cannot be read", todo: MADE_AGAIN },
  tile_changed: { what: "a tile is not what is under it", todo: REWRITTEN },
  checkpoint_damaged: { what: "a checkpoint cannot be read", todo: FROM_BACKUP },
  checkpoint_root: { what: "entries do not lead to a signed root", todo: REWRITTEN },
  checkpoint_other: { what: "a checkpoint is another one than was remembered", todo: REWRITTEN },
  checkpoint_unchecked: { what: "a checkpoint could not be looked at", todo: FROM_BACKUP },
  checkpoint_signature: { what: "nobody who may signed a checkpoint", todo: REWRITTEN },
  checkpoint_time: { what: "the time of a checkpoint does not fit", todo: "Look at the clock of that time." },
  claim_missing: {
    what: "an event could be recorded twice",
    todo: "Its id does not stand for it any more: bring the claim back from a backup.",
  },
  claim_other: { what: "an id stands for another event", todo: FROM_BACKUP },
  claim_damaged: { what: "a claim cannot be read", todo: FROM_BACKUP },
  index_other: { what: "a search would have shown something else", todo: MADE_AGAIN },
  anchor_damaged: {
    what: "a record of an anchor cannot be read",
    todo: "The chain still has it; the record is made again from there at the next start.",
  },
  anchor_contradicted: { what: "the chain holds another root", todo: REWRITTEN },
  anchor_missing: { what: "the chain does not have an anchor", todo: "Look at the chain and its endpoints first." },
  archive_missing: { what: "an archive is not where it should be", todo: LOOK_AT_PLACE },
  archive_damaged: { what: "an archive is not what was kept", todo: LOOK_AT_PLACE },
  key_missing: { what: "a key of the encryption is missing", todo: FROM_BACKUP },
  key_damaged: { what: "a key of the encryption cannot be unwrapped", todo: FROM_BACKUP },
  mark_missing: {
    what: "the mark beside the store is missing",
    todo: "A restored folder has none until the service starts on it; else ask who took it away.",
  },
  mark_damaged: {
    what: "the mark beside the store cannot be read",
    todo: "Look at the disk, and at who may write there.",
  },
};

/** What a finding means and what there is to do; one that these pages do not know goes by its name. */
export function findingWords(kind: string): Found {
  return Object.hasOwn(FINDINGS, kind) ? (FINDINGS[kind] as Found) : { what: kind, todo: FROM_BACKUP };
}
