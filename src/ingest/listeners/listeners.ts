/** The listeners for syslog of a service: opened together, closed together. */

import { once } from "node:events";
import type { Server } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Metrics } from "../../metrics.ts";
import type { ListenAddress } from "../../net/listen-address.ts";
import type { ServedCertificate } from "../../net/tls/reload-certificate.ts";
import { DatagramListener } from "./datagram-listener.ts";
import { type ListenerFacts, listenerMetrics } from "./listener-metrics.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";
import { CONNECTIONS_MAX, StreamListener } from "./stream-listener.ts";

export type ListenerSettings = {
  readonly transport: "tcp" | "tls" | "udp";
  readonly address: ListenAddress;
  /** Name of the setting that has the address. */
  readonly setting: string;
  /** Name of the ledger. */
  readonly ledger: string;
  readonly source: string;
  /** Bytes of a message that is read as one. */
  readonly messageBytes: number;
  /** Whether a client's certificate names the source. */
  readonly isNamedByClient: boolean;
};

export type ListenersOptions = Omit<RecorderOptions, "name" | "ledger" | "count"> & {
  readonly ledger: (name: string) => Ledger | undefined;
  readonly metrics: Metrics;
  readonly certificate: ServedCertificate | undefined;
  /** What becomes of client certificates; undefined when none are asked for. */
  readonly clients: "optional" | "required" | undefined;
  /** Until TLS is agreed upon. */
  readonly handshakeMs?: number;
  /** Of each listener. */
  readonly connectionsMax?: number;
  /** What was read is recorded within this time when the service stops; later it is lost. */
  readonly stopMs?: number;
};

/** A listener that is open. */
type Open = ListenerFacts & { readonly recorder: Recorder; close(): Promise<void> };

/** Shorter than what process managers wait. */
const STOP_MS = 6000;
const HANDSHAKE_MS = 10_000;

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #open: Open[] = [];
  readonly #countOf: ReturnType<typeof listenerMetrics>;

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#countOf = listenerMetrics(options.metrics, () => this.#open);
  }

  /**
   * Opens one more.
   * @returns where it listens
   * @throws TypeError for a ledger that there is not; what the system says when it does not let it listen
   */
  async open(settings: ListenerSettings): Promise<ListenAddress> {
    const { transport, address, source, messageBytes, isNamedByClient } = settings;
    const name = `${transport} ${address.host}:${address.port}`;
    const ledger = this.#options.ledger(settings.ledger);
    if (ledger === undefined)
      throw new TypeError(`expected an existing ledger for the syslog listener ${name}, got ${settings.ledger}`);
    const count = this.#countOf(name);
    const recorder = new Recorder({ ...this.#options, name, ledger, count });
    if (transport === "udp") {
      const listener = new DatagramListener({ host: address.host, recorder, source, count });
      listener.socket.bind(address.port, address.host);
      await once(listener.socket, "listening");
      listener.socket.on("error", (err) =>
        this.#options.log.error({ err, listener: name }, "a listener of syslog failed"),
      );
      const { port } = listener.socket.address();
      this.#open.push({
        name,
        recorder,
        connections: 0,
        get waiting() {
          return recorder.waiting;
        },
        dropped: () => listener.dropped(),
        close: () => listener.close(),
      });
      return { host: address.host, port };
    }
    const { log } = this.#options;
    const tls = transport === "tls" ? this.#tlsOptions() : undefined;
    const listener = new StreamListener({
      name,
      recorder,
      source,
      count,
      log,
      tls,
      isNamedByClient,
      messageBytesMax: messageBytes,
      connectionsMax: this.#options.connectionsMax ?? CONNECTIONS_MAX,
    });
    listener.server.listen(address.port, address.host);
    await once(listener.server, "listening");
    listener.server.on("error", (err) => log.error({ err, listener: name }, "a listener of syslog failed"));
    if (tls !== undefined) this.#options.certificate?.follow(listener.server as Server & { setSecureContext(): void });
    this.#open.push({
      name,
      recorder,
      get connections() {
        return listener.connections;
      },
      get waiting() {
        return recorder.waiting;
      },
      close: () => listener.close(),
    });
    const bound = listener.server.address();
    return { host: address.host, port: typeof bound === "object" && bound !== null ? bound.port : address.port };
  }

  /** Reads no more, and records what was read. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map((each) => each.close()));
    await Promise.all(this.#open.map(({ recorder }) => recorder.close(this.#options.stopMs ?? STOP_MS)));
  }

  #tlsOptions(): TlsOptions {
    const { certificate, clients } = this.#options;
    if (certificate === undefined) throw new TypeError("expected a certificate for a listener with TLS, got none");
    return {
      ...certificate.context,
      handshakeTimeout: this.#options.handshakeMs ?? HANDSHAKE_MS,
      requestCert: clients !== undefined,
      rejectUnauthorized: clients === "required",
    };
  }
}
