/**
 * TLS in front of HTTP: how it is agreed upon, and whose clients are let in. A client may always come without a certificate
 * unless one is asked of everybody; a certificate that is shown has to be good.
 */

import type { Server } from "node:https";
import type { SecureContextOptions, TLSSocket, TlsOptions } from "node:tls";
import type { HttpLimits, Services } from "./services.ts";

export type Secure = {
  /** Of the certificate that is shown, and of the authorities of clients. */
  readonly context: SecureContextOptions;
  /** Whether clients are asked for certificates, and what becomes of one who shows none. */
  readonly clients?: "optional" | "required" | undefined;
};

/** A crowd of clients that do not trust the certificate is one line of the log. */
const SAID_MS = 60_000;

export function handshakeOptions({ context, clients }: Secure, limits: Pick<HttpLimits, "headersMs">): TlsOptions {
  return {
    ...context,
    // A client that has sent all it wants to still gets its answer, as without TLS.
    allowHalfOpen: true,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: limits.headersMs,
    requestCert: clients !== undefined,
    rejectUnauthorized: clients === "required",
  };
}

/** Ends connections whose client shows a certificate that is no good, and tells of handshakes that fail. */
export function followHandshakes(
  server: Server,
  { clients }: Secure,
  { metrics, log }: Pick<Services, "metrics" | "log">,
): void {
  const count = metrics.counter({
    name: "tls_handshakes_failed_total",
    help: "Connections without an agreement on TLS",
  });
  let saidAt = Number.NEGATIVE_INFINITY;
  const failed = (reason: string): void => {
    count({});
    if (performance.now() - saidAt < SAID_MS) return;
    saidAt = performance.now();
    log.warn({ reason }, "a client and the service did not agree on TLS");
  };
  server.prependListener("tlsClientError", (error: NodeJS.ErrnoException) => {
    // Balancers look whether somebody listens, and say nothing.
    if (error.code !== "ECONNRESET") failed(error.code ?? error.message);
  });
  if (clients === undefined) return;
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    if (socket.authorized || socket.getPeerX509Certificate() === undefined) return;
    failed(String(socket.authorizationError));
    socket.destroy();
  });
}
