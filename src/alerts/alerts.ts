/**
 * Alerts of a service: every minute each rule judges how things stand, what changed is written down, told to a ledger and to every
 * channel. A rule that cannot judge for long is itself a condition of the service: nothing is well that nobody looked at.
 * Why: docs/decisions/0230.
 */

import { setTimeout as delay } from "node:timers/promises";
import { spellSpan } from "../clock.ts";
import type { Condition, Health } from "../health.ts";
import { readJson } from "../json/read.ts";
import type { Recording } from "../ledger/own-event.ts";
import type { RecordWrite, Store } from "../store/store.ts";
import { fired, type Hand, isSilenced } from "./alert.ts";
import { AlertBook } from "./alert-book.ts";
import { AlertEvents, type ToldLedger } from "./alert-events.ts";
import type { Channel, Reception } from "./delivery/channel.ts";
import { AlertOutbox } from "./delivery/outbox.ts";
import { Outcry } from "./delivery/outcry.ts";
import type { Facts } from "./facts.ts";
import type { Rule, RuleJudgement, TurnedOff } from "./rule.ts";

const INTERVAL_MS = 60_000;
/** For so long a rule may not be able to judge. */
const UNJUDGED_MS = 30 * 60_000;
const LEARNED_SPACE = "alert-learned";

export type AlertsOptions = Recording & {
  readonly store: Pick<Store, "records" | "writeRecords">;
  readonly rules: readonly Rule[];
  readonly channels: readonly Channel[];
  /** How things stand now. */
  readonly look: () => Promise<Facts>;
  /** The ledger that is told of alerts; undefined while there is none. */
  readonly ledger: () => ToldLedger | undefined;
  readonly now: () => number;
  readonly health: Health;
  readonly log: { warn(fields: object, message: string): void };
  readonly intervalMs?: number;
  /** 0 up to 1, by which pauses between attempts differ. */
  readonly random?: () => number;
};

/** How a rule does. */
export type RuleStatus = Pick<Rule, "name" | "title" | "severity"> & {
  /** When it last judged; absent when it has not yet. */
  readonly judgedAt?: number;
  /** Since when it cannot. */
  readonly unknownSince?: number;
  /** Why nobody looks, where what it looks at is turned off. */
  readonly off?: string;
};

