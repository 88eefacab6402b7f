/**
 * Alerts of a watcher: what a round finds wrong fires once, is told by the channels that services tell by, and is over when it is. What fires
 * and what is still to be told is in a file beside the state, written before anybody is told.
 * Why: docs/decisions/0239.
 */

import { AlertBook } from "../../../alerts/alert-book.ts";
import type { Channel } from "../../../alerts/delivery/channel.ts";
import { AlertOutbox } from "../../../alerts/delivery/outbox.ts";
import { Outcry } from "../../../alerts/delivery/outcry.ts";
import { Health } from "../../../health.ts";
import { CHECKS, type Checks, type Patience } from "../../../watch/checks.ts";
import { printNote } from "../../terminal/output.ts";
import type { ToldFile } from "./told-file.ts";
import { BLIND, blindness, CONTRADICTS, contradictions, refusals, UNHEARD } from "./watch-rules.ts";

/** What is owed to channels that are away: the newest of each. */
const WAITING_MAX = 256;
/** What is due is sent for so long after a round of a timer. */
const SENDING_MS = 30_000;
const SINCE_SPACE = "watch-since";
const FAILING = {
  code: "alerts_failing",
  detail: "what a watcher finds wrong cannot be written down: see what it prints",
};

export type WatchAlertsOptions = {
  readonly file: ToldFile;
  readonly channels: readonly Channel[];
  readonly patience: Patience;
  readonly now: () => number;
  /** Of a round of a timer: nothing is remembered that cannot be written down, so it is told at once. */
  readonly isOnlyRound?: boolean;
};

export class WatchAlerts {
  readonly #options: WatchAlertsOptions;
  readonly #book: AlertBook;
  readonly #outbox: AlertOutbox;
  readonly #outcry: Outcry;
  readonly #stopping = new AbortController();

  private constructor(options: WatchAlertsOptions, book: AlertBook, outbox: AlertOutbox) {
    this.#options = options;
    this.#book = book;
    this.#outbox = outbox;
    this.#outcry = options.isOnlyRound === true ? new Outcry(options.channels, 1) : new Outcry(options.channels);
  }

  /** Takes up what was still to be told. */
  static async open(options: WatchAlertsOptions): Promise<WatchAlerts> {
    const { file: store, channels, now } = options;
    const note = (_: object, message: string) => printNote(`holdfast: ${message}`);
    const log = { warn: note, error: note, info: note };
    const outbox = await AlertOutbox.open({
      store,
      channels,
      now,
      health: new Health(log),
      log,
      waitingMax: WAITING_MAX,
    });
    const book = await AlertBook.open({
      store,
      now,
      // Checks have a patience of their own, and rounds of a timer share no memory.
      clearLooks: 1,
      outgoing: (change) => outbox.writes(change),
      onChanges: (changes) => outbox.take(changes),
    });
    return new WatchAlerts(options, book, outbox);
  }

  /** Tells while the watcher runs. */
  start(): void {
    this.#outbox.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#outbox.stop();
  }

  /** Tells what is due, of a watcher that ends after its round. */
  async sendDue(): Promise<void> {
    await this.#outbox.sendDue(SENDING_MS);
  }

  /**
   * Takes what a round found. It never throws: what cannot be written down is told from memory.
   * @param place service and ledger, as alerts name them
   * @param untaken services that did not take the watcher's word, and why
   */
  async take(checks: Checks, place: string, untaken: ReadonlyMap<string, string>): Promise<void> {
    const { now } = this.#options;
    try {
      await this.#settle(checks, place, untaken);
      this.#outcry.end();
    } catch (error) {
      printNote(`holdfast: what was found wrong could not be written down: ${(error as Error).message}`);
      const bad = CHECKS.filter((name) => checks[name].mark === -1);
      const conditions = bad.map((name) => ({ code: name, detail: checks[name].detail }));
      await this.#outcry.raise(FAILING, conditions, now(), this.#stopping.signal);
    }
    await this.#refresh();
  }

  async #settle(checks: Checks, place: string, untaken: ReadonlyMap<string, string>): Promise<void> {
    const { now, patience } = this.#options;
    const at = now();
    const since = await this.#sinces(checks, untaken, at);
    const found = contradictions(checks, place, (subject) => this.#book.isFiring(CONTRADICTS.name, subject));
    await this.#book.settle(CONTRADICTS, found);
    await this.#book.settle(BLIND, blindness(checks, place, at, since, patience));
    await this.#book.settle(UNHEARD, refusals(untaken, place, at, since, patience));
  }

  /** Since when each thing holds that is told only when it has lasted; kept, since a timer's rounds have no memory. */
  async #sinces(checks: Checks, untaken: ReadonlyMap<string, string>, now: number): Promise<(what: string) => number> {
    const { file } = this.#options;
    const unknown = CHECKS.filter((name) => checks[name].mark === 0).map((name) => `unknown ${name}`);
    const holding = new Set([...unknown, ...[...untaken.keys()].map((service) => `untaken ${service}`)]);
    const since = new Map<string, number>();
    const over: string[] = [];
    for await (const [what, at] of file.records(SINCE_SPACE)) {
      if (holding.has(what)) since.set(what, Math.min(Number(at), now));
      else over.push(what);
    }
    const begun = [...holding].filter((what) => !since.has(what));
    for (const what of begun) since.set(what, now);
    const writes = [
      ...over.map((key) => ({ space: SINCE_SPACE, key, value: undefined })),
      ...begun.map((key) => ({ space: SINCE_SPACE, key, value: String(now) })),
    ];
    if (writes.length > 0) await file.writeRecords(writes);
    return (what) => since.get(what) ?? now;
  }

  async #refresh(): Promise<void> {
    const firing = this.#book.firing();
    const { signal } = this.#stopping;
    await Promise.all(
      this.#options.channels.map((channel) => channel.refresh?.(firing, signal).catch(() => undefined)),
    );
  }
}
