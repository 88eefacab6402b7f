/** What an operator is told of connections: how many, what they hold, and which had to be ended. */

import type { Sample } from "../../metrics.ts";
import type { Services } from "../services.ts";
import type { Connections, Cut } from "./connections.ts";

/** A crowd of clients that stall is one line of the log, not thousands. */
const SAID_MS = 60_000;

const REASONS: Readonly<Record<Cut, string>> = {
  stalled: "a client did not take its answer and was disconnected",
  late: "a request did not arrive in its time, and the connection was ended",
  crowded: "a connection that did nothing, or that sent its request slowly, was ended, because there was no more room",
  stopping: "a client kept the service from stopping and was disconnected",
  full: "a connection was refused, because all places were taken by others that are being answered",
};

/** Counts connections that were ended or refused, and says so now and then. */
export function tellOfCuts({ metrics, log }: Pick<Services, "metrics" | "log">): (why: Cut) => void {
  const count = metrics.counter({
    name: "http_connections_ended_total",
    help: "Connections that were ended or refused",
    labels: ["reason"],
  });
  const said = new Map<Cut, { at: number; since: number }>();
  return (reason) => {
    count({ reason });
    const now = performance.now();
    const before = said.get(reason);
    if (before !== undefined && now - before.at < SAID_MS) before.since++;
    else {
      log.warn({ reason, ...(before !== undefined && { more: before.since }) }, REASONS[reason]);
      said.set(reason, { at: now, since: 0 });
    }
  };
}

/** The numbers of a server's connections as they are. */
export function registerConnections(metrics: Services["metrics"], connections: Connections): void {
  const each = (name: string, help: string, value: () => number): void =>
    metrics.gauge({ name, help }, (): Sample[] => [{ labels: {}, value: value() }]);
  each("http_connections", "Connections of clients", () => connections.size);
  each("http_answers_held_bytes", "Answers that clients have not taken yet", () => connections.budget.held);
  each("http_reads_working", "Large reads that are worked on", () => connections.turns.working);
  each("http_reads_waiting", "Large reads that wait for their turn", () => connections.turns.waiting);
}
