/**
 * Where the records of a logger go: through a client, in its mode, with what is lost counted and told. Nothing here ever
 * throws into a program that logs.
 */

import type { HoldfastClient } from "../client/client.ts";
import { asHoldfastError } from "../client/holdfast-error.ts";
import { createSpoolingClient, type PlainOptions } from "../spool/spooling-client.ts";
import { type Choice, type Chosen, logEvent } from "./log-event.ts";

export type LogOptions = PlainOptions & {
  /** Which records are sent: `all` when absent, or `events`, those with `action` and `actor`. */
  readonly records?: Chosen;
  /** The program that logs: who acted where a record names nobody; "logs" when absent. */
  readonly source?: string;
};

/** Told what is lost, and when sending begins to fail and works again. */
export type Teller = (message: string) => void;

/** Calls that are under way before a logger is held back. */
const AT_ONCE_MAX = 1000;

export class LogSink {
  readonly #client: HoldfastClient;
  readonly #choice: Choice;
  readonly #tell: Teller;
  readonly #pending = new Set<Promise<void>>();
  #lost = 0;
  #told = 0;

  /** @throws HoldfastError options_invalid */
  constructor({ records = "all", source = "logs", ...options }: LogOptions, tell: Teller) {
    this.#choice = { chosen: records, source };
    this.#tell = tell;
    const { onTrouble, onRefused, mode } = options;
    const where = mode === "spool" ? "on this disk" : "in memory";
    this.#client = createSpoolingClient({
      mode: "best-effort",
      ...options,
      onTrouble: (trouble) => {
        const waiting = `records wait ${where}, and are sent again and again: ${trouble?.message}`;
        tell(trouble === undefined ? "records are recorded again" : waiting);
        onTrouble?.(trouble);
      },
      onRefused: (event, error) => {
        tell(`a record is refused: ${error.message}`);
        onRefused?.(event, error);
      },
    });
  }

  /** Records that are lost: there was no room for them, or not in time. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Takes lines.
   * @param next is called when more can be taken: whoever logs is held back while much is under way
   * @param done is called when these are accepted, as the mode says, or lost
   */
  take(lines: readonly string[], next: () => void, done?: () => void): void {
    const writing = this.#write(lines).then(() => {
      this.#pending.delete(writing);
      done?.();
    });
    this.#pending.add(writing);
    if (this.#pending.size < AT_ONCE_MAX) next();
    else void Promise.race(this.#pending).then(next);
  }

  async #write(lines: readonly string[]): Promise<void> {
    const now = Date.now();
    try {
      const events = lines.flatMap((line) => logEvent(line, this.#choice, now) ?? []);
      if (events.length === 0) return;
      const accepted = await this.#client.append(events);
      this.#lose(accepted.filter(({ state }) => (state as string) === "dropped").length, "there is no room for them");
    } catch (error) {
      const { message, ids } = asHoldfastError(error);
      this.#lose(ids.length === 0 ? lines.length : ids.length, message);
    }
  }

  /** Sends what waits, up to the client's `closeMs`, and ends: what is under way then is lost, or in the spool. */
  async close(): Promise<void> {
    const { dropped } = await this.#client.close();
    await Promise.all(this.#pending);
    const lost = Math.max(this.#lost, dropped);
    if (lost > this.#told) this.#tell(`${lost} records in all were not recorded`);
  }

  /** Told when it doubles: a service that is away for a night is no reason to fill a disk with words about it. */
  #lose(count: number, why: string): void {
    if (count === 0) return;
    this.#lost += count;
    if (this.#lost < 2 * this.#told) return;
    this.#told = this.#lost;
    this.#tell(`${this.#lost} records are lost so far: ${why}`);
  }
}
