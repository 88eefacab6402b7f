/** What the HTTP side counts, and the numbers of the ledgers side by side: recorded, anchored, final, waiting. */

import type { Alert } from "../alerts/alert.ts";
import { groupBy } from "../group-by.ts";
import type { SourceFacts } from "../ingest/sources/source-counts.ts";
import type { Sample } from "../metrics.ts";
import type { ReplyTools } from "./reply.ts";
import type { ChainStatus, Services } from "./services.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Registers the metrics, and returns what counts a request. */
export function registerMetrics(services: Services): ReplyTools["count"] {
  registerLedgers(services);
  registerAccounts(services);
  registerSources(services);
  registerReceived(services);
  registerConditions(services);
  registerAccess(services);
  registerAlerts(services);
  const { metrics } = services;
  const duration = metrics.histogram(
    { name: "http_request_seconds", help: "Time from request to answer", labels: ["route"] },
    SECONDS,
  );
  const answers = metrics.counter({ name: "http_answers_total", help: "Answers", labels: ["route", "status"] });
  const problems = metrics.counter({ name: "http_problems_total", help: "Problems by code", labels: ["code"] });
  return (route, status, seconds, code) => {
    duration({ route }, seconds);
    answers({ route, status: String(status) });
    if (code !== "") problems({ code });
  };
}

/** What anchoring costs, and whether somebody has to look. */
function registerAccounts({ metrics, anchoring }: Services): void {
  type Account = Awaited<ReturnType<typeof anchoring>>[number]["accounts"][number];
  const each = (name: string, help: string, value: (account: Account) => number | undefined): void =>
    metrics.gauge({ name, help, labels: ["chain", "account"] }, async () =>
      (await anchoring()).flatMap(({ chainId, accounts }) =>
        accounts.flatMap((account) => {
          const labels = { chain: String(chainId), account: account.address };
          const found = value(account);
          return found === undefined ? [] : [{ labels, value: found }];
        }),
      ),
    );
  const ether = (wei: string) => Number(wei) / 1e18;
  each("account_balance_ether", "Balance", ({ balanceWei }) =>
    balanceWei === undefined ? undefined : ether(balanceWei),
  );
  each("account_spent_ether", "Fees of all transactions so far", ({ spentTotalWei }) => ether(spentTotalWei));
  each("account_fee_bumps", "Times that a transaction was sent again with a higher fee", ({ bumps }) => bumps);
  each("account_reorgs", "Times that a mined transaction left its block", ({ reorgs }) => reorgs);
  each("account_flights", "Transactions that are on their way or not final", ({ flights }) => flights.length);
  each("account_troubled", "1 when the account cannot go on", ({ note }) => (note === undefined ? 0 : 1));
}

function registerAccess({ metrics, access }: Services): void {
  if (access === undefined) return;
  const help = "Accesses that found no room to be recorded, since the start";
  metrics.gauge({ name: "accesses_unrecorded", help }, () => [{ labels: {}, value: access.unrecorded }]);
}

/** What the service itself tells of, for whoever is told by Prometheus; every rule is there, so that none fires is a number too. */
function registerAlerts({ metrics, alerts }: Services): void {
  if (alerts === undefined) return;
  const { book, outbox } = alerts;
  metrics.gauge({ name: "alerts_firing", help: "Alerts that fire", labels: ["rule", "severity"] }, () => {
    const usual = alerts.rules().map(({ name, severity }) => ({ rule: name, severity }));
    const firing = groupBy(book.firing(), ({ rule, severity }) => `${rule} ${severity}`);
    const found = [...firing.values()].map(([first, ...more]) => ({
      labels: { rule: (first as Alert).rule, severity: (first as Alert).severity },
      value: 1 + more.length,
    }));
    return [...usual.map((labels) => ({ labels, value: 0 })), ...found];
  });
  const help = "Changes of alerts that a channel is still to be told, or did not take";
  metrics.gauge({ name: "alert_deliveries", help, labels: ["channel", "state"] }, () => {
    const states = { waiting: outbox.waiting(), dead: outbox.deadLetters() };
    return alerts.channels().flatMap(({ name: channel }) =>
      Object.entries(states).map(([state, all]) => ({
        labels: { channel, state },
        value: all.filter((each) => each.channel === channel).length,
      })),
    );
  });
}

/** What `/readyz` lists, for alerts. */
function registerConditions({ metrics, health }: Services): void {
  metrics.gauge({ name: "condition", help: "1 while something goes on failing", labels: ["code"] }, () =>
    health.conditions().map(({ code }) => ({ labels: { code }, value: 1 })),
  );
}

