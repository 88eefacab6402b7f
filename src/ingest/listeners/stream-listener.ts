/**
 * Syslog over connections: TCP (RFC 6587) and TLS (RFC 5425). A connection is not read while there is no room, so that its
 * sender waits; it stays open however long nothing comes.
 */

import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Log } from "../../log.ts";
import { FrameSplitter } from "../formats/syslog/frames.ts";
import type { CountListened } from "./listener-metrics.ts";
import type { Origin, Recorder } from "./recorder.ts";
import { SenderPlaces } from "./sender-places.ts";

/** Each may hold a message of the largest size. */
export const CONNECTIONS_MAX = 1000;
/** Finds out about senders that went away without a word. */
const KEEP_ALIVE_MS = 60_000;
/** For what a sender had under way when the service stops. */
const LAST_READ_MS = 500;
/** A crowd of senders is one line of the log. */
const SAID_MS = 60_000;

export type StreamOptions = {
  readonly name: string;
  readonly recorder: Recorder;
  readonly source: string;
  readonly messageBytesMax: number;
  readonly count: CountListened;
  readonly log: Log;
  /** How it speaks TLS. */
  readonly tls?: TlsOptions | undefined;
  /** Whether the source is the name in the certificate that a client shows. */
  readonly isNamedByClient?: boolean;
  readonly connectionsMax: number;
};

/** A socket of TLS knows the one under it; Node's types do not say so. */
type Wrapped = Socket & { readonly _parent?: Socket };

export class StreamListener {
  readonly server: Server;
  readonly #options: StreamOptions;
  readonly #sockets = new Set<Socket>();
  /** Of those under TLS, or of the same. */
  readonly #places: SenderPlaces;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { tls, recorder, connectionsMax } = options;
    this.#places = new SenderPlaces(connectionsMax);
    // A sender that has ended its side is read to the end.
    const common = { allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    if (tls === undefined) this.server = createServer(common, (socket) => this.#read(socket));
    else {
      this.server = createTlsServer({ ...common, ...tls }, (socket) => this.#readSecure(socket));
      this.server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
        // One whose time is up is left open by Node.
        socket.destroy();
        if (error.code !== "ECONNRESET")
          this.#say(error.code ?? error.message, "a sender and the service did not agree on TLS");
      });
    }
    this.server.on("connection", (socket: Socket) => this.#place(socket));
    recorder.onRoom(() => {
      for (const socket of this.#sockets) socket.resume();
    });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Takes no more connections, and reads what senders have under way. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // They see it, and send what they have still to send elsewhere or later.
    for (const socket of this.#sockets) {
      socket.resume();
      socket.end();
    }
    const timer = setTimeout(() => {
      for (const socket of [...this.#sockets, ...this.#places.sockets()]) socket.destroy();
    }, LAST_READ_MS);
    await closed;
    // The last of what was read is handed on when its connection says that it is closed.
    while (this.#sockets.size > 0) await new Promise(setImmediate);
    clearTimeout(timer);
  }

  #place(socket: Socket): void {
    socket.once("close", () => this.#places.remove(socket));
    const first = this.#places.add(socket);
    if (first === undefined) return;
    this.#options.count.refused("connection");
    this.#say("full", "a sender of syslog was refused or disconnected, because all places are taken");
    this.#places.remove(first);
    first.destroy();
  }

  #readSecure(socket: TLSSocket): void {
    const { tls, isNamedByClient } = this.#options;
    const client = socket.getPeerX509Certificate();
    if (tls?.requestCert === true && client !== undefined && !socket.authorized) {
      this.#say(String(socket.authorizationError), "the certificate of a sender of syslog is no good");
      socket.destroy();
      return;
    }
    const name = client === undefined ? undefined : commonName(socket);
    this.#read(socket, name, isNamedByClient === true ? name : undefined);
  }

  #read(socket: Socket, client?: string, source = this.#options.source): void {
    const { recorder, tls, messageBytesMax } = this.#options;
    const transport = tls === undefined ? "tcp" : "tls";
    const facts = {
      transport,
      peer: peerName(socket.remoteAddress),
      ...(client !== undefined && { client }),
    };
    const origin: Origin = { source, facts };
    const splitter = new FrameSplitter(messageBytesMax, (frame) => recorder.add(frame, origin));
    this.#sockets.add(socket);
    const under = (socket as Wrapped)._parent ?? socket;
    socket.on("data", (chunk) => {
      this.#places.said(under);
      splitter.push(chunk);
      if (recorder.isFull) socket.pause();
    });
    socket.on("end", () => socket.end());
    // Whatever ends it: what was read counts.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      splitter.end();
    });
    if (recorder.isFull) socket.pause();
  }

  #say(reason: string, message: string): void {
    if (performance.now() - this.#saidAt < SAID_MS) return;
    this.#saidAt = performance.now();
    const { log, name } = this.#options;
    log.warn({ listener: name, reason }, message);
  }
}

/** An address, without the form in which a socket of IPv6 has those of IPv4. */
export function peerName(address = ""): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function commonName(socket: TLSSocket): string | undefined {
  const { CN } = socket.getPeerCertificate().subject ?? {};
  const name = Array.isArray(CN) ? CN[0] : CN;
  return typeof name === "string" && name !== "" ? name : undefined;
}