export class Alerts {
  readonly book: AlertBook;
  readonly outbox: AlertOutbox;
  readonly #options: AlertsOptions;
  readonly #events: AlertEvents;
  readonly #outcry: Outcry;
  readonly #status = new Map<string, RuleStatus>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  private constructor(options: AlertsOptions, parts: { book: AlertBook; outbox: AlertOutbox; events: AlertEvents }) {
    this.#options = options;
    this.book = parts.book;
    this.outbox = parts.outbox;
    this.#events = parts.events;
    this.#outcry = new Outcry(options.channels);
    for (const { name, title, severity } of options.rules) this.#status.set(name, { name, title, severity });
  }

  static async open(options: AlertsOptions): Promise<Alerts> {
    const { store, now, channels, health, log, rules, random } = options;
    const outbox = await AlertOutbox.open({
      store,
      channels,
      now,
      health,
      log,
      ...(random !== undefined && { random }),
    });
    const events = await AlertEvents.open(options);
    const book = await AlertBook.open({
      store,
      now,
      health,
      outgoing: (change) => [...outbox.writes(change), events.write(change)],
      onChanges: (changes) => {
        outbox.take(changes);
        events.take(changes);
      },
    });
    for (const rule of rules) await recall(store, rule);
    return new Alerts(options, { book, outbox, events });
  }

  start(): void {
    this.outbox.start();
    this.#loop ??= this.#goOn();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.outbox.stop();
  }

  /** Between two looks. */
  get intervalMs(): number {
    return this.#options.intervalMs ?? INTERVAL_MS;
  }

  rules(): readonly RuleStatus[] {
    return [...this.#status.values()];
  }

  channels(): readonly Channel[] {
    return this.#options.channels;
  }

  /** Tells every channel a test. @returns what each made of it, by its name */
  test(by: Hand): Promise<ReadonlyMap<string, Reception>> {
    const at = this.#options.now();
    const title = "this is a test";
    const detail = `${by.source} asked whether this channel is heard`;
    const subject = "alerts";
    return this.outbox.try(fired({ rule: "test", subject, title, severity: "critical", detail }, at));
  }

  /** Has every rule judge once, and tells what changed. */
  async evaluate(): Promise<void> {
    try {
      await this.#judgeAll();
    } finally {
      // Receivers that forget what they are not told again would take it for over while nothing can be written down.
      await this.#refresh();
    }
  }

  async #judgeAll(): Promise<void> {
    const { look, rules } = this.#options;
    const facts = await look();
    for (const rule of rules) {
      this.#stopping.signal.throwIfAborted();
      await this.#judge(rule, facts);
    }
    this.#reportUnjudged(facts.now);
    await this.#keepLearned();
    await this.#tellLedger();
  }

  /** A ledger that takes no events keeps no people from being told. */
  async #tellLedger(): Promise<void> {
    const { health } = this.#options;
    try {
      await this.#events.tell();
      health.report("alerts/ledger", undefined);
    } catch (error) {
      health.report("alerts/ledger", UNTOLD, error);
    }
  }

  async #refresh(): Promise<void> {
    const { channels, now } = this.#options;
    const { signal } = this.#stopping;
    const firing = this.book.firing().filter((alert) => !isSilenced(alert, now()));
    await Promise.all(channels.map((channel) => channel.refresh?.(firing, signal).catch(() => undefined)));
  }

  async #goOn(): Promise<void> {
    const { signal } = this.#stopping;
    const { health, now } = this.#options;
    while (!signal.aborted) {
      try {
        await this.evaluate();
        health.report("alerts", undefined);
        this.#outcry.end();
      } catch (error) {
        if (signal.aborted) return;
        health.report("alerts", FAILING, error);
        await this.#outcry.raise(FAILING, health.conditions(), now(), signal);
      }
      await delay(this.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #judge(rule: Rule, facts: Facts): Promise<void> {
    const { name } = rule;
    const status = this.#status.get(name) as RuleStatus;
    const judgement = await this.#judgementOf(rule, facts);
    if (judgement === "unknown") {
      this.#status.set(name, { ...status, unknownSince: status.unknownSince ?? facts.now });
      return;
    }
    const { title, severity } = rule;
    if ("off" in judgement) {
      this.#status.set(name, { name, title, severity, off: judgement.off });
      return;
    }
    this.#status.set(name, { name, title, severity, judgedAt: facts.now });
    await this.book.settle(rule, judgement);
  }

  async #judgementOf(rule: Rule, facts: Facts): Promise<RuleJudgement | TurnedOff> {
    try {
      return await rule.judge(facts, (subject) => this.book.isFiring(rule.name, subject));
    } catch (err) {
      this.#options.log.warn({ err, rule: rule.name }, "a rule of alerts failed");
      return "unknown";
    }
  }

  #reportUnjudged(now: number): void {
    const blind = this.rules().filter(({ unknownSince = now }) => now - unknownSince >= UNJUDGED_MS);
    const detail = `for ${spellSpan(UNJUDGED_MS)} and more nobody could find out about: ${blind.map(({ title }) => title).join("; ")}`;
    this.#options.health.report(
      "alerts/rules",
      blind.length === 0 ? undefined : { code: "alerts_unjudged", detail, isNotice: true },
    );
  }

  async #keepLearned(): Promise<void> {
    const { rules, store } = this.#options;
    const writes = rules.flatMap((rule): RecordWrite[] =>
      (rule.learned?.() ?? []).map(([subject, value]) => ({
        space: LEARNED_SPACE,
        key: learnedKey(rule, subject),
        value,
      })),
    );
    // A crash forgets some minutes of what was learned in weeks.
    if (writes.length > 0) await store.writeRecords(writes, { durable: false });
  }
}

const FAILING: Condition = {
  code: "alerts_failing",
  detail: "alerts cannot be looked for or written down: nobody is told what goes wrong; see the log",
};
const UNTOLD: Condition = {
  code: "alerts_untold",
  detail: "the ledger takes no events about alerts; they are kept and told later, and channels are told all the same",
  isNotice: true,
};

function learnedKey({ name }: Rule, subject: string): string {
  return JSON.stringify([name, subject]);
}

async function recall(store: AlertsOptions["store"], rule: Rule): Promise<void> {
  if (rule.recall === undefined) return;
  for await (const [key, text] of store.records(LEARNED_SPACE, { onDamaged: () => undefined })) {
    const [name, subject] = readJson(key) as [string, string];
    if (name === rule.name) rule.recall(subject, text);
  }
}
