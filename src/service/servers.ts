/** The servers of a service, one at each address where it listens, with TLS and without. */

import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "../health.ts";
import { closeServer, createServer, openConnections, type Server } from "../http/server.ts";
import type { HttpLimits, Services } from "../http/services.ts";
import { Listeners, type ListenersOptions } from "../ingest/listeners/listeners.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { hostInUrl, type ListenAddress } from "../net/listen-address.ts";
import { ServedCertificate } from "../net/tls/reload-certificate.ts";
import type { Config } from "./config.ts";
import type { Listening } from "./listening.ts";
import type { OpenedParts } from "./opening/opened-parts.ts";

/** Requests that have begun may take this long when the service stops; process managers kill after 10 s. */
const STOP_MS = 8000;

/** Somebody else listens at an address that was set. */
export class AddressTakenError extends Error {
  override readonly name = "AddressTakenError";
  readonly code = "address_taken";
  readonly setting: string;
  readonly address: ListenAddress;

  constructor(setting: string, address: ListenAddress, cause: unknown) {
    super(`expected to listen at ${hostInUrl(address.host)}:${address.port} (${setting}), which is in use`, { cause });
    this.setting = setting;
    this.address = address;
  }
}

/** Opens the listeners for syslog. @returns what they are, for people. @throws AddressTakenError */
export async function openListeners(
  { syslog, tls }: Pick<Config, "syslog" | "tls">,
  opened: OpenedParts,
  options: Omit<ListenersOptions, "clients">,
): Promise<readonly string[]> {
  const clients = tls?.clientCa === undefined ? undefined : tls.clients;
  const listeners = opened.adopt(new Listeners({ ...options, clients }), (each) => each.close());
  const told: string[] = [];
  for (const settings of syslog) {
    try {
      const { host, port } = await listeners.open(settings);
      told.push(`${settings.transport} ${hostInUrl(host)}:${port}`);
    } catch (error) {
      throw takenError(settings.setting, settings.address, error);
    }
  }
  return told;
}

function takenError(setting: string, address: ListenAddress, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EADDRINUSE" ? new AddressTakenError(setting, address, error) : error;
}

type CertificateParts = {
  readonly opened: OpenedParts;
  readonly log: Log;
  readonly health: Health;
};

/** The certificate that the service shows, if it speaks TLS anywhere. @throws CertificateError */
export async function openCertificate(
  { tls }: Listening,
  { opened, log, health }: CertificateParts,
): Promise<ServedCertificate | undefined> {
  if (tls === undefined) return undefined;
  return opened.adopt(await ServedCertificate.open({ files: tls, health, log }), (each) => each.stop());
}

export type ServersOptions = {
  readonly config: Listening;
  readonly certificate: ServedCertificate | undefined;
  readonly limits: HttpLimits;
  readonly telling: Pick<Services, "metrics" | "log">;
  readonly opened: OpenedParts;
};

/**
 * Starts a server at each address.
 * @returns their URLs, the one of plain HTTP first
 * @throws AddressTakenError
 */
export async function openServers(app: RequestListener, options: ServersOptions): Promise<readonly string[]> {
  const { config, certificate, limits, telling, opened } = options;
  const { http, https, tls } = config;
  const parts = { ...telling, connections: openConnections(limits, telling) };
  const urls: string[] = [];
  if (http !== undefined) {
    const server = createServer(app, limits, parts);
    urls.push(`http://${await listen(server, http, "HOLDFAST_LISTEN")}`);
    opened.adopt(server, (each) => closeServer(each, STOP_MS));
  }
  if (certificate !== undefined) registerCertificate(telling.metrics, certificate);
  if (https !== undefined && certificate !== undefined) {
    const clients = tls?.clientCa === undefined ? undefined : tls.clients;
    const secure = { context: certificate.context, clients };
    const server = createServer(app, limits, { ...parts, secure });
    certificate.follow(server as Extract<Server, { setSecureContext: unknown }>);
    urls.push(`https://${await listen(server, https, "HOLDFAST_TLS_LISTEN")}`);
    opened.adopt(server, (each) => closeServer(each, STOP_MS));
  }
  return urls;
}

function registerCertificate(metrics: Metrics, certificate: ServedCertificate): void {
  const help = "When the certificate that is shown ends, seconds since 1970";
  metrics.gauge({ name: "tls_certificate_end_seconds", help }, () => [
    { labels: {}, value: Math.floor(certificate.endsAt / 1000) },
  ]);
}

function listen(server: Server, address: ListenAddress, setting: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(takenError(setting, address, error)));
    server.listen(address.port, address.host, () => {
      server.removeAllListeners("error");
      const bound = server.address() as AddressInfo;
      resolve(`${hostInUrl(bound.address)}:${bound.port}`);
    });
  });
}
