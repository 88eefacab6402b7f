/** What is counted of listeners, each under its name. */

import type { Metrics } from "../../metrics.ts";

export type CountListened = {
  recorded(counted: { readonly recorded: number; readonly quarantined: number; readonly bytes: number }): void;
  /** Connections that were not taken, or datagrams that there was no room for. */
  refused(what: "connection" | "datagram"): void;
};

/** A listener as it is now. */
export type ListenerFacts = {
  readonly name: string;
  readonly connections: number;
  readonly waiting: number;
  /** Datagrams that the system dropped, where it tells. */
  readonly dropped?: () => Promise<number | undefined>;
};

/** Registers the metrics of all listeners. @returns counters for one of them, by its name */
export function listenerMetrics(
  metrics: Metrics,
  listeners: () => readonly ListenerFacts[],
): (name: string) => CountListened {
  const labels = ["listener"];
  const messages = metrics.counter({ name: "syslog_messages_total", help: "Messages that were recorded", labels });
  const bytes = metrics.counter({ name: "syslog_bytes_total", help: "Bytes of messages that were recorded", labels });
  const quarantined = metrics.counter({
    name: "syslog_quarantined_total",
    help: "Messages that were recorded and could not be read",
    labels,
  });
  const refused = metrics.counter({
    name: "syslog_refused_total",
    help: "Connections that were not taken, and datagrams that there was no room for",
    labels: ["listener", "what"],
  });
  const gauge = (name: string, help: string, value: (of: ListenerFacts) => number): void =>
    metrics.gauge({ name, help, labels }, () =>
      listeners().map((each) => ({ labels: { listener: each.name }, value: value(each) })),
    );
  gauge("syslog_connections", "Connections of senders", (each) => each.connections);
  gauge("syslog_waiting_messages", "Messages that were read and wait to be recorded", (each) => each.waiting);
  metrics.gauge({ name: "syslog_dropped_datagrams", help: "Datagrams that the system dropped", labels }, async () => {
    const samples = listeners().map(async ({ name, dropped }) => ({ name, value: await dropped?.() }));
    return (await Promise.all(samples)).flatMap(({ name, value }) =>
      value === undefined ? [] : [{ labels: { listener: name }, value }],
    );
  });
  return (listener) => {
    const recorded: CountListened["recorded"] = (counted) => {
      messages({ listener }, counted.recorded);
      bytes({ listener }, counted.bytes);
      quarantined({ listener }, counted.quarantined);
    };
    // From 0 on: of a number that begins with 1 nobody who scrapes sees that it grew.
    recorded({ recorded: 0, quarantined: 0, bytes: 0 });
    for (const what of ["connection", "datagram"] as const) refused({ listener, what }, 0);
    return { recorded, refused: (what) => refused({ listener, what }) };
  };
}
