/** What the API answers, as far as these pages use it: /openapi.json has all of it. */

import type { Status } from "../../verify/bundle/bundle.ts";
import type { Explorer } from "../../verify/evm/explorers.ts";

export type ChainAnswer = {
  readonly chainId: number;
  readonly contract: string;
  readonly anchoredSize: number;
  readonly finalSize: number;
  readonly lagMs: number;
  readonly lagMaxMs: number;
  readonly explorer?: Explorer;
  readonly trouble?: string;
};

export type LedgerAnswer = {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly signer: string;
  readonly createdAt: number;
  readonly size: number;
  readonly root: string;
  readonly anchoredSize: number;
  readonly finalSize: number;
  readonly chains: readonly ChainAnswer[];
  /** It is here to be read, and nothing is recorded in it. */
  readonly readOnly?: boolean;
};

export type LedgersAnswer = { readonly ledgers: readonly LedgerAnswer[] };

export type EventAnswer = {
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  readonly event: Readonly<Record<string, unknown>>;
};

/** Entries [from, to) that an answer is about. */
export type LookedAt = { readonly from: number; readonly to: number };

export type EventsAnswer = {
  readonly events: readonly EventAnswer[];
  readonly next: string | null;
  /** False when the page ended early to bound its work; `next` goes on. */
  readonly complete?: boolean;
  /** Of the entries [from, to) it has all that match. */
  readonly lookedAt: LookedAt;
  readonly size: number;
  /** Entries that can be found; behind `size` while the index catches up. */
  readonly searchableSize?: number;
};

export type StoredEventAnswer = EventAnswer & { readonly leafHash: string; readonly status: Status };

export type SavedSearchAnswer = {
  readonly name: string;
  /** As the query of a search has it. */
  readonly filter: string;
  readonly savedAt: number;
  readonly source: string;
  /** What the service does not take of it. */
  readonly problems?: readonly { readonly path: string; readonly expected: string; readonly got: string }[];
};

export type SavedSearchesAnswer = {
  readonly searches: readonly SavedSearchAnswer[];
  readonly damaged: readonly string[];
};

export type AnchorAnswer = {
  readonly ledgerId: string;
  readonly chainId: number;
  readonly contract: string;
  readonly size: number;
  readonly root: string;
  readonly signedAt: number;
  readonly stage: "mined" | "safe" | "final";
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly gasUsed: number;
  readonly feeWei: string;
};

export type AnchorsAnswer = {
  readonly anchors: readonly AnchorAnswer[];
  /** Those of which the service's own record cannot be read. */
  readonly damaged: readonly { readonly size: number; readonly chainId: number }[];
  readonly next: string | null;
  readonly chains: readonly ChainAnswer[];
};

/** One of the most frequent values, and how often it came. */
export type Frequent = { readonly value: string; readonly count: number };

export type StatsAnswer = {
  readonly since: number;
  readonly until: number;
  readonly intervalMs: number;
  /** Entries recorded in each interval, from `since` on. */
  readonly entries: readonly number[];
  readonly total: number;
  readonly top: Readonly<Record<"action" | "actor" | "source" | "outcome", readonly Frequent[]>>;
};

export type KeyAnswer = {
  readonly id: string;
  readonly source: string;
  readonly roles: readonly string[];
  readonly ledgers?: readonly string[];
  readonly note?: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly lastUsedAt?: number;
  readonly webhookSecretSince?: number;
};

/** The key that the reader signed in with. */
export type OwnKeyAnswer = KeyAnswer & {
  /** What it allows, by the service's names. */
  readonly permissions: readonly string[];
};

export type KeysAnswer = { readonly keys: readonly KeyAnswer[] };

/** What came: of a source, or of one of its keys in one format. */
export type SourceCounts = {
  readonly recorded: number;
  readonly quarantined: number;
  readonly duplicates: number;
  /** Requests that were refused for what was in them. */
  readonly refused: number;
  readonly lastRefused?: { readonly at: number; readonly code: string; readonly path?: string };
  readonly bytes: number;
  readonly perMinute: number;
  readonly lastSeen?: number;
  /** How long before it was received the newest event says that it happened; below 0 for one that is still to come. */
  readonly skewMs?: number;
};

export type SourceKeyAnswer = {
  readonly id: string;
  readonly state: "live" | "expired" | "revoked";
  readonly note?: string;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly lastUsedAt?: number;
  /** Since when its sender can sign, where it has a secret. */
  readonly webhookSecretSince?: number;
  /** Uses after its end. */
  readonly refused?: { readonly count: number; readonly lastAt: number };
};

export type SourceAnswer = SourceCounts & {
  readonly source: string;
  readonly received: readonly (SourceCounts & { readonly key: string; readonly format: string })[];
  readonly keys: readonly SourceKeyAnswer[];
};

export type SourcesAnswer = {
  readonly sources: readonly SourceAnswer[];
  /** Entries that are in no count yet, after a crash, damage or an upgrade; absent from a service older than these pages. */
  readonly uncounted?: number;
};

export type NewKeyAnswer = KeyAnswer & {
  readonly key: string;
  /** With which a sender signs, where one was asked for. */
  readonly webhookSecret?: string;
};
