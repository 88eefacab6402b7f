/**
 * Whether the servers of tests speak TLS: the tests of connections are written once and hold with it and without. They do
 * where this variable names a folder with a certificate (over-tls.test.ts makes it, and runs them again).
 */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Secure } from "../../../src/http/handshakes.ts";

/** Name of the variable. */
export const TLS_FOLDER = "TEST_TLS_FOLDER";
export const TLS_FILES = { cert: "cert.pem", key: "key.pem", ca: "ca.pem" } as const;

const folder = process.env[TLS_FOLDER];
const read = (name: string): string => readFileSync(join(folder as string, name), "utf8");

export const isTls = folder !== undefined;
export const scheme = isTls ? "https" : "http";
/** What the event of a connection is called by servers. */
export const CONNECTED = isTls ? "secureConnection" : "connection";

/** For a server, as its options have it. */
export const secure: { readonly secure?: Secure } = isTls
  ? { secure: { context: { cert: read(TLS_FILES.cert), key: read(TLS_FILES.key) } } }
  : {};

/** A client that is connected and does not read yet; its side and the server's end apart. */
export async function connectTo(port: number): Promise<Socket> {
  const address = { port, host: "127.0.0.1", allowHalfOpen: true };
  const socket = isTls ? connectTls({ ...address, ca: read(TLS_FILES.ca) }) : connect(address);
  socket.on("error", () => undefined);
  // One that is refused is closed before TLS is agreed upon.
  if (isTls) await once(socket, "secureConnect").catch(() => undefined);
  else await once(socket, "connect");
  return socket;
}