/** For alerts on silence: an API key that was never used has no value. */
function registerSources({ metrics, keys, indexer, ledgers }: Services): void {
  metrics.gauge({ name: "key_last_use_seconds", help: "Last use, seconds since 1970", labels: ["key", "source"] }, () =>
    keys.list().flatMap(({ id, source }) => {
      const usedAt = keys.lastUse(id);
      return usedAt === undefined ? [] : [{ labels: { key: id, source }, value: usedAt / 1000 }];
    }),
  );
  metrics.gauge(
    {
      name: "key_refused_uses",
      help: "Requests with a key that is expired or revoked, since the start",
      labels: ["key", "source"],
    },
    () =>
      keys.list().flatMap(({ id, source }) => {
        const refused = keys.refusals(id);
        return refused === undefined ? [] : [{ labels: { key: id, source }, value: refused.count }];
      }),
  );

  metrics.gauge({ name: "searchable_entries", help: "Entries that the index has", labels: ["ledger"] }, () =>
    ledgers.list().map(({ record: { name } }) => ({ labels: { ledger: name }, value: indexer(name)?.watermark ?? 0 })),
  );
}

/** What has come from each source, for alerts on silence, on what cannot be read, and on clocks that are off. */
function registerReceived({ metrics, ledgers, sources }: Services): void {
  const labels = ["ledger", "source", "format", "key"] as const;
  const each = (name: string, help: string, value: (facts: SourceFacts) => number | undefined): void =>
    metrics.gauge({ name, help, labels }, () =>
      ledgers.list().flatMap(({ record }) =>
        sources.list(record.name).flatMap((facts) => {
          const { ledger, source, format, key } = facts;
          const found = value(facts);
          return found === undefined ? [] : [{ labels: { ledger, source, format, key }, value: found }];
        }),
      ),
    );
  each("source_recorded_events", "Events recorded, those that are quarantined included", ({ recorded }) => recorded);
  each(
    "source_quarantined_events",
    "Events recorded as they came, for nothing sure could be made of them",
    (facts) => facts.quarantined,
  );
  each(
    "source_refused_requests",
    "Requests of a known key that were refused for what was in them, so that nothing of them is recorded",
    ({ refused }) => refused,
  );
  each("source_duplicate_events", "Items that had been recorded before", ({ duplicates }) => duplicates);
  each("source_received_bytes", "Bytes of bodies, decompressed", ({ bytes }) => bytes);
  each("source_last_seen_seconds", "When something last came, seconds since 1970", ({ lastSeen }) =>
    lastSeen === undefined ? undefined : lastSeen / 1000,
  );
  each("source_clock_skew_seconds", "Time of receipt less the newest event's own time", ({ skewMs }) =>
    skewMs === undefined ? undefined : skewMs / 1000,
  );
}

function registerLedgers({ metrics, ledgers, chains }: Services): void {
  const each = (name: string, help: string, value: (ledger: ReturnType<typeof ledgers.list>[number]) => number): void =>
    metrics.gauge({ name, help, labels: ["ledger"] }, () =>
      ledgers.list().map((ledger) => ({ labels: { ledger: ledger.record.name }, value: value(ledger) })),
    );
  each("recorded_entries", "Entries recorded", (ledger) => ledger.size);
  each("queue_events", "Events that wait to be recorded", (ledger) => ledger.queue.events);
  each("queue_bytes", "Bytes of events that wait to be recorded", (ledger) => ledger.queue.bytes);
  each("ledger_stopped", "1 when the ledger is stopped", (ledger) => (ledger.stopped ? 1 : 0));
  const onChain = (name: string, help: string, value: (status: ChainStatus) => number): void =>
    metrics.gauge({ name, help, labels: ["ledger", "chain"] }, async () => {
      const samples: Sample[] = [];
      for (const { record } of ledgers.list()) {
        for (const status of await chains(record.id)) {
          const labels = { ledger: record.name, chain: String(status.chainId) };
          samples.push({ labels, value: value(status) });
        }
      }
      return samples;
    });
  onChain("anchored_entries", "Entries that the chain has taken", (status) => status.anchoredSize);
  onChain("final_entries", "Entries whose anchor is final", (status) => status.finalSize);
  onChain("anchor_lag_seconds", "Age of the oldest entry that waits for the chain", (status) => status.lagMs / 1000);
}
