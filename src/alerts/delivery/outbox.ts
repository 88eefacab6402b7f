/**
 * What channels are still to be told, on the disk from the moment at which an alert changes until the receiver has it: at least once, in the
 * order in which each alert changed. What no receiver took in three days is a dead letter: it is kept and shown, and sent again when
 * somebody asks for it. Pauses are those of Standard Webhooks ("Deliverability and reliability"), a fifth longer or shorter by chance.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Condition, Health } from "../../health.ts";
import { canonicalJson } from "../../json/canonical.ts";
import { readJson } from "../../json/read.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import type { AlertChange } from "../alert.ts";
import { type Channel, isTold, type Reception } from "./channel.ts";

const SPACE = "alert-deliveries";
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Before each further attempt. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
const JITTER = 0.2;
/** What is due later than this was put off by a clock that was ahead. */
const PAUSE_MAX_MS = 24 * HOUR * (1 + JITTER);
const RETRY_AFTER_MAX_MS = HOUR;
/** Failed attempts from which on somebody has to look. */
const WORRYING = 3;
/** Of which the newest are kept. */
const DEAD_MAX = 1000;
/** Of one channel, while it is away; what is older is a dead letter. */
const WAITING_MAX = 10_000;
/** A look at what is due, when nothing else wakes it. */
const LOOK_MS = 5 * SECOND;

/** Times in milliseconds since 1970. */
export type AlertDelivery = {
  readonly channel: string;
  readonly change: AlertChange;
  readonly attempts: number;
  readonly dueAt: number;
  /** Why the last attempt failed. */
  readonly failure?: string;
  /** Since when it is a dead letter. */
  readonly deadAt?: number;
};

export type OutboxOptions = {
  readonly store: Pick<Store, "records" | "writeRecords">;
  readonly channels: readonly Channel[];
  readonly now: () => number;
  readonly health: Health;
  readonly log: { warn(fields: object, message: string): void };
  /** 0 up to 1. */
  readonly random?: () => number;
  readonly waitingMax?: number;
};

export class AlertOutbox {
  readonly #options: OutboxOptions;
  readonly #channels: ReadonlyMap<string, Channel>;
  /** By place, in the order in which changes came. */
  readonly #waiting = new Map<string, AlertDelivery>();
  readonly #dead = new Map<string, AlertDelivery>();
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> | undefined;
  #wake: (() => void) | undefined;

  private constructor(options: OutboxOptions) {
    this.#options = options;
    this.#channels = new Map(options.channels.map((each) => [each.name, each]));
  }

  /** Reads what was not delivered before. */
  static async open(options: OutboxOptions): Promise<AlertOutbox> {
    const outbox = new AlertOutbox(options);
    const read: (readonly [string, AlertDelivery])[] = [];
    for await (const [place, text] of options.store.records(SPACE, { onDamaged: () => undefined })) {
      read.push([place, readJson(text) as AlertDelivery]);
    }
    read.sort(([, a], [, b]) => a.change.at - b.change.at || a.change.alert.changes - b.change.alert.changes);
    for (const [place, delivery] of read) outbox.#put(place, delivery);
    outbox.#report();
    return outbox;
  }

  /** What is to be written with a change. */
  writes(change: AlertChange): readonly RecordWrite[] {
    return this.#for(change).map(([place, delivery]) => writeOf(place, delivery));
  }

