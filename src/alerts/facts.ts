/**
 * What rules judge: how things stand at one moment, as the service sees it. What is absent could not be found out, which is not the same as
 * that nothing is wrong. Times in milliseconds since 1970.
 */

import type { Condition } from "../health.ts";
import type { WordFinding } from "../watch/word.ts";
import type { WatcherState } from "./watchers/watcher-book.ts";

/** A source, over all of its keys and formats in one ledger; its counts only ever grow. */
export type SourceSeen = {
  readonly ledger: string;
  readonly source: string;
  /** Events, those that are quarantined included. */
  readonly recorded: number;
  readonly quarantined: number;
  readonly lastSeen?: number;
  /** Time of receipt less the newest event's own time. */
  readonly skewMs?: number;
  /** The newest request that was refused. */
  readonly lastRefused?: { readonly at: number; readonly code: string };
};

/** A ledger on a chain. */
export type AnchoringSeen = {
  readonly chain: string;
  readonly ledger: string;
  readonly oldestUnanchoredS: number;
  /** An entry is anchored at the latest this long after it was recorded. */
  readonly intervalMs: number;
  /** Why nothing goes on, where somebody has to look. */
  readonly halted?: string;
};

export type DiskSeen = { readonly freeBytes: number; readonly totalBytes: number };

/** Intents of a ledger that have no result for longer than the rule allows; `count` is of those that were looked at. */
export type IntentsSeen = { readonly ledger: string; readonly count: number; readonly oldestAt: number };

/** How a ledger that has entries was looked at by audits. */
export type AuditsSeen = {
  readonly ledger: string;
  /** The newest that found something, unless a whole one that ended since found nothing. */
  readonly damaged?: { readonly id: string; readonly at: number; readonly findings: number };
  /** When the last one ended that looked at something. */
  readonly lastAt?: number;
  /** When the next one has to begin. */
  readonly dueAt?: number;
  /** Since when one is under way. */
  readonly underWaySince?: number;
};

/** How a ledger that has a retention policy lets go what is due. */
export type PruningSeen = {
  readonly ledger: string;
  readonly lacksArchive: boolean;
  readonly failing?: { readonly since: number; readonly failure: string };
  /** Since when something is due that may not go, as it is not final on every chain. */
  readonly unanchoredSince?: number;
};

/** A key that was used after its end; `count` since the start. */
export type EndedKeySeen = {
  readonly key: string;
  readonly source: string;
  readonly how: "revoked" | "expired";
  readonly endedAt: number;
  readonly count: number;
  readonly lastAt: number;
};

/** A watcher elsewhere, and what it said last. */
export type WatcherSeen = {
  readonly ledger: string;
  readonly name: string;
  readonly state: WatcherState;
  /** When it was heard last; absent when it never was. */
  readonly lastAt?: number;
  /** How often it is to be heard, and from when on its silence counts. */
  readonly everyMs: number;
  readonly countsFrom: number;
  /** Since when it says that it cannot tell. */
  readonly unknownSince?: number;
  readonly findings: readonly WordFinding[];
};

/** What one key read since the start of the service: requests, and events of exports that have ended. */
export type ReadingSeen = {
  readonly key: string;
  readonly source: string;
  readonly accesses: number;
  readonly exported: number;
};

/** Requests of the last hour that were refused. */
export type RefusedSeen = {
  /** A key, or an address that showed none that is known. */
  readonly who: string;
  /** Whether it is a key. */
  readonly isKnown: boolean;
  readonly code: string;
  /** Whether the code says that somebody may not. */
  readonly isDenied: boolean;
  readonly count: number;
};

/** A key that was used from where it was not used before. */
export type NewAddressSeen = {
  readonly key: string;
  readonly source: string;
  readonly network: string;
  readonly at: number;
};

/** What is recorded of accesses. */
export type AccessesSeen = {
  readonly reading: readonly ReadingSeen[];
  readonly refused: readonly RefusedSeen[];
  readonly newAddresses: readonly NewAddressSeen[];
};

/** Numbers by which a source counts what it sends, that did not come; `since` when that was seen. */
export type SequencesSeen = {
  readonly ledger: string;
  readonly source: string;
  readonly gaps: readonly { readonly of: string; readonly from: number; readonly to: number; readonly since: number }[];
};

export type Facts = {
  readonly now: number;
  readonly conditions: readonly Condition[];
  readonly sources?: readonly SourceSeen[];
  readonly anchoring?: readonly AnchoringSeen[];
  readonly disk?: DiskSeen;
  readonly intents?: readonly IntentsSeen[];
  readonly audits?: readonly AuditsSeen[];
  readonly pruning?: readonly PruningSeen[];
  readonly endedKeys?: readonly EndedKeySeen[];
  readonly watchers?: readonly WatcherSeen[];
  /** "off" where accesses are not recorded: nobody knows who reads what then, and nobody will find out. */
  readonly accesses?: AccessesSeen | "off";
  readonly sequences?: readonly SequencesSeen[];
  /**
   * How many events a filter finds that were recorded since then; undefined where that cannot be said.
   * @param enough found, and it need not be known how many more there are
   */
  readonly countEvents: (ledger: string, filter: string, since: number, enough: number) => Promise<number | undefined>;
};
