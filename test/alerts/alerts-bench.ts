/** Alerts over a store in memory, with a clock, facts and a channel that tests move. */

import type { AlertChange } from "../../src/alerts/alert.ts";
import { Alerts, type AlertsOptions } from "../../src/alerts/alerts.ts";
import type { Channel, Reception } from "../../src/alerts/delivery/channel.ts";
import type { Facts } from "../../src/alerts/facts.ts";
import type { Rule } from "../../src/alerts/rule.ts";
import { Health } from "../../src/health.ts";
import type { OwnEvent } from "../../src/ledger/own-event.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { MemoryStore } from "../store/memory-store.ts";

export const BEGIN = Date.UTC(2026, 0, 4);
export const MINUTE = 60_000;
export const TAKEN: Reception = { isTaken: true };

/** A channel that keeps what it is told, and answers as the test says. */
export class KeepingChannel implements Channel {
  readonly kind = "kept";
  readonly name: string;
  readonly from = "notice";
  readonly told: AlertChange[] = [];
  answer: (change: AlertChange) => Reception | Promise<Reception> = () => TAKEN;

  constructor(name = "kept") {
    this.name = name;
  }

  async send(change: AlertChange): Promise<Reception> {
    const reception = await this.answer(change);
    if (reception.isTaken) this.told.push(change);
    return reception;
  }
}

/** A ledger that knows again what it was told under the same key. */
export class ToldOnce {
  readonly events = new Map<string, OwnEvent>();

  append(event: OwnEvent): Promise<void> {
    this.events.set(event.idempotencyKey, event);
    return Promise.resolve();
  }
}

export type AlertsBench = {
  readonly clock: { now: number };
  readonly facts: { [K in keyof Facts]?: Facts[K] };
  readonly channel: KeepingChannel;
  readonly ledger: ToldOnce;
  readonly health: Health;
  readonly store: MemoryStore;
  readonly open: (more?: Partial<AlertsOptions>) => Promise<Alerts>;
};

export function alertsBench(): AlertsBench {
  const clock = { now: BEGIN };
  const facts: AlertsBench["facts"] = {};
  const channel = new KeepingChannel();
  const ledger = new ToldOnce();
  const health = new Health();
  const store = new MemoryStore();
  const look = (): Promise<Facts> =>
    Promise.resolve({ conditions: [], countEvents: () => Promise.resolve(0), ...facts, now: clock.now });
  const open = (more: Partial<AlertsOptions> = {}) =>
    Alerts.open({
      store,
      rules: [],
      channels: [channel],
      look,
      ledger: () => ledger,
      now: () => clock.now,
      health,
      log: { warn: () => undefined },
      hash: keccak256,
      salts: (n) => new Uint8Array(16 * n),
      random: () => 0.5,
      ...more,
    });
  return { clock, facts, channel, ledger, health, store, open };
}

/** What there is at a look, so long after the beginning. */
export type Look = Partial<Facts> & { readonly after: number };

/** @returns what is told after some looks, one after another, as kind, severity and subject of each change */
export async function told(rule: Rule, ...looks: readonly Look[]): Promise<string[]> {
  const { open, clock, facts, channel } = alertsBench();
  const alerts = await open({ rules: [rule] });
  for (const { after, ...more } of looks) {
    clock.now = BEGIN + after;
    Object.assign(facts, more);
    await alerts.evaluate();
  }
  alerts.outbox.start();
  while (alerts.outbox.waiting().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await alerts.stop();
  return channel.told.map(({ kind, alert }) => `${kind} ${alert.severity} ${alert.subject}`);
}
