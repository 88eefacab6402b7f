/** Metrics of a watcher, served to a scraper; they name a ledger and numbers that are public anyway. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostInUrl } from "../../net/listen-address.ts";
import { createProcessMetrics } from "../../process-metrics.ts";
import { CHECKS, type Checks } from "../../watch/checks.ts";
import { disagreements } from "../../watch/claim-text.ts";
import type { WatchState } from "../../watch/memory/state.ts";
import type { ChainSeen } from "../../watch/round-observations.ts";
import { unreachable } from "../terminal/failure.ts";

/** What the newest round left. */
export type Latest = { readonly checks: Checks; readonly state: WatchState; readonly chain: ChainSeen | undefined };

/** Serves GET /metrics. @throws CliError when the address cannot be used */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  ledger: string,
  latest: () => Latest | undefined,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const metrics = createProcessMetrics();
  const one = (name: string, help: string, value: (seen: Latest) => number | undefined): void =>
    metrics.gauge({ name, help, labels: ["ledger"] }, () => {
      const seen = latest();
      const now = seen === undefined ? undefined : value(seen);
      return now === undefined ? [] : [{ labels: { ledger }, value: now }];
    });
  metrics.gauge({ name: "watch_check", help: "-1 bad, 0 unknown, 1 good", labels: ["ledger", "check"] }, () => {
    const checks = latest()?.checks;
    return CHECKS.map((check) => ({ labels: { ledger, check }, value: checks?.[check].mark ?? 0 }));
  });
  one(
    "watch_believed_entries",
    "Size of the newest checkpoint that is believed",
    ({ state }) => state.checkpoint?.size,
  );
  one("watch_open_checkpoints", "Signed checkpoints of which it is not proved how they fit", ({ state }) => {
    return state.open.length;
  });
  one("watch_disagreements", "What nodes say and nothing proves, while it stands", ({ state }) => {
    return disagreements(state).filter(({ ended }) => ended === undefined).length;
  });
  one("watch_anchored_entries", "Size that the contract holds", ({ chain }) => chain?.head.size);
  one("watch_block_timestamp_seconds", "When the node's newest block was made", ({ chain }) => chain?.block.time);
  one("watch_round_timestamp_seconds", "When the last round was", ({ state }) => state.roundAt / 1000);
  one("watch_heard_timestamp_seconds", "When the service last gave a checkpoint", ({ state }) => state.heardAt / 1000);
  const server = createServer((req, res) => {
    if (req.method !== "GET" || req.url !== "/metrics") {
      res.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => res.writeHead(200, { "Content-Type": metrics.contentType }).end(text),
      () => res.writeHead(500).end(),
    );
  });
  await listen(server, host, port);
  const { address, port: bound } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { url: `http://${hostInUrl(address)}:${bound}/metrics`, close };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(unreachable(`Metrics cannot be served: ${cause.message}.`, cause)));
    server.listen(port, host, () => resolve());
  });
}
