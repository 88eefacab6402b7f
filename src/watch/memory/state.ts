/**
 * What a watcher remembers of a ledger: which one it is, the newest checkpoint that it believes, every other one that it
 * heard and cannot place yet, what it proved, and since when something is owed. It is bounded, whatever a service says.
 */

import type { Hex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Conflict } from "../checks.ts";
import type { SignedStatement } from "../statement.ts";
import type { Claim } from "./claims.ts";

/** A size that was believed first at a time, milliseconds since 1970. */
export type Waiting = { readonly size: number; readonly since: number };

/** That the believed checkpoint extends what the contract held: with it anyone can anchor the checkpoint. */
export type Extension = { readonly from: number; readonly root: Hex; readonly path: readonly Hex[] };

/** A contradiction that was proved once, by two signatures; it does not pass. */
export type ProvedContradiction = { readonly finding: string; readonly detail: string; readonly at: number };

/** A checkpoint that somebody signed and that is not settled: neither proved to be of one tree with the believed one, nor not. */
export type Open = {
  readonly statement: SignedStatement;
  /** When it was heard first, milliseconds since 1970. */
  readonly since: number;
};

/** Since when something else is owed, milliseconds since 1970; only its settlement ends it. */
export type Owed = {
  /** A proof that the newest checkpoint extends what the contract holds. */
  readonly link?: number;
  /** A checkpoint of a signer that the contract knows. */
  readonly signer?: number;
};

export type WatchState = {
  /** Name under which the service has the ledger. */
  readonly ledger: string;
  /** Known from the first checkpoint on, or from the start. */
  readonly ledgerId?: Hex;
  readonly chainId: number;
  readonly contract: string;
  /** Accounts that may sign, in lower case: given at the start, or known to the contract; the newest last. */
  readonly signers: readonly Hex[];
  readonly checkpoint?: SignedCheckpoint;
  readonly extension?: Extension;
  /** In the order in which they are asked about. */
  readonly open: readonly Open[];
  /** How many of a known signer could not be kept; they are owed for good. */
  readonly dropped: number;
  /** Drawn at the start, so that nobody can choose what is dropped. */
  readonly salt?: Hex;
  /** Contradictions of two signatures, with what proves them. */
  readonly forks: readonly Conflict[];
  /** The first of them that was found. */
  readonly found?: ProvedContradiction;
  readonly owed: Owed;
  /** What nodes said of the contract, which nothing proves; bounded, and what came to nothing is history. */
  readonly claims: readonly Claim[];
  /** Believed sizes that the contract does not hold yet, ascending. */
  readonly waiting: readonly Waiting[];
  /** When the service last gave a checkpoint, or when watching began; milliseconds since 1970. */
  readonly heardAt: number;
  /** When the last round was; milliseconds since 1970. */
  readonly roundAt: number;
  /** What own anchors cost on a day (UTC), wei as decimal text. */
  readonly spent?: { readonly day: string; readonly wei: string };
};

/** Sizes that are remembered as waiting; between them, lateness is noticed a little later. */
export const WAITING_MAX = 64;
/** Signers that are remembered; those before are asked about again. */
export const SIGNERS_MAX = 64;
/** Open checkpoints of known signers; beyond, some are dropped and that is told for good. */
export const OPEN_MAX = 256;
/** Open checkpoints of signers that nobody knows yet: anybody can make them. */
export const STRANGERS_MAX = 16;
export const FORKS_MAX = 8;

/** A state for a new watch. */
export function beginWatch(
  of: Pick<WatchState, "ledger" | "chainId" | "contract" | "signers"> & { readonly ledgerId?: Hex | undefined },
  now: number,
): WatchState {
  const { ledger, ledgerId, chainId, contract, signers } = of;
  const empty = { open: [], dropped: 0, forks: [], owed: {}, claims: [], waiting: [] };
  const id = ledgerId === undefined ? {} : { ledgerId };
  return { ledger, ...id, chainId, contract, signers, ...empty, heardAt: now, roundAt: now };
}

/**
 * A state for a start after a pause: while nobody watched, the service was not silent and owed nothing. The time of one
 * round is not taken for a pause, or a watcher that is restarted all the time would never lose patience.
 */
export function resumeWatch(state: WatchState, now: number, intervalMs: number): WatchState {
  const pausedMs = Math.max(0, now - state.roundAt - intervalMs);
  return pausedMs === 0 ? state : shiftDebts(state, pausedMs);
}

/**
 * A state whose moments are of the clock as it is now. A clock that was set, in either direction, makes nothing older or
 * younger: as far as that can be noticed, by a clock that is never set or by going back behind the last round.
 */
export function onClock(state: WatchState, now: number, elapsedMs: number | undefined): WatchState {
  const jumpedMs = elapsedMs === undefined ? Math.min(0, now - state.roundAt) : now - state.roundAt - elapsedMs;
  const moved = jumpedMs === 0 ? state : shiftDebts(state, jumpedMs);
  const shift = (at: number): number => Math.min(Math.max(0, at + jumpedMs), now);
  return {
    ...moved,
    ...mapDebts(moved, (at) => Math.min(at, now)),
    waiting: state.waiting.map(({ size, since }) => ({ size, since: shift(since) })),
    roundAt: Math.min(shift(state.roundAt), now),
  };
}

function shiftDebts(state: WatchState, byMs: number): WatchState {
  return { ...state, ...mapDebts(state, (at) => Math.max(0, at + byMs)) };
}

function mapDebts({ heardAt, open, owed, claims }: WatchState, move: (at: number) => number) {
  return {
    heardAt: move(heardAt),
    open: open.map(({ statement, since }) => ({ statement, since: move(since) })),
    claims: claims.map((claim) => ({
      ...claim,
      ...(claim.since !== undefined && { since: move(claim.since) }),
      ...(claim.denied !== undefined && { denied: move(claim.denied) }),
    })),
    owed: Object.fromEntries(Object.entries(owed).map(([name, at]) => [name, move(at)])) as Owed,
  };
}

/** Adds what was believed to what waits, and drops what the contract holds. */
export function updateWaiting(
  waiting: readonly Waiting[],
  believed: number,
  anchored: number | undefined,
  now: number,
): readonly Waiting[] {
  const left = anchored === undefined ? waiting : waiting.filter(({ size }) => size > anchored);
  // After a reorganisation, what was anchored waits again.
  const isNew = believed > (left.at(-1)?.size ?? anchored ?? 0);
  const all = isNew ? [...left, { size: believed, since: now }] : left;
  if (all.length <= WAITING_MAX) return all;
  return all.filter((_, i) => i % 2 === 0 || i === all.length - 1);
}

/** The signers with one that was met, which is the newest then. */
export function addSigner(signers: readonly Hex[], signer: Hex): readonly Hex[] {
  return [...signers.filter((each) => each !== signer), signer].slice(-SIGNERS_MAX);
}
