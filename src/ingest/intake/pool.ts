/**
 * The threads that take in large bodies. A body goes to the thread that has the fewest, a piece at a time: the next is
 * read from the client when the thread has done with the last, so what waits between them is bounded. A thread that
 * dies takes its bodies with it, which nobody recorded, and the next body starts another.
 * Why: docs/decisions/0083.
 */

import { ThreadLostError, WorkerThread } from "../../worker-thread.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { unpackBatch } from "./batch.ts";
import { type Form, type IntakeRules, isWhole, type Received } from "./intake.ts";
import { IntakeError } from "./intake-error.ts";
import type { BodyTask, IntakeAnswer, IntakeTask, MoreTask, Opening, RequestPreparation, SentError } from "./thread.ts";

/** A body that a thread takes in. Its methods reject like those of an Intake, and with not_recorded when the thread dies. */
export type RemoteIntake = {
  /** Takes the next piece, when the one before is taken; its memory is the thread's from now on. */
  push(piece: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Takes the last piece. */
  end(piece: Uint8Array<ArrayBuffer>): Promise<Received>;
  /** What comes after what was received, of a body of which that was not the last. */
  more(): Promise<Received>;
  /** Forgets the body, if it has not ended. */
  close(): void;
};

export type IntakePoolOptions = {
  /** What a thread runs. */
  readonly script?: URL;
  /** Told when a thread dies, with what it died of. */
  readonly onDeath?: (cause: unknown) => void;
};

/** Sets of rules that a thread holds; bodies that it has keep theirs. */
const TAUGHT_MAX = 32;
/** More than these the thread of the service cannot feed: it has a third to a half of the work on each event. */
const THREADS_MAX = 4;

/** How many threads are worth having on so many cores: one core is left to the thread of the service. */
export function intakeThreads(cores: number): number {
  return Math.min(Math.max(1, cores - 1), THREADS_MAX);
}

export class IntakePool {
  readonly #script: URL;
  readonly #onDeath: (cause: unknown) => void;
  readonly #seats: (IntakeThread | undefined)[];
  #lastId = 0;
  #isClosed = false;

  /** @param size threads at most, 1 or more; each starts with the first body it gets */
  constructor(size: number, { script, onDeath }: IntakePoolOptions = {}) {
    this.#script = script ?? new URL("./thread.ts", import.meta.url);
    this.#onDeath = onDeath ?? (() => undefined);
    this.#seats = new Array(size).fill(undefined);
  }

  /** Bodies that the threads have. */
  get load(): number {
    return this.#seats.reduce((sum, thread) => sum + (thread?.load ?? 0), 0);
  }

  /** Starts all threads now, so that the first body need not wait for one. */
  start(): void {
    for (let seat = 0; seat < this.#seats.length; seat++) this.#thread(seat);
  }

  /** @throws IntakeError not_recorded when the pool is closed */
  open(form: Form, rules: IntakeRules, { own, contentKey, contentOf }: RequestPreparation): RemoteIntake {
    if (this.#isClosed) throw lostError(new Error("expected threads for a body, but they were closed"));
    const loads = this.#seats.map((thread) => thread?.load ?? 0);
    const thread = this.#thread(loads.indexOf(Math.min(...loads)));
    this.#lastId++;
    const id = this.#lastId;
    // Only these: the hash and the salts of who opens it are functions, which no thread can be sent.
    const preparation = { ...(own && { own }), ...(contentKey && { contentKey }), ...(contentOf && { contentOf }) };
    const { demanded, ...others } = rules;
    if (demanded !== undefined) thread.teach(demanded);
    let opening: Opening | undefined = {
      form,
      rules: others,
      preparation,
      ...(demanded !== undefined && { demanded: demanded.digest }),
    };
    thread.add(id);
    const ask = (piece: Uint8Array<ArrayBuffer>, isLast: boolean): Promise<IntakeAnswer> => {
      const task = { id, piece, isLast, ...(opening && { opening }) };
      opening = undefined;
      return thread.ask(task, [piece.buffer]);
    };
    return {
      async push(piece) {
        await ask(piece, false);
      },
      end: async (piece) => receivedOf(await ask(piece, true)),
      more: async () => receivedOf(await thread.ask({ id, isMore: true }, [])),
      close: () => thread.drop(id),
    };
  }

  /** Ends the threads; what they still had is not recorded. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#seats.map((thread) => thread?.end()));
  }

  #thread(seat: number): IntakeThread {
    const thread = this.#seats[seat];
    if (thread?.isAlive === true) return thread;
    const started = new IntakeThread(this.#script, (cause) => {
      if (!this.#isClosed) this.#onDeath(cause);
    });
    this.#seats[seat] = started;
    return started;
  }
}

/** One thread and the bodies it has. */
class IntakeThread {
  readonly #thread: WorkerThread<IntakeTask, IntakeAnswer>;
  readonly #open = new Set<number>();
  /** Digests of the rules that it was sent, those sent last at the end. */
  readonly #taught = new Set<string>();

  constructor(script: URL, onDeath: (cause: unknown) => void) {
    this.#thread = new WorkerThread(script, (cause) => {
      this.#open.clear();
      onDeath(cause);
    });
  }

  get load(): number {
    return this.#open.size;
  }

  get isAlive(): boolean {
    return this.#thread.isAlive;
  }

  add(id: number): void {
    this.#open.add(id);
  }

  /** Sends rules that the thread does not have yet: once, not with every body. */
  teach(rules: RuleSet): void {
    if (this.#taught.has(rules.digest)) return;
    const [oldest] = this.#taught;
    const forgets = this.#taught.size < TAUGHT_MAX ? undefined : oldest;
    if (forgets !== undefined) this.#taught.delete(forgets);
    this.#taught.add(rules.digest);
    this.#thread.tell({ taught: rules, forgets });
  }

  async ask(task: BodyTask | MoreTask, transferred: readonly ArrayBuffer[]): Promise<IntakeAnswer> {
    const answer = await this.#thread.ask(task, transferred).catch((error: unknown) => {
      throw error instanceof ThreadLostError ? lostError(error.cause) : error;
    });
    // With its last entries or an error the thread has forgotten the body.
    if ("error" in answer || ("batch" in answer && isWhole(answer))) this.#open.delete(task.id);
    if ("error" in answer) throw receivedError(answer.error);
    return answer;
  }

  drop(id: number): void {
    if (this.#open.delete(id)) this.#thread.tell({ id, isDropped: true });
  }

  async end(): Promise<void> {
    await this.#thread.end();
  }
}

function receivedOf(answer: IntakeAnswer): Received {
  if (!("batch" in answer)) throw new Error("expected the entries of a body from its thread, got something else");
  const { batch, id: _, ...facts } = answer;
  return { ...facts, entries: unpackBatch(batch) };
}

function receivedError(error: SentError): Error {
  if ("code" in error) return new IntakeError(error.code, error.message, error);
  return new Error("a thread failed to take in a body", { cause: error.unexpected });
}

function lostError(cause: unknown): IntakeError {
  const detail = "expected the thread that took the request in to finish, but it ended; nothing was recorded";
  return new IntakeError("not_recorded", detail, { retryAfterS: 1, cause });
}