  /** Takes on what was written with a change. */
  take(changes: readonly AlertChange[]): void {
    for (const change of changes) for (const [place, delivery] of this.#for(change)) this.#put(place, delivery);
    this.#wake?.();
  }

  start(): void {
    this.#loops ??= Promise.all([...this.#channels.values()].map((channel) => this.#tell(channel)));
  }

  /** Tells what is due now, for so long, where nothing else does. What is not taken is due later. */
  async sendDue(forMs: number): Promise<void> {
    const until = performance.now() + forMs;
    const tell = async (channel: Channel) => {
      for (let due = this.#nextFor(channel); due !== undefined; due = this.#nextFor(channel)) {
        await this.#attempt(channel, ...due);
        if (performance.now() >= until) return;
      }
    };
    await Promise.all([...this.#channels.values()].map(tell));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake?.();
    await this.#loops;
  }

  waiting(): readonly AlertDelivery[] {
    return [...this.#waiting.values()];
  }

  /** The newest first. */
  deadLetters(): readonly AlertDelivery[] {
    return [...this.#dead.values()].reverse();
  }

  /** Tells every channel a change that nobody keeps, once. @returns what each made of it, by its name */
  async try(change: AlertChange): Promise<ReadonlyMap<string, Reception>> {
    const tried = [...this.#channels.values()].map(
      async (channel) => [channel.name, await receive(channel, change, this.#stopping.signal)] as const,
    );
    return new Map(await Promise.all(tried));
  }

  /** Sends all dead letters again. @returns how many */
  async revive(): Promise<number> {
    const { now } = this.#options;
    const revived = [...this.#dead].map(
      ([place, { deadAt: _, ...rest }]) => [place, { ...rest, attempts: 0, dueAt: now() }] as const,
    );
    await this.#write(revived.map(([place, delivery]) => writeOf(place, delivery)));
    for (const [place, delivery] of revived) {
      this.#dead.delete(place);
      this.#put(place, delivery);
    }
    this.#report();
    this.#wake?.();
    return revived.length;
  }

  #for(change: AlertChange): (readonly [string, AlertDelivery])[] {
    return this.#options.channels
      .filter((channel) => isTold(channel, change))
      .map(({ name }) => [`${change.id}/${name}`, { channel: name, change, attempts: 0, dueAt: change.at }] as const);
  }

  #put(place: string, delivery: AlertDelivery): void {
    (delivery.deadAt === undefined ? this.#waiting : this.#dead).set(place, delivery);
  }

  async #tell(channel: Channel): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const due = this.#nextFor(channel);
      if (due === undefined) await this.#rest();
      else await this.#attempt(channel, ...due);
    }
  }

  /** The first that is due; what an alert became later waits for what it was before. */
  #nextFor({ name }: Channel): [string, AlertDelivery] | undefined {
    const now = this.#options.now();
    const before = new Set<string>();
    for (const [place, delivery] of this.#waiting) {
      if (delivery.channel !== name) continue;
      const { id } = delivery.change.alert;
      const isDue = delivery.dueAt <= now || delivery.dueAt > now + PAUSE_MAX_MS;
      if (isDue && !before.has(id)) return [place, delivery];
      before.add(id);
    }
    return undefined;
  }

  async #rest(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      const wake = this.#wake;
      this.#wake = () => {
        wake?.();
        resolve();
      };
    });
    await Promise.race([
      woken,
      delay(LOOK_MS, undefined, { ref: false, signal: this.#stopping.signal }).catch(() => undefined),
    ]);
  }

  async #attempt(channel: Channel, place: string, delivery: AlertDelivery): Promise<void> {
    const { now, log } = this.#options;
    const reception = await receive(channel, delivery.change, this.#stopping.signal);
    if (this.#stopping.signal.aborted && !reception.isTaken) return;
    const next = reception.isTaken ? undefined : this.#afterFailure(delivery, reception, now());
    // One that goes on waiting keeps its place: what came after it is not told before it.
    if (next?.deadAt !== undefined || next === undefined) this.#waiting.delete(place);
    if (next !== undefined) this.#put(place, next);
    if (next?.deadAt !== undefined) {
      log.warn(
        { channel: channel.name, alert: delivery.change.alert.id, reason: next.failure },
        "an alert was not delivered, and is a dead letter",
      );
    }
    const crowded = next === undefined ? [] : this.#endOldWaiting(channel, now());
    this.#report();
    const dropped = this.#dropOldDead();
    // Where it cannot be written down it is sent once more after a start, which its receiver recognises.
    await this.#write([writeOf(place, next), ...crowded, ...dropped]).catch(() => undefined);
  }

  #afterFailure(delivery: AlertDelivery, reception: Exclude<Reception, { isTaken: true }>, now: number): AlertDelivery {
    const { random = Math.random } = this.#options;
    const { reason, isFinal = false, retryAfterMs = 0 } = reception;
    const attempts = delivery.attempts + 1;
    const pause = PAUSES_MS[attempts - 1];
    const failed = { ...delivery, attempts, failure: reason };
    if (isFinal || pause === undefined) return { ...failed, deadAt: now };
    const jittered = pause * (1 + JITTER * (2 * random() - 1));
    return { ...failed, dueAt: now + Math.round(Math.max(jittered, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS))) };
  }

  /** While a receiver is away for days, alerts may come and go without an end. */
  #endOldWaiting({ name }: Channel, now: number): RecordWrite[] {
    const { waitingMax = WAITING_MAX, log } = this.#options;
    const waiting = [...this.#waiting].filter(([, { channel }]) => channel === name);
    const old = waiting.slice(0, Math.max(0, waiting.length - waitingMax));
    if (old.length === 0) return [];
    log.warn(
      { channel: name, count: old.length },
      "more waits for a channel than is kept: the oldest are dead letters",
    );
    return old.map(([place, delivery]) => {
      const dead = { ...delivery, failure: delivery.failure ?? "it was away for too long", deadAt: now };
      this.#waiting.delete(place);
      this.#put(place, dead);
      return writeOf(place, dead);
    });
  }

  #dropOldDead(): RecordWrite[] {
    const old = [...this.#dead.keys()].slice(0, Math.max(0, this.#dead.size - DEAD_MAX));
    for (const place of old) this.#dead.delete(place);
    return old.map((place) => writeOf(place, undefined));
  }

  #write(writes: readonly RecordWrite[]): Promise<void> {
    return this.#options.store.writeRecords(writes, { durable: true });
  }

  #report(): void {
    const worrying = [...this.#waiting.values()].filter(({ attempts }) => attempts >= WORRYING);
    const names = new Set([...worrying, ...this.#dead.values()].map(({ channel }) => channel));
    this.#options.health.report("alerts/delivery", names.size === 0 ? undefined : undelivered([...names]));
  }
}

function undelivered(channels: readonly string[]): Condition {
  return {
    code: "alerts_undelivered",
    detail: `alerts are not taken by ${channels.toSorted().join(", ")}: see \`holdfast alerts deliveries\`, mend what is wrong, then \`holdfast alerts resend\``,
    isNotice: true,
  };
}

function writeOf(place: string, delivery: AlertDelivery | undefined): RecordWrite {
  return { space: SPACE, key: place, value: delivery === undefined ? undefined : canonicalJson(delivery) };
}

/** @returns what the receiver made of it */
async function receive(channel: Channel, change: AlertChange, stopping: AbortSignal): Promise<Reception> {
  try {
    return await channel.send(change, stopping);
  } catch (error) {
    return { isTaken: false, reason: (error as Error).message };
  }
}
