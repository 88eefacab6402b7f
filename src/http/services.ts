/**
 * What the HTTP side needs from the rest of the service: the ports that service/service.ts fills, and the limits.
 */

import type { BlockList } from "node:net";
import type { AccessRecorder } from "../access/recorder.ts";
import type { Alerts } from "../alerts/alerts.ts";
import type { WatcherBook } from "../alerts/watchers/watcher-book.ts";
import type { AnchoringStatus } from "../anchor/status.ts";
import type { Auditor } from "../audit/running/auditor.ts";
import type { WrappedKeys } from "../encryption/rewrapping.ts";
import { EVENT_LIMITS, type EventLimits } from "../entry/event.ts";
import type { Health } from "../health.ts";
import type { OnMisspelt } from "../ingest/intake/examine.ts";
import type { IntakePool } from "../ingest/intake/pool.ts";
import type { RuleBook } from "../ingest/rules/rule-book.ts";
import type { SourceBook } from "../ingest/sources/source-counts.ts";
import type { LedgerRegistry } from "../ledger/registry.ts";
import type { Log } from "../log.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import type { Metrics } from "../metrics.ts";
import type { Indexer } from "../query/index/indexer.ts";
import type { Erasures } from "../retention/erasure/erasures.ts";
import type { Retention } from "../retention/retention.ts";
import type { Store } from "../store/store.ts";
import type { Explorer } from "../verify/evm/explorers.ts";
import type { KeyRing } from "./auth/api-keys.ts";
import type { TurnLimits } from "./wire/turns.ts";

/** How far one chain has taken a ledger; sizes are 0 before the first anchor. */
export type ChainStatus = {
  readonly chainId: number;
  /** EIP-55 spelling. */
  readonly contract: string;
  readonly anchoredSize: number;
  readonly finalSize: number;
  /** Age of the oldest entry that is not anchored, 0 when there is none. */
  readonly lagMs: number;
  /** Above this the chain is not doing its work. */
  readonly lagMaxMs: number;
  /** Where people look at the chain, where that was set. */
  readonly explorer?: Explorer;
  /** Why anchoring stands still, in a few words without secrets. */
  readonly trouble?: string;
};

/** How many may follow in all and with one API key, and how often something is sent where nothing is found. */
export type TailLimits = { readonly max: number; readonly eachMax: number; readonly heartbeatMs: number };

/** Sizes in bytes and times in milliseconds that requests are held to. */
export type HttpLimits = {
  readonly event: EventLimits;
  /** A request, after decompression. */
  readonly requestBytesMax: number;
  /** A request in a foreign format, after decompression: its sender splits nothing, and drops what is refused as too large. */
  readonly foreignBytesMax: number;
  /** Events of one request. */
  readonly batchMax: number;
  /** A body that is no larger, decompressed, is taken in at once, in the thread of the service. */
  readonly atOnceBytesMax: number;
  /** Bodies of all requests at once. */
  readonly bodiesBytesMax: number;
  /** Until a request has arrived completely. */
  readonly requestMs: number;
  /** At this pace it may take longer, of a sender that shows its key: a backlog of a day over a thin line is one request. */
  readonly requestBytesPerS: number;
  /** Until its headers have. */
  readonly headersMs: number;
  /** Until its answer is ready. */
  readonly answerMs: number;
  /** Without anything moving on a connection. */
  readonly idleMs: number;
  /** Without anything moving, while an answer is to be taken. */
  readonly stalledMs: number;
  /** Answers that are made and not taken yet: above this no more reads are begun. */
  readonly answersBytesMax: number;
  /** Of reads that are much work. */
  readonly turns: TurnLimits;
  /** Clients that follow a ledger. */
  readonly tails: TailLimits;
  /** Exports at once: each holds a piece of its answer, and what compresses it. */
  readonly exportsMax: number;
  /** How far the time that a signature carries may be from now. */
  readonly signatureToleranceMs: number;
  readonly headersBytesMax: number;
  readonly connectionsMax: number;
};

