/**
 * Every alert, and what becomes of it. A change is on the disk, with all that it is still to be told to, before anybody is told: an
 * alert that fired is delivered also when the service is killed in between.
 *
 *   nothing ── found wrong ──▶ firing ── not found any more, twice ──▶ resolved
 *                              │  ▲
 *                              │  └ found worse: told again
 *                              └ acknowledged, silenced: told, and it goes on firing
 *
 * What is found wrong again after it was resolved is another alert.
 */

import type { Condition, Health } from "../health.ts";
import { Turn } from "../store/mutex.ts";
import type { RecordWrite, Store } from "../store/store.ts";
import {
  ALERT_SPACE,
  type Alert,
  type AlertChange,
  type AlertChangeKind,
  alertForgotten,
  alertWrite,
  changed,
  fired,
  type Hand,
  isFiring,
  readAlert,
  troubleKey,
} from "./alert.ts";
import { AlertError } from "./alert-error.ts";
import { type Rule, SEVERITIES, type Severity, type Trouble } from "./rule.ts";

/** Looks in a row that have to find nothing: what comes and goes is one alert. */
const CLEAR_LOOKS = 2;
/** Alerts that fire at once; critical ones have room beside those, or a flood of lesser ones would hide what is worse. */
const FIRING_MAX = 1000;
const CRITICAL_MAX = 2000;
/** Alerts that are over, of which the newest are kept; they are events of a ledger besides. */
const OVER_MAX = 1000;
const SILENCE_MAX_MS = 366 * 86_400_000;

const TOO_MANY: Condition = {
  code: "alerts_too_many",
  detail: `${FIRING_MAX} alerts fire at once, and of what is found wrong besides only what is critical is told, up to ${CRITICAL_MAX} in all: look into those`,
};

/** Everything that a change is told to, written with it. */
export type Outgoing = (change: AlertChange) => readonly RecordWrite[];

export type AlertBookOptions = {
  readonly store: Pick<Store, "records" | "writeRecords">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly health?: Health;
  readonly outgoing: Outgoing;
  /** Looks in a row that have to find nothing before an alert is over; two when absent. */
  readonly clearLooks?: number;
  /** Called when changes are on the disk. */
  readonly onChanges: (changes: readonly AlertChange[]) => void;
};

export class AlertBook {
  readonly #options: AlertBookOptions;
  readonly #firing = new Map<string, Alert>();
  /** Oldest first. */
  #over: Alert[] = [];
  readonly #clearLooks = new Map<string, number>();
  readonly #turn = new Turn();

  private constructor(options: AlertBookOptions) {
    this.#options = options;
  }

  static async open(options: AlertBookOptions): Promise<AlertBook> {
    const book = new AlertBook(options);
    const onDamaged = (): void => undefined;
    for await (const [, text] of options.store.records(ALERT_SPACE, { onDamaged })) {
      const alert = readable(text);
      if (alert === undefined) continue;
      if (isFiring(alert)) book.#firing.set(troubleKey(alert), alert);
      else book.#over.push(alert);
    }
    book.#over.sort((a, b) => (a.resolvedAt ?? 0) - (b.resolvedAt ?? 0));
    return book;
  }

