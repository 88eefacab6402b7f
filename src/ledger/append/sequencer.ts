/**
 * The one writer of a ledger. Whatever arrived while the last commit was being synced goes into the next one, so a
 * busy ledger pays for one sync and one signature for many events.
 *
 *   idle ──append──▶ committing ──done, more waiting──▶ committing ──nothing waits──▶ idle
 *                        │ somebody else extended the ledger: recover, try the same group again
 *                        │ it failed and nothing was written: recover, refuse the group (NotRecordedError)
 *                        │ the store takes no writes now: refuse the group, recover before the next one
 *                        ▼ nobody knows what was written (FatalError), or recovering failed
 *                     stopped: every waiter gets LedgerStoppedError, reads go on. When a commit that took too long ends
 *                     after all, the ledger recovers and goes on; otherwise opening it again recovers
 * Why: docs/decisions/0031.
 */

import { requireCount } from "../../entry/entry.ts";
import type { CheckpointSigner } from "../../keys/signer.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import { type LedgerRecord, SizeConflictError, StoreUnavailableError } from "../../store/store.ts";
import { type LedgerState, recover } from "../recovery.ts";
import type { OnTileMade } from "../tiles.ts";
import { type Appended, answerLater, answerNow, type RecordedReader } from "./answer.ts";
import {
  type AppendOutcome,
  type CommitLimits,
  type CommitResult,
  type CommitTools,
  commitGroup,
  FatalError,
  HeldBackError,
} from "./commit.ts";
import type { AppendRequest } from "./idempotency.ts";
import { CommitQueue, type QueueLimits } from "./queue.ts";

/** The ledger takes no events; whether those that waited are recorded shows when it is opened again. */
export class LedgerStoppedError extends Error {
  override readonly name = "LedgerStoppedError";
  readonly code = "ledger_stopped";
}

/** The request was not recorded, for a reason that may pass: it can be sent again. */
export class NotRecordedError extends Error {
  override readonly name = "NotRecordedError";
  readonly code = "not_recorded";
}

export type SequencerOptions = Omit<CommitTools, "ledgerId" | "limits"> & {
  readonly record: LedgerRecord;
  readonly state: LedgerState;
  readonly onTileMade?: OnTileMade | undefined;
  readonly limits: QueueLimits & CommitLimits;
};

type Waiting = {
  readonly request: AppendRequest;
  readonly events: number;
  readonly bytes: number;
  readonly resolve: (appended: Appended | Promise<Appended>) => void;
  readonly reject: (error: unknown) => void;
};

/** Somebody else won this often in a row: then something is wrong. */
const ATTEMPTS_MAX = 16;

