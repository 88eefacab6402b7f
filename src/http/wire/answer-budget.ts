/**
 * Bytes of answers that were made and not taken yet, in all and for each client. An answer that is there is always sent;
 * what is bounded is how many more are made meanwhile.
 * Why: docs/decisions/0101.
 */

/** The last part of the budget is for clients that hold less than this part of it. */
const SHARE = 1 / 8;
const FOR_ANYBODY = 1 / 2;

export class AnswerBudget {
  readonly bytesMax: number;
  readonly #byClient = new Map<string, number>();
  #held = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get held(): number {
    return this.#held;
  }

  take(client: string, bytes: number): void {
    this.#held += bytes;
    this.#byClient.set(client, this.#heldBy(client) + bytes);
  }

  release(client: string, bytes: number): void {
    this.#held -= bytes;
    const left = this.#heldBy(client) - bytes;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }

  /** Whether one more answer may be made for a client. */
  hasRoom(client: string): boolean {
    if (this.#held < this.bytesMax * FOR_ANYBODY) return true;
    return this.#held < this.bytesMax && this.#heldBy(client) < this.bytesMax * SHARE;
  }

  #heldBy(client: string): number {
    return this.#byClient.get(client) ?? 0;
  }
}