  /** Those that fire, the worst and newest first. */
  firing(): readonly Alert[] {
    return [...this.#firing.values()].sort(
      (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.firedAt - a.firedAt,
    );
  }

  /** Those that are over, the newest first. */
  over(): readonly Alert[] {
    return this.#over.toReversed();
  }

  get(id: string): Alert | undefined {
    return [...this.#firing.values(), ...this.#over].find((alert) => alert.id === id);
  }

  isFiring(rule: string, subject: string): boolean {
    return this.#firing.has(troubleKey({ rule, subject }));
  }

  /**
   * Compares what a rule finds wrong now with what fires, and tells what changed.
   * @returns what changed, when it is on the disk
   */
  settle(
    rule: Pick<Rule, "name" | "title" | "severity">,
    troubles: readonly Trouble[],
  ): Promise<readonly AlertChange[]> {
    return this.#turn.take(async () => {
      const now = this.#options.now();
      const found = new Set<string>();
      const changes: AlertChange[] = [];
      let firing = this.#firing.size;
      let isCrowded = false;
      for (const trouble of troubles) {
        const key = troubleKey({ rule: rule.name, subject: trouble.subject });
        found.add(key);
        if (!this.#firing.has(key)) {
          const isCritical = (trouble.severity ?? rule.severity) === "critical";
          if (firing >= (isCritical ? CRITICAL_MAX : FIRING_MAX)) {
            isCrowded = true;
            continue;
          }
          firing++;
        }
        const change = this.#found(key, rule, trouble, now);
        if (change !== undefined) changes.push(change);
      }
      for (const [key, alert] of this.#firing) {
        if (alert.rule !== rule.name || found.has(key)) continue;
        const looks = (this.#clearLooks.get(key) ?? 0) + 1;
        this.#clearLooks.set(key, looks);
        if (looks >= (this.#options.clearLooks ?? CLEAR_LOOKS))
          changes.push(changed({ ...alert, resolvedAt: now }, "resolved", now));
      }
      this.#options.health?.report(`alerts/room/${rule.name}`, isCrowded ? TOO_MANY : undefined);
      await this.#keep(changes);
      return changes;
    });
  }

  /** @throws AlertError unknown, over */
  acknowledge(id: string, by: Hand, note?: string): Promise<Alert> {
    return this.#byHand(id, "acknowledged", (alert, at) => ({
      ...alert,
      acknowledged: { ...by, at, ...(note !== undefined && { note }) },
    }));
  }

  /** Nobody is told of it until then. @throws AlertError unknown, over, time_invalid */
  silence(id: string, until: number, by: Hand, note?: string): Promise<Alert> {
    return this.#byHand(id, "silenced", (alert, at) => {
      if (until <= at || until > at + SILENCE_MAX_MS)
        throw new AlertError("time_invalid", "expected a time within a year from now");
      return { ...alert, silenced: { ...by, at, until, ...(note !== undefined && { note }) } };
    });
  }

  #found(key: string, rule: Pick<Rule, "name" | "title" | "severity">, trouble: Trouble, now: number) {
    const severity = trouble.severity ?? rule.severity;
    const known = this.#firing.get(key);
    this.#clearLooks.delete(key);
    if (known === undefined) {
      const { subject, detail } = trouble;
      return fired({ rule: rule.name, subject, title: rule.title, severity, detail }, now);
    }
    const seen = { ...known, detail: trouble.detail, seenAt: now };
    if (isWorse(severity, known.severity)) return changed({ ...seen, severity }, "worsened", now);
    // How it is seen is not worth a write each minute: after a start the next look sees it again.
    this.#firing.set(key, { ...seen, severity });
    return undefined;
  }

  #byHand(id: string, kind: AlertChangeKind, change: (alert: Alert, at: number) => Alert): Promise<Alert> {
    return this.#turn.take(async () => {
      const at = this.#options.now();
      const alert = this.get(id);
      if (alert === undefined) throw new AlertError("unknown", `there is no alert ${id}`);
      if (!isFiring(alert)) throw new AlertError("over", `the alert ${id} is over`);
      const done = changed(change(alert, at), kind, at);
      await this.#keep([done]);
      return done.alert;
    });
  }

  /** Writes changes down with all that they are still to be told to; only then they have happened. */
  async #keep(changes: readonly AlertChange[]): Promise<void> {
    if (changes.length === 0) return;
    const { store, outgoing, onChanges } = this.#options;
    const resolved = changes.filter(({ kind }) => kind === "resolved").map(({ alert }) => alert);
    const over = [...this.#over, ...resolved];
    const forgotten = over.slice(0, Math.max(0, over.length - OVER_MAX));
    const writes = changes.flatMap((change) => [alertWrite(change.alert), ...outgoing(change)]);
    await store.writeRecords([...writes, ...forgotten.map(alertForgotten)], { durable: true });
    this.#over = over.slice(forgotten.length);
    for (const { alert } of changes) {
      const key = troubleKey(alert);
      if (isFiring(alert)) this.#firing.set(key, alert);
      else {
        this.#firing.delete(key);
        this.#clearLooks.delete(key);
      }
    }
    onChanges(changes);
  }
}

function isWorse(severity: Severity, than: Severity): boolean {
  return SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(than);
}

function readable(text: string): Alert | undefined {
  try {
    return readAlert(text);
  } catch {
    return undefined;
  }
}