export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #recorded: RecordedReader;
  readonly #queue: CommitQueue<Waiting>;
  readonly #commitListeners = new Set<(head: SignedCheckpoint) => void>();
  readonly #stopListeners = new Set<(cause: Error) => void>();
  #record: LedgerRecord;
  #signer: CheckpointSigner;
  #state: LedgerState;
  #running: Promise<void> | undefined;
  #stopped: Error | undefined;
  /** The edge holds nodes of a commit that did not happen: the state has to be read back before the next one. */
  #isStale = false;
  #isClosing = false;

  /** @param recorded reads what was committed, for answers about events that were there before */
  constructor(options: SequencerOptions, recorded: RecordedReader) {
    this.#options = options;
    this.#recorded = recorded;
    this.#queue = new CommitQueue(options.limits);
    this.#record = options.record;
    this.#signer = options.signer;
    this.#state = options.state;
  }

  /** The durable state: its edge may hold nodes of a commit under way, but none of them lies under `head.size`. */
  get state(): LedgerState {
    return this.#state;
  }

  get record(): LedgerRecord {
    return this.#record;
  }

  get load(): { readonly events: number; readonly bytes: number } {
    return this.#queue.load;
  }

  /** Why the ledger stopped by itself; undefined while it runs. */
  get stopped(): Error | undefined {
    return this.#stopped;
  }

  append(request: AppendRequest): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#requireRunning();
      const { events, bytes } = weigh(request);
      this.#queue.add({ request, events, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async rotateSigner(signer: CheckpointSigner): Promise<void> {
    this.#requireRunning();
    // A commit that is being signed meanwhile bears the former signer's signature, which stays valid.
    await this.#options.store.updateSigner(this.#record.id, signer.address);
    const ledgers = await this.#options.store.ledgers();
    this.#record = ledgers.find(({ id }) => id === this.#record.id) ?? this.#record;
    this.#signer = signer;
  }

  onCommit(listener: (head: SignedCheckpoint) => void): () => void {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  onStop(listener: (cause: Error) => void): () => void {
    this.#stopListeners.add(listener);
    return () => this.#stopListeners.delete(listener);
  }

  /** Takes nothing more, and resolves when all that waits is answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
  }

  #requireRunning(): void {
    if (this.#stopped !== undefined) throw this.#stoppedError();
    if (this.#isClosing) throw new LedgerStoppedError(`expected an open ledger, got ${this.#record.name}, closed`);
  }

  #stoppedError(): LedgerStoppedError {
    const message = `ledger ${this.#record.name} has stopped; whether the request was recorded shows when it is opened again`;
    return new LedgerStoppedError(message, { cause: this.#stopped });
  }

  async #run(): Promise<void> {
    // Requests that arrive in the same turn of the event loop share the first commit.
    await new Promise((resolve) => setImmediate(resolve));
    for (let group = this.#queue.take(); group.length > 0; group = this.#queue.take()) {
      const startedAt = performance.now();
      const result = await this.#commit(group);
      this.#queue.done(group, performance.now() - startedAt);
      if (result instanceof Error) for (const { reject } of group) reject(result);
      else this.#publish(group, result);
    }
    this.#running = undefined;
  }

  /** Commits a group; an error means that the whole group gets it as the answer. */
  async #commit(group: readonly Waiting[]): Promise<CommitResult | Error> {
    const requests = group.map(({ request }) => request);
    for (let attempt = 1; this.#stopped === undefined; attempt++) {
      const unreadable = this.#isStale ? await this.#recover() : undefined;
      if (unreadable !== undefined) return unreadable;
      try {
        const context = { ...this.#options, signer: this.#signer, ledgerId: this.#record.id };
        return await commitGroup(context, this.#state, requests);
      } catch (cause) {
        if (cause instanceof HeldBackError) return cause;
        this.#isStale = true;
        if (cause instanceof FatalError) this.#stop(cause);
        else if (cause instanceof StoreUnavailableError) return cause;
        else {
          await this.#recover();
          if (cause instanceof SizeConflictError && attempt < ATTEMPTS_MAX) continue;
          const message = `the request was not recorded in ledger ${this.#record.name}; it can be sent again`;
          if (this.#stopped === undefined) return new NotRecordedError(message, { cause });
        }
      }
    }
    return this.#stoppedError();
  }

  /** Reads the state back: what the edge holds of a commit that did not happen must go. Returns why it cannot now. */
  async #recover(): Promise<Error | undefined> {
    const { store, hash, onTileMade } = this.#options;
    try {
      this.#state = await recover(store, this.#record, hash, onTileMade);
      this.#isStale = false;
    } catch (cause) {
      if (cause instanceof StoreUnavailableError) return cause;
      this.#stop(new FatalError("expected to recover the ledger after a failed commit", { cause }));
      return this.#stoppedError();
    }
  }

  #stop(cause: FatalError): void {
    this.#stopped = cause;
    for (const listener of this.#stopListeners) queueMicrotask(() => listener(cause));
    cause.settled?.then(async () => {
      await this.#running;
      this.#resume();
    });
  }

  /** The commit that took too long has ended: what the store holds now is what happened. */
  #resume(): void {
    if (this.#isClosing) return;
    const before = this.#state.head?.size ?? 0;
    this.#running = this.#recover().then(() => {
      this.#running = undefined;
      // When it cannot be read just now, the next group reads it.
      if (this.#stopped instanceof FatalError && this.#stopped.settled !== undefined) this.#stopped = undefined;
      const { head } = this.#state;
      if (head !== undefined && head.size > before) this.#announce(head);
    });
  }

  #announce(head: SignedCheckpoint): void {
    for (const listener of this.#commitListeners) queueMicrotask(() => listener(head));
  }

  /** Makes a commit visible and answers; nothing of it is left to fail but the answers themselves. */
  #publish(group: readonly Waiting[], { outcomes, committed }: CommitResult): void {
    if (committed !== undefined) {
      const { edge, checkpoint, recordedAt } = committed;
      this.#state = { edge, head: checkpoint, lastRecordedAt: recordedAt };
    }
    for (const [i, waiting] of group.entries()) {
      try {
        waiting.resolve(this.#answer(outcomes[i] as AppendOutcome, committed));
      } catch (error) {
        waiting.reject(error);
      }
    }
    if (committed === undefined) return;
    committed.edge.forget();
    this.#announce(committed.checkpoint);
  }

  #answer(outcome: AppendOutcome, committed: CommitResult["committed"]): Appended | Promise<Appended> {
    if (outcome instanceof Error) throw outcome;
    const answer = committed && answerNow(this.#options.hash, outcome, committed);
    return answer ?? answerLater(this.#recorded, outcome);
  }
}

/**
 * Weight of a request in the queue: what its entries hold in memory.
 * @throws RangeError when one of them is not as the type says: in a commit that would be the group's misfortune
 */
function weigh({ entries, idempotencyKey, requestContent }: AppendRequest): { events: number; bytes: number } {
  if (entries.length === 0) throw new RangeError("expected a request with events, got none");
  const isClaimedWhole = idempotencyKey !== undefined && requestContent === undefined;
  let bytes = 0;
  for (const { members, digests, content, id, claim } of entries) {
    const [count = 0] = members;
    requireCount(count);
    if (digests.length !== count * HASH_LENGTH) {
      throw new RangeError(`expected digests of ${count} members, got ${digests.length} bytes`);
    }
    if (content === undefined && (id !== undefined || claim !== undefined || isClaimedWhole)) {
      throw new RangeError("expected the content digest of an entry that claims a key, got none");
    }
    bytes += members.length + digests.length;
  }
  return { events: entries.length, bytes };
}
