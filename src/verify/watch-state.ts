/**
 * What a watcher remembers of a ledger: which one it is, the newest checkpoint that it believes, and since when something
 * is owed. It is all that a watcher needs to go on after a restart, and the checkpoint in it is signed.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import { BUNDLE_LIMITS } from "./bundle.ts";
import { address, type Form, hex, integer, list, object, oneOf, positive, text } from "./forms.ts";
import { readBundleJson } from "./json.ts";
import { checkpointForm, signedStatement } from "./statement.ts";

export const WATCH_FORMAT = "holdfast/watch@1";

/** A size that was believed first at a time, milliseconds since 1970. */
export type Waiting = { readonly size: number; readonly since: number };

/** That the believed checkpoint extends what the contract held: with it anyone can anchor the checkpoint. */
export type Extension = { readonly from: number; readonly root: Hex; readonly path: readonly Hex[] };

/** A contradiction that was found once; it does not pass. */
export type Found = { readonly finding: string; readonly detail: string; readonly at: number };

export type WatchState = {
  readonly format: typeof WATCH_FORMAT;
  /** Name under which the service has the ledger. */
  readonly ledger: string;
  /** Known from the first checkpoint on, or from the start. */
  readonly ledgerId?: Hex;
  readonly chainId: number;
  readonly contract: string;
  /** Accounts that may sign, in lower case: given at the start, or known to the contract. */
  readonly signers: readonly Hex[];
  readonly checkpoint?: SignedCheckpoint;
  readonly extension?: Extension;
  /** Believed sizes that the contract does not hold yet, ascending. */
  readonly waiting: readonly Waiting[];
  /** When the service last gave a checkpoint, or when watching began; milliseconds since 1970. */
  readonly heardAt: number;
  /** When the last round was; milliseconds since 1970. */
  readonly roundAt: number;
  /** Since when it gives one that it does not prove. */
  readonly doubtSince?: number;
  readonly found?: Found;
  /** What own anchors cost on a day (UTC), wei as decimal text. */
  readonly spent?: { readonly day: string; readonly wei: string };
};

/** Sizes that are remembered as waiting; between them, lateness is noticed a little later. */
export const WAITING_MAX = 64;
const LIMITS = { charactersMax: 256 * 1024, depthMax: 4 };
const TEXT_MAX = 2000;

const hash = hex(32);

const stateForm: Form<WatchState> = object<WatchState>(
  {
    format: oneOf([WATCH_FORMAT]),
    ledger: text(BUNDLE_LIMITS.nameLengthMax),
    ledgerId: hash,
    chainId: positive,
    contract: address,
    signers: list(hex(20), 0, 1000),
    checkpoint: checkpointForm,
    extension: object({ from: positive, root: hash, path: list(hash, 0, BUNDLE_LIMITS.pathMax) }),
    waiting: list(object({ size: positive, since: integer }), 0, WAITING_MAX),
    heardAt: integer,
    roundAt: integer,
    doubtSince: integer,
    found: object({ finding: text(TEXT_MAX), detail: text(TEXT_MAX), at: integer }),
    spent: object({ day: text(10), wei: text(40) }),
  },
  { optional: ["ledgerId", "checkpoint", "extension", "doubtSince", "found", "spent"] },
);

/**
 * Reads the text of a state, and checks that its checkpoint is of its ledger and signed by one of its signers.
 * @throws BundleError when it has another form, ProofError when nobody signed, RangeError when somebody else did
 */
export function readWatchState(text: string): WatchState {
  const state = stateForm(readBundleJson(text, LIMITS), "");
  if (state.checkpoint === undefined) return state;
  const { signer, ledgerId } = signedStatement(state.checkpoint);
  if (!state.signers.includes(signer)) {
    throw new RangeError(`expected a checkpoint of ${state.signers.join(" or ")}, got one of ${signer}`);
  }
  if (ledgerId !== state.ledgerId) throw new RangeError(`expected ledger ${state.ledgerId}, got ${ledgerId}`);
  return state;
}

/** A state for a start after a pause: while nobody watched, the service was not silent and owed nothing. */
export function resumeWatch(state: WatchState, now: number): WatchState {
  const { heardAt, doubtSince, roundAt } = state;
  const pausedMs = Math.max(0, now - roundAt);
  const doubt = doubtSince === undefined ? {} : { doubtSince: doubtSince + pausedMs };
  return { ...state, heardAt: heardAt + pausedMs, ...doubt, roundAt: now };
}

/** A state without moments that are still to come: a clock that was put right must not make a watcher wait for them. */
export function withoutFuture(state: WatchState, now: number): WatchState {
  const { waiting, heardAt, doubtSince } = state;
  return {
    ...state,
    waiting: waiting.map(({ size, since }) => ({ size, since: Math.min(since, now) })),
    heardAt: Math.min(heardAt, now),
    ...(doubtSince !== undefined && { doubtSince: Math.min(doubtSince, now) }),
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
