/** Listeners for syslog: what is read is recorded, whatever ends a connection, the listener, or for a while the store. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Health } from "../../../src/health.ts";
import { QueueFullError } from "../../../src/ledger/append/queue.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ServedCertificate } from "../../../src/net/tls/reload-certificate.ts";
import { until } from "../../http/wire/client.ts";
import { authority, folderFor, issue } from "../../net/tls/certificates.ts";
import { listenersFor, send, sender, type World } from "./world.ts";

const SAMPLES = join(import.meta.dirname, "../samples");

async function metricOf({ metrics }: World, name: string): Promise<number> {
  const line = (await metrics.text()).split("\n").find((each) => each.startsWith(`holdfast_${name}{`));
  return Number(line?.split(" ").at(-1) ?? Number.NaN);
}

test("messages of TCP are recorded with how they came and counted, and nothing is taken for a repetition", async (t) => {
  const world = await listenersFor(t);
  const port = await world.open({ transport: "tcp", source: "edge" });
  const sample = readFileSync(join(SAMPLES, "rsyslog-octet5424.tcp"));
  await send(port, sample);
  await send(port, sample);
  const all = await world.waitFor(6);
  assert.equal(all.length, 6);
  assert.deepEqual(all[0]?._source, { format: "syslog", source: "edge", transport: "tcp", peer: "127.0.0.1" });
  assert.equal(all[0]?._raw, sample.toString().split("110 ")[1]);
  assert.equal(await metricOf(world, "syslog_messages_total"), 6);
  assert.equal(await metricOf(world, "syslog_bytes_total"), 660);
  const [facts] = world.sources.list("main");
  assert.deepEqual([facts?.source, facts?.format, facts?.recorded, facts?.bytes], ["edge", "syslog", 6, 660]);
});

test("a datagram is one message, which says that it came without a promise", async (t) => {
  const world = await listenersFor(t);
  const port = await world.open({ transport: "udp" });
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  for (const name of ["logger-udp3164.udp", "pino-socket-udp.udp"]) {
    socket.send(readFileSync(join(SAMPLES, name)), port, "127.0.0.1");
  }
  const all = await world.waitFor(4);
  assert.deepEqual(
    all.map(({ action }) => action),
    ["syslog.payments", "log.record", "log.record", "log.record"],
  );
  assert.deepEqual(all[0]?._source.transport, "udp");
  if (process.platform === "linux") assert.equal(await metricOf(world, "syslog_dropped_datagrams"), 0);
});

test("a message that is too long is recorded whole in quarantined parts, and the connection goes on", async (t) => {
  const world = await listenersFor(t);
  const port = await world.open({ transport: "tcp", messageBytes: 1024 });
  const long = `<13>1 - h a - - - ${"x".repeat(2500)}`;
  await send(port, `${long.length} ${long}10 <13>a: bcd`);
  const all = await world.waitFor(4);
  assert.equal(
    all
      .slice(0, 3)
      .map(({ _raw }) => _raw)
      .join(""),
    long,
  );
  assert.deepEqual(
    all.map(({ _source }) => [_source.part, _source.quarantined]),
    [
      [1, true],
      [2, true],
      [3, true],
      [undefined, undefined],
    ],
  );
  assert.equal(all[3]?.message, "bcd");
  assert.equal(await metricOf(world, "syslog_quarantined_total"), 3);
});

test("what came before a connection was cut is recorded, the unfinished message too, which says so", async (t) => {
  const world = await listenersFor(t);
  const port = await world.open({ transport: "tcp" });
  const socket = await sender(port);
  socket.write("5 <13>a20 <13>app: half");
  await world.waitFor(1);
  socket.resetAndDestroy();
  const all = await world.waitFor(2);
  assert.deepEqual([all[1]?._raw, all[1]?._source.incomplete], ["<13>app: half", true]);
});

test("while nothing can be recorded a sender has to wait, and then everything is there in its order", async (t) => {
  let isAway = true;
  const world = await listenersFor(t, {
    ledger: (name): Ledger | undefined => {
      const ledger = world.service.ledgers.get(name);
      if (ledger === undefined) return undefined;
      const append: Ledger["append"] = (request) =>
        isAway ? Promise.reject(new QueueFullError("away", 1)) : ledger.append(request);
      return { record: ledger.record, append } as unknown as Ledger;
    },
  });
  const port = await world.open({ transport: "tcp" });
  const socket = await sender(port);
  const count = 16_000;
  let written = 0;
  const drained = new Promise<void>((resolve) => {
    const write = (): void => {
      while (written < count) {
        const text = `<13>app: ${String(written++).padStart(6, "0")} ${"x".repeat(4000)}\n`;
        if (!socket.write(text)) {
          socket.once("drain", write);
          return;
        }
      }
      resolve();
    };
    write();
  });
  // What it may read is read, and then nothing moves any more.
  for (let before = -1; before !== written; await sleep(300)) before = written;
  assert.ok(written < (3 * count) / 4, `expected the sender to wait, it has written ${written} of ${count}`);
  assert.deepEqual(
    world.service.health.conditions().map(({ code, isNotice }) => [code, isNotice]),
    [["syslog_waiting", true]],
  );
  isAway = false;
  await drained;
  socket.end();
  const all = await world.waitFor(count);
  assert.equal(all.length, count);
  for (const [i, { message }] of all.entries()) assert.ok(message?.startsWith(String(i).padStart(6, "0")));
  assert.deepEqual(world.service.health.conditions(), []);
});

test("what was read before a stop is recorded before it ends", async (t) => {
  const world = await listenersFor(t);
  const port = await world.open({ transport: "tcp" });
  const socket = await sender(port);
  socket.write("<13>app: message\n".repeat(5000));
  await world.waitFor(1);
  await world.listeners.close();
  assert.equal((await world.recorded()).length, 5000);
  await assert.rejects(once(connect(port, "127.0.0.1"), "connect"), /ECONNREFUSED/);
});

test("what cannot be recorded until the end is counted in the log, and the end does not wait for ever", async (t) => {
  const lines: object[] = [];
  const quiet = (): void => undefined;
  const error = (fields: object): void => void lines.push(fields);
  const world = await listenersFor(t, {
    log: { debug: quiet, info: quiet, warn: quiet, error },
    stopMs: 50,
    ledger: () => ({ record: { name: "main" }, append: () => Promise.reject(new Error("away")) }) as unknown as Ledger,
  });
  const port = await world.open({ transport: "tcp" });
  await send(port, "<13>app: a\n<13>app: b\n");
  for (; world.service.health.conditions().length === 0; ) await sleep(10);
  await world.listeners.close();
  assert.deepEqual(lines, [{ listener: "tcp 127.0.0.1:0", messages: 2 }]);
});

test("with TLS a client's certificate is told, names the source where that is set, and one of strangers is refused", async (t) => {
  const put = folderFor(t);
  const ca = authority();
  const clients = authority("an authority of clients");
  const own = issue({ name: "service", issuer: ca });
  const files = {
    cert: put("cert.pem", own.cert),
    key: put("key.pem", own.key),
    clientCa: put("ca.pem", clients.cert),
  };
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const certificate = await ServedCertificate.open({ files, health: new Health(), log });
  t.after(() => certificate.stop());
  const world = await listenersFor(t, { certificate, clients: "optional" });
  const port = await world.open({ transport: "tls", isNamedByClient: true });
  const web = issue({ name: "web-1", issuer: clients });
  const stranger = issue({ name: "web-1", issuer: ca });
  const sendTls = async (text: string, as?: typeof web): Promise<void> => {
    const options = { port, host: "127.0.0.1", ca: ca.cert, ...(as !== undefined && { cert: as.cert, key: as.key }) };
    const socket = connectTls(options).on("error", quiet);
    socket.on("secureConnect", () => socket.end(text));
    await once(socket.resume(), "close");
  };
  await sendTls("10 <13>app: a", web);
  await world.waitFor(1);
  await sendTls("10 <13>app: s", stranger);
  await sendTls("10 <13>app: b");
  const all = await world.waitFor(2);
  assert.deepEqual(
    all.map(({ message, _source }) => [message, _source.transport, _source.client, _source.source]),
    [
      ["a", "tls", "web-1", "web-1"],
      ["b", "tls", undefined, "syslog"],
    ],
  );
  // Renewed while it listens.
  const next = issue({ name: "renewed", issuer: ca });
  put("key.pem", next.key);
  put("cert.pem", next.cert);
  await certificate.look();
  const socket = connectTls({ port, host: "127.0.0.1", ca: ca.cert });
  await once(socket, "secureConnect");
  assert.equal(socket.getPeerCertificate().subject.CN, "renewed");
  socket.destroy();
});

test("handshakes that never end are cut, and connections that only stand there give their places to those who speak", async (t) => {
  const put = folderFor(t);
  const ca = authority();
  const own = issue({ name: "service", issuer: ca });
  const files = { cert: put("cert.pem", own.cert), key: put("key.pem", own.key) };
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const certificate = await ServedCertificate.open({ files, health: new Health(), log });
  t.after(() => certificate.stop());
  const world = await listenersFor(t, { certificate, handshakeMs: 500, connectionsMax: 3 });
  const port = await world.open({ transport: "tls" });
  const speaking: TLSSocket[] = [];
  const speak = async (text: string): Promise<void> => {
    const socket = connectTls({ port, host: "127.0.0.1", ca: ca.cert }).on("error", quiet);
    t.after(() => void socket.destroy());
    await once(socket, "secureConnect");
    socket.write(`${text.length} ${text}`);
    speaking.push(socket);
  };
  // Trickling does not help it.
  const half = await sender(port);
  half.write(Buffer.from("160301400001003ffc0303", "hex"));
  const trickling = setInterval(() => half.write("x"), 20);
  t.after(() => clearInterval(trickling));
  half.resume();
  await until("the handshake to be cut", () => half.destroyed);
  await speak("<13>app: a");
  await world.waitFor(1);
  const silent = [await sender(port), await sender(port)].map((socket) => once(socket.resume(), "close"));
  await speak("<13>app: b");
  await world.waitFor(2);
  await speak("<13>app: c");
  await world.waitFor(3);
  await Promise.all(silent);
  // Those of one address have the same right: who speaks stays, and whoever comes is refused.
  const refused = connectTls({ port, host: "127.0.0.1", ca: ca.cert }).on("error", quiet);
  await new Promise((resolve) => refused.resume().once("close", resolve));
  speaking[0]?.end("10 <13>app: d");
  await world.waitFor(4);
});

test("a listener for a ledger that is not there, or at an address that is taken, is refused", async (t) => {
  const world = await listenersFor(t);
  await assert.rejects(world.open({ transport: "tcp", ledger: "none" }), /expected an existing ledger .* got none/);
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const address = taken.address() as { readonly port: number };
  for (const transport of ["tcp"] as const)
    await assert.rejects(world.open({ transport, address: { host: "127.0.0.1", port: address.port } }), /EADDRINUSE/);
});