export const HTTP_LIMITS: HttpLimits = {
  event: EVENT_LIMITS,
  requestBytesMax: 16 * 1024 * 1024,
  foreignBytesMax: 64 * 1024 * 1024,
  batchMax: 10_000,
  atOnceBytesMax: 32 * 1024,
  bodiesBytesMax: 256 * 1024 * 1024,
  requestMs: 60_000,
  requestBytesPerS: 64 * 1024,
  headersMs: 10_000,
  answerMs: 30_000,
  idleMs: 65_000,
  stalledMs: 30_000,
  answersBytesMax: 64 * 1024 * 1024,
  turns: { atOnce: 2, waitingMax: 1024, waitingEachMax: 128, waitMs: 10_000 },
  tails: { max: 256, eachMax: 16, heartbeatMs: 15_000 },
  exportsMax: 8,
  signatureToleranceMs: 300_000,
  // A search for an identifier of 2,048 characters, three bytes each and percent-encoded, takes 20 KiB.
  headersBytesMax: 32 * 1024,
  connectionsMax: 10_000,
};

/** How safe what was sent has to be, before it is acknowledged to a client of Splunk's that asks. */
export const HEC_ACKS = ["recorded", "anchored", "final"] as const;
export type HecAck = (typeof HEC_ACKS)[number];

/** Everything that the routes use. */
export type Services = {
  readonly store: Store;
  readonly ledgers: Pick<LedgerRegistry, "get" | "list" | "create">;
  readonly keys: KeyRing;
  /** What has come from each source. */
  readonly sources: SourceBook;
  /** Of every chain that the service anchors a ledger on. */
  readonly chains: (ledgerId: Hex) => Promise<readonly ChainStatus[]> | readonly ChainStatus[];
  /** Everything about anchoring, for operators. */
  readonly anchoring: () => Promise<readonly AnchoringStatus[]>;
  /** The index of a ledger, by the ledger's name. */
  readonly indexer: (name: string) => Indexer | undefined;
  readonly limits: HttpLimits;
  /** What ledgers demand of their events. */
  readonly rules: RuleBook;
  /** For how long they keep what, and what is held. */
  readonly retention: Retention;
  /** What is erased of them. */
  readonly erasures: Erasures;
  /** Looks whether they are as they were recorded. */
  readonly auditor: Auditor;
  /** What a ledger, by its name, does about members that look misspelt. */
  readonly misspelt?: (ledger: string) => OnMisspelt | undefined;
  /** What it means that Splunk's clients are acknowledged; "recorded" when absent. */
  readonly hecAck?: HecAck;
  /** Whether foreign senders may show their key in the query; not when absent. */
  readonly keysInQuery?: boolean;
  readonly log: Log;
  /** What goes on failing in the background. */
  readonly health: Health;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly hash: Hash;
  /** Threads for the larger bodies. */
  readonly intakes: IntakePool;
  readonly salts: (n: number) => Uint8Array;
  /** Secret that goes into the digests of contents, see entry/prepare.ts. */
  readonly contentKey?: Uint8Array;
  readonly version: string;
  /** What watchers elsewhere said last. */
  readonly watchers: WatcherBook;
  /** Absent where nobody wants any. */
  readonly alerts?: Alerts | undefined;
  /** The keys that the store is encrypted with, each wrapped; absent where it is in clear. */
  readonly encryption?: WrappedKeys | undefined;
  /**
   * A file about the contract at an address, by its path in Sourcify's folder of that contract; undefined where this service
   * anchors in no such contract, or there is no such file. None are told when absent.
   */
  readonly contractFile?: (chainId: number, address: string, path: string) => Promise<Uint8Array | undefined>;
  /** Seconds for which a browser that came with TLS is told to come so only; 0 tells it nothing. */
  readonly hstsS?: number;
  /** Records who reads and changes what; nothing is recorded when absent. */
  readonly access?: AccessRecorder | undefined;
  /** Proxies whose word on where a client is counts; none when absent. */
  readonly proxies?: BlockList | undefined;
};
