/** Alerts of a service as it is configured: which rules judge, who is told, and where it is looked. */

import { ACCESS_LEDGER } from "../../access/access.ts";
import { Alerts } from "../../alerts/alerts.ts";
import { localHourOfWeek } from "../../alerts/learned/week.ts";
import type { Rule } from "../../alerts/rule.ts";
import { EndedKeyUsed } from "../../alerts/rules/access/ended-key-used.ts";
import { NewAddress } from "../../alerts/rules/access/new-address.ts";
import { ReadingUnusual } from "../../alerts/rules/access/reading-unusual.ts";
import { RefusedOften } from "../../alerts/rules/access/refused-often.ts";
import { AnchorLag } from "../../alerts/rules/anchor-lag.ts";
import { ClockSkew } from "../../alerts/rules/clock-skew.ts";
import { ConditionHolds } from "../../alerts/rules/condition-holds.ts";
import { DiskFilling } from "../../alerts/rules/disk-filling.ts";
import { EventsFound } from "../../alerts/rules/events-found.ts";
import { IdempotencyConflict } from "../../alerts/rules/idempotency-conflict.ts";
import { IntentsOpen } from "../../alerts/rules/intents-open.ts";
import { LedgerAudited } from "../../alerts/rules/ledgers/ledger-audited.ts";
import { RetentionHeldUp } from "../../alerts/rules/ledgers/retention-held-up.ts";
import { QuarantineRate } from "../../alerts/rules/quarantine-rate.ts";
import { SequenceComplete } from "../../alerts/rules/sequence-complete.ts";
import { SourceSilent } from "../../alerts/rules/source-silent.ts";
import { SourceVolume } from "../../alerts/rules/source-volume.ts";
import { WatcherBlind } from "../../alerts/rules/watchers/watcher-blind.ts";
import { WatcherContradicts } from "../../alerts/rules/watchers/watcher-contradicts.ts";
import { WatcherSilent } from "../../alerts/rules/watchers/watcher-silent.ts";
import { filterOfText } from "../../http/routes/events/filter-text.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Recording } from "../../ledger/own-event.ts";
import type { LedgerRegistry } from "../../ledger/registry.ts";
import type { Log } from "../../log.ts";
import type { Store } from "../../store/store.ts";
import type { AlertsConfig } from "../settings/alert-settings.ts";
import { ConfigError } from "../settings/setting-errors.ts";
import { LookAround, type Surroundings } from "./look-around.ts";
import { openChannels } from "./open-channels.ts";

/** Bursts that are looked for from the start. */
const DENIED = { withinMs: 300_000, atLeast: 50 };

export type AlertParts = Surroundings &
  Recording & {
    readonly store: Store;
    readonly registry: Pick<LedgerRegistry, "get" | "list">;
    readonly log: Log;
    /** Name of the ledger that is told where there is no access ledger. */
    readonly ledger: string;
  };

/** @returns undefined where nobody wants alerts */
export async function openAlerts(config: AlertsConfig, parts: AlertParts): Promise<Alerts | undefined> {
  if (config === undefined) return undefined;
  const { store, hash, salts, now, health, log, registry } = parts;
  const around = new LookAround(parts);
  return Alerts.open({
    store,
    hash,
    salts,
    now,
    health,
    log,
    rules: rulesOf(config, () => registry.list().map(({ record }) => record.name)),
    channels: openChannels(config.channels, process.env, now),
    look: () => around.look(),
    ledger: () => toldLedger(registry, parts.ledger),
    intervalMs: config.intervalS * 1000,
  });
}

/** That of accesses, else the first one of the service; none that is to be read. */
export function toldLedger(registry: Pick<LedgerRegistry, "get">, first: string): Ledger | undefined {
  const found = [ACCESS_LEDGER, first].map((name) => registry.get(name));
  return found.find((ledger) => ledger !== undefined && ledger.record.readOnly !== true);
}

/** @throws ConfigError for a rule that there is none of, and for a filter that no search would be made with */
function rulesOf(config: Exclude<AlertsConfig, undefined>, all: () => readonly string[]): Rule[] {
  const { silentAfterS, searches, without } = config;
  const expected = Object.entries(silentAfterS).map(
    ([source, s]) => [source, s === "never" ? "off" : s * 1000] as const,
  );
  const rules: Rule[] = [
    new SourceSilent(localHourOfWeek, Object.fromEntries(expected)),
    new SourceVolume(localHourOfWeek),
    new QuarantineRate(),
    new ClockSkew(),
    new IdempotencyConflict(),
    new SequenceComplete(),
    new IntentsOpen(),
    new EventsFound({
      ...DENIED,
      name: "denied_burst",
      title: "much is denied",
      severity: "warning",
      ledgers: all,
      filter: "outcome=denied",
    }),
    new EventsFound({
      ...DENIED,
      name: "failed_burst",
      title: "much fails",
      severity: "warning",
      ledgers: all,
      filter: "outcome=failure",
    }),
    new EndedKeyUsed(),
    new NewAddress(),
    new ReadingUnusual(localHourOfWeek),
    new RefusedOften(),
    new AnchorLag(),
    new LedgerAudited(),
    new RetentionHeldUp(),
    new DiskFilling(),
    new ConditionHolds(),
    new WatcherSilent(),
    new WatcherContradicts(),
    new WatcherBlind(),
  ];
  const names = rules.map(({ name }) => name);
  for (const [i, { ledger, withinS, filter, name, ...rest }] of searches.entries()) {
    if (names.includes(name)) throw new ConfigError(`"alerts.searches": expected a name that no rule has, got ${name}`);
    try {
      filterOfText(filter);
    } catch (error) {
      throw new ConfigError(`"alerts.searches[${i}].filter": ${(error as Error).message}`);
    }
    const ledgers = ledger === undefined ? all : () => [ledger];
    rules.push(new EventsFound({ ...rest, name, filter, ledgers, withinMs: withinS * 1000 }));
  }
  const unknown = without.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(`"alerts.without": expected some of ${names.join(", ")}, got ${unknown}`);
  return rules.map((rule) => (without.includes(rule.name) ? unwanted(rule) : rule));
}

/** Stays in the list: who turns a rule off cannot have its silence taken for good. */
function unwanted({ name, title, severity }: Rule): Rule {
  return { name, title, severity, judge: () => ({ off: 'the setting "alerts.without" names it' }) };
}
