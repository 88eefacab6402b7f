/**
 * One commit, told step by step: from a group of requests to one durable batch. What is thrown says what is known:
 * SizeConflictError and everything else but FatalError mean that nothing was written.
 */

import { inTime } from "../../clock.ts";
import { entryLeafHashes } from "../../entry/entry.ts";
import type { PackedEntry } from "../../entry/packed.ts";
import { fastRecoverSigner } from "../../keys/local-signer.ts";
import type { CheckpointSigner } from "../../keys/signer.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import type { Checkpoint, SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";
import { SizeConflictError, type Store, StoreUnavailableError } from "../../store/store.ts";
import type { LedgerState } from "../recovery.ts";
import type { Committed } from "./answer.ts";
import {
  type AppendRequest,
  ClaimDamagedError,
  CommitPlan,
  claimKeys,
  IdempotencyConflictError,
  type Placement,
} from "./idempotency.ts";

/** Nobody knows whether a commit was written: the ledger has to stop, and reading it back finds out. */
export class FatalError extends Error {
  override readonly name = "FatalError";
  readonly code = "commit_unknown";
  /** Resolves when the store has ended the commit after all, one way or the other; undefined when it ended unknown. */
  readonly settled: Promise<void> | undefined;

  constructor(message: string, { cause, settled }: { readonly cause: unknown; readonly settled?: Promise<void> }) {
    super(message, { cause });
    this.settled = settled;
  }
}

/** Nothing may be signed now, for a reason that may pass: nothing was recorded, and nothing in memory was touched. */
export abstract class HeldBackError extends Error {
  abstract readonly code: string;
  readonly retryAfterS: number | undefined = 2;
}

/** What a commit works with. */
export type CommitTools = {
  readonly store: Store;
  readonly ledgerId: Hex;
  readonly signer: CheckpointSigner;
  readonly hash: Hash;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /**
   * Asked before anything new is signed: returns nothing or a promise to wait for, and says no by throwing a HeldBackError.
   * Nobody is asked when omitted.
   */
  readonly admit?: ((ledgerId: Hex) => Promise<void> | undefined) | undefined;
  readonly limits: CommitLimits;
};

export type CommitLimits = {
  /** Longest wait for a signature, after which the group is refused. */
  readonly signTimeoutMs: number;
  /** Longest wait for the store, after which the outcome counts as unknown. */
  readonly commitTimeoutMs: number;
};

/** What became of a request: where its events are, or why it is refused although the others are recorded. */
export type AppendOutcome = Placement | IdempotencyConflictError | ClaimDamagedError;

/** `committed` is undefined when nothing in the group was new. */
export type CommitResult = { readonly outcomes: readonly AppendOutcome[]; readonly committed: Committed | undefined };

/**
 * Records a group of requests behind the durable state.
 * @throws FatalError when nobody knows whether it was written
 * @throws HeldBackError when nothing may be signed now
 * @throws SizeConflictError when somebody else extended the ledger, anything else when it failed before the writing;
 *   nothing was written then, but the edge of `state` may hold nodes that no longer count: recover it
 */
export async function commitGroup(
  tools: CommitTools,
  state: LedgerState,
  requests: readonly AppendRequest[],
): Promise<CommitResult> {
  const { hash, store, ledgerId, limits } = tools;
  const { edge } = state;
  const from = edge.size;

  // 1. Find what is new: one read for all idempotency keys of the group. If we crash here, nothing has happened.
  const keys = requests.map((request) => claimKeys(hash, request));
  const wanted = keys.flatMap(({ request, events }) => [request, ...events]).filter((key) => key !== undefined);
  const claims = wanted.length === 0 ? [] : await store.claims(ledgerId, wanted);
  const plan = new CommitPlan(hash, from, wanted, claims);
  const outcomes = requests.map((request, i) => place(plan, request, keys[i] as (typeof keys)[number]));
  if (plan.entries.length === 0) return { outcomes, committed: undefined };
  const admitted = tools.admit?.(ledgerId);
  if (admitted !== undefined) await admitted;

  // 2. Give each new event its index and the time, which never runs backwards, and hash it into the edge of the tree.
  //    Only memory changes, and readers ask the edge for nodes under the durable size only. If we crash here, nothing
  //    has happened.
  const recordedAt = Math.max(Math.floor(tools.clock()), state.lastRecordedAt);
  const entries = plan.entries.map(({ members }): PackedEntry => ({ recordedAt, members }));
  const leafHashes = entryLeafHashes(
    hash,
    recordedAt,
    plan.entries.map(({ digests }) => digests),
  );
  edge.appendAll(leafHashes);

  // 3. Sign the new root, once for the whole group. If we crash here, a signature may exist that nobody was given;
  //    the next commit of this size has another root, and this one is in no store and on no chain.
  const signedAt = Math.floor(recordedAt / 1000);
  const checkpoint = await sign(tools, { ledgerId, size: edge.size, root: toHex(edge.root()), signedAt });

  // 4. Write entries, claims, finished tiles and the checkpoint: one batch, synced, and only if the ledger still
  //    has the size we began with. If we crash before the sync ends, the batch is there as a whole or not at all,
  //    and nobody was told; a client that asks again with its idempotency key finds out which.
  const commit = { from, entries, claims: plan.claims, tiles: edge.takeTiles(), checkpoint };
  await writeOnce(store.commit(ledgerId, commit), limits.commitTimeoutMs);

  // 5. From here on it is true. If we crash before the answers leave, the clients ask again and get them.
  return { outcomes, committed: { from, recordedAt, entries, leafHashes, checkpoint, edge } };
}

function place(plan: CommitPlan, request: AppendRequest, keys: ReturnType<typeof claimKeys>): AppendOutcome {
  try {
    return plan.add(request, keys);
  } catch (error) {
    if (error instanceof IdempotencyConflictError || error instanceof ClaimDamagedError) return error;
    throw error;
  }
}

/** Signs, and checks what a signer that may be another machine gave us: a wrong signature must not become durable. */
async function sign({ signer, hash, limits }: CommitTools, checkpoint: Checkpoint): Promise<SignedCheckpoint> {
  const signature = await inTime(
    limits.signTimeoutMs,
    signer.sign(checkpoint),
    () => new Error(`expected a signature within ${limits.signTimeoutMs} ms, got none`),
  );
  const signed = { ...checkpoint, signature };
  const address = fastRecoverSigner(signed, hash);
  if (address !== signer.address) throw new Error(`expected a signature of ${signer.address}, got one of ${address}`);
  return signed;
}

/** Errors of a store that say that nothing was written. */
const WRITES_NOTHING = [SizeConflictError, RangeError, StoreUnavailableError];

/** Waits for a write, and sorts the ways it can end: written, surely not written, unknown. */
async function writeOnce(writing: Promise<void>, timeoutMs: number): Promise<void> {
  const late = new Error(`expected the store to end a commit within ${timeoutMs} ms`);
  try {
    await inTime(timeoutMs, writing, () => late);
  } catch (cause) {
    if (WRITES_NOTHING.some((known) => cause instanceof known)) throw cause;
    const message = "expected the store to say whether a commit was written, got an error instead";
    const settled = writing.catch(() => undefined);
    throw new FatalError(message, cause === late ? { cause, settled } : { cause });
  }
}
