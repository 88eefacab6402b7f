/** Connections over which TLS is not agreed upon yet: they take places, give them up, and keep nobody waiting. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { closeServer, createServer, openConnections, type Server } from "../../../src/http/server.ts";
import { HTTP_LIMITS, type HttpLimits } from "../../../src/http/services.ts";
import { createMetrics, type Metrics } from "../../../src/metrics.ts";
import { authority, issue } from "../../net/tls/certificates.ts";
import { get, metricOf, readAll, until } from "./client.ts";

const CA = authority();
const OWN = issue({ name: "service", issuer: CA });

type Two = {
  readonly plain: number;
  readonly tls: number;
  readonly servers: readonly Server[];
  readonly metrics: Metrics;
  readonly warnings: object[];
};

/** A server with TLS and one without, of one service. */
async function listenTwice(t: TestContext, limits: Partial<HttpLimits>): Promise<Two> {
  const metrics = createMetrics();
  const warnings: object[] = [];
  const quiet = (): void => undefined;
  const warn = (fields: object): void => void warnings.push(fields);
  const log = { debug: quiet, info: quiet, warn, error: quiet };
  const all = { ...HTTP_LIMITS, ...limits };
  const parts = { metrics, log, connections: openConnections(all, { metrics, log }) };
  const context = { cert: OWN.cert, key: OWN.key };
  const servers = [
    createServer((_, res) => res.end("<hello>"), all, parts),
    createServer((_, res) => res.end("<hello>"), all, { ...parts, secure: { context } }),
  ];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports.push((server.address() as AddressInfo).port);
    t.after(() => closeServer(server, 0));
  }
  return { plain: ports[0] as number, tls: ports[1] as number, servers, metrics, warnings };
}

async function silent(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

async function greet(port: number): Promise<string> {
  const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", ca: CA.cert });
  await once(socket, "secureConnect");
  socket.write(get("/", "Connection: close"));
  return await readAll(socket);
}

test("clients that only connect give their places to those who speak, on both servers together", async (t) => {
  const service = await listenTwice(t, { connectionsMax: 4 });
  for (let i = 0; i < 4; i++) await silent(t, i % 2 === 0 ? service.tls : service.plain);
  await until("four connections", async () => (await metricOf(service.metrics, "http_connections")) >= 3);
  assert.match(await greet(service.tls), /<hello>/);
  const plain = await silent(t, service.plain);
  plain.write(get("/", "Connection: close"));
  assert.match(await readAll(plain), /<hello>/);
});

test("a client that does not agree on TLS in time is disconnected, and told once", async (t) => {
  const service = await listenTwice(t, { headersMs: 50 });
  const closed = [await silent(t, service.tls), await silent(t, service.tls)].map((socket) =>
    once(socket.resume(), "close"),
  );
  await Promise.all(closed);
  await until("both", async () => (await metricOf(service.metrics, "tls_handshakes_failed_total")) === 2);
  assert.deepEqual(service.warnings, [{ reason: "ERR_TLS_HANDSHAKE_TIMEOUT" }]);
});

test("a client that trickles what begins TLS is disconnected in time, and others are let in meanwhile", async (t) => {
  const service = await listenTwice(t, { headersMs: 500 });
  const socket = await silent(t, service.tls);
  socket.resume();
  // The head of a record of 16 KiB, with the head of a ClientHello in it, and then a byte of it at a time.
  socket.write(Buffer.from("160301400001003ffc0303", "hex"));
  const trickling = setInterval(() => socket.write("x"), 20);
  t.after(() => clearInterval(trickling));
  assert.match(await greet(service.tls), /<hello>/);
  await until("the connection to be cut", () => socket.destroyed);
  assert.deepEqual(service.warnings, [{ reason: "ERR_TLS_HANDSHAKE_TIMEOUT" }]);
});

test("plain HTTP at the port of TLS is no request, and a client that distrusts the certificate is told of", async (t) => {
  const service = await listenTwice(t, { headersMs: 1000 });
  const plain = await silent(t, service.tls);
  plain.write(get("/"));
  assert.equal(await readAll(plain), "");
  assert.deepEqual(service.warnings, [{ reason: "ERR_SSL_HTTP_REQUEST" }]);
  const distrusting = connectTls({ port: service.tls, host: "127.0.0.1" });
  await assert.rejects(once(distrusting, "secureConnect"));
  await until("both to be gone", async () => (await metricOf(service.metrics, "http_connections")) === 0);
});

test("a service that stops does not wait for clients that only connect", async (t) => {
  const service = await listenTwice(t, {});
  for (let i = 0; i < 3; i++) await silent(t, service.tls);
  await until("three connections", async () => (await metricOf(service.metrics, "http_connections")) === 3);
  const grace = 10 * 60_000;
  const began = performance.now();
  await Promise.all(service.servers.map((server) => closeServer(server, grace)));
  assert.ok(performance.now() - began < grace / 10);
});
