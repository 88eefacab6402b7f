/**
 * Turns for reads that are much work: few are worked on at once, the others wait, and those who wait are served
 * by turns, one client after the other, so that nobody gets in front of others by asking more often. Whoever may have gone
 * away comes behind all others: a search that somebody gave up takes nobody's turn.
 */

import { Problem } from "../problem.ts";

export type TurnLimits = {
  readonly atOnce: number;
  /** Reads that wait, of all clients. */
  readonly waitingMax: number;
  /** And of one. */
  readonly waitingEachMax: number;
  readonly waitMs: number;
};

/** Ends a turn; to be called once. */
export type EndTurn = () => void;

type Waiter = {
  /** Whether the client has ended its side: as a rule it has gone, and else it reads the answer all the same. */
  readonly mayBeGone: () => boolean;
  readonly start: (end: EndTurn) => void;
  readonly refuse: (problem: Problem) => void;
  readonly timer: NodeJS.Timeout;
};

const RETRY_AFTER_S = 2;

export class Turns {
  readonly #limits: TurnLimits;
  readonly #hasRoom: (client: string) => boolean;
  /** In the order in which the clients are served next. */
  readonly #queues = new Map<string, Waiter[]>();
  #waiting = 0;
  #working = 0;

  /** @param hasRoom whether there is room for one more answer of a client */
  constructor(limits: TurnLimits, hasRoom: (client: string) => boolean) {
    this.#limits = limits;
    this.#hasRoom = hasRoom;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get working(): number {
    return this.#working;
  }

  /**
   * Waits for a turn.
   * @param client whom the turn is for, as a name
   * @throws Problem reads_full when too many wait already, or it took too long
   */
  take(client: string, mayBeGone: () => boolean = () => false): Promise<EndTurn> {
    const { waitingMax, waitingEachMax, waitMs } = this.#limits;
    if (this.#waiting === 0 && this.#isFree(client)) return Promise.resolve(this.#start());
    if (this.#waiting >= waitingMax || (this.#queues.get(client)?.length ?? 0) >= waitingEachMax) this.#refuseGone();
    const queue = this.#queues.get(client) ?? [];
    if (this.#waiting >= waitingMax) return Promise.reject(full(`at most ${waitingMax} reads`, this.#waiting));
    if (queue.length >= waitingEachMax)
      return Promise.reject(full(`at most ${waitingEachMax} reads of one client`, queue.length));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#remove(client, waiter);
        reject(full(`a turn within ${waitMs} ms, with ${this.#limits.atOnce} reads at once`, "none"));
      }, waitMs);
      const waiter: Waiter = { mayBeGone, start: resolve, refuse: reject, timer };
      queue.push(waiter);
      this.#queues.set(client, queue);
      this.#waiting++;
      this.next();
    });
  }

  /** Starts what may start; to be called when there may be room again. */
  next(): void {
    this.#startNext(({ mayBeGone }) => !mayBeGone());
    this.#startNext(() => true);
  }

  #startNext(isMeant: (waiter: Waiter) => boolean): void {
    for (const [client, queue] of this.#queues) {
      if (this.#working >= this.#limits.atOnce) return;
      if (!this.#hasRoom(client)) continue;
      const waiter = queue.find(isMeant);
      if (waiter === undefined) continue;
      clearTimeout(waiter.timer);
      this.#remove(client, waiter);
      // Behind all others; a loop over a map comes to what is put there while it runs.
      this.#queues.delete(client);
      if (queue.length > 0) this.#queues.set(client, queue);
      waiter.start(this.#start());
    }
  }

  /** Makes room for those who are there. */
  #refuseGone(): void {
    for (const [client, queue] of [...this.#queues]) {
      for (const waiter of queue.filter(({ mayBeGone }) => mayBeGone())) {
        clearTimeout(waiter.timer);
        this.#remove(client, waiter);
        waiter.refuse(full("a client that waits for its turn", "one that has ended its side"));
      }
    }
  }

  /** Refuses those who wait. */
  stop(): void {
    for (const { refuse, timer } of [...this.#queues.values()].flat()) {
      clearTimeout(timer);
      refuse(full("a turn", "the end of the service"));
    }
    this.#queues.clear();
    this.#waiting = 0;
  }

  #isFree(client: string): boolean {
    return this.#working < this.#limits.atOnce && this.#hasRoom(client);
  }

  #start(): EndTurn {
    this.#working++;
    return () => {
      this.#working--;
      // What is small comes in between.
      setImmediate(() => this.next());
    };
  }

  #remove(client: string, waiter: Waiter): void {
    const queue = this.#queues.get(client) ?? [];
    queue.splice(queue.indexOf(waiter), 1);
    this.#waiting--;
    if (queue.length === 0) this.#queues.delete(client);
  }
}

function full(expected: string, got: number | string): Problem {
  const detail = `expected ${expected}, got ${got}; it can be asked again`;
  return new Problem("reads_full", detail, { headers: { "Retry-After": String(RETRY_AFTER_S) } });
}
