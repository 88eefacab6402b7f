/**
 * Senders of Splunk's HTTP Event Collector against the real service, unchanged, while it is killed and started again: Docker's
 * driver as it behaves, splunk-logging, winston's transport, and two of Python's. Everything is there, once.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { World, waitFor } from "../service-process.ts";
import { DockerDriver } from "./docker-driver.ts";
import { everything, Killable } from "./killable.ts";
import { installPython } from "./python.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
/** Lines that a driver may have before it, of the 10,000 that it holds. */
const WAITING_MAX = 5000;

test("Docker's driver loses nothing and doubles nothing while the service is killed under it", {
  timeout: 180_000,
}, async (t) => {
  const service = await Killable.start(t);
  const options = { url: service.url, token: service.token, everyMs: 50 };
  const drivers = await Promise.all(
    [false, true].map((gzip) => DockerDriver.start({ ...options, gzip, tag: `payments/${gzip ? "gzip" : "plain"}` })),
  );
  const written: string[] = [];
  let isOver = false;
  const write = async (driver: DockerDriver): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      // What it holds is bounded, and it drops beyond: nobody writes faster than a slow start can bear.
      while (driver.waiting > WAITING_MAX) await sleep(5);
      const now = BigInt(Date.now()) * 1000n + BigInt(n % 500) * 2n;
      // Two equal lines at once, as a program in a loop writes them; a line that is an object.
      for (let i = 0; i < 2; i++) written.push(driver.write(`<login> ok ${n}`, now));
      written.push(driver.write({ action: "user.login", actor: { type: "user", id: `u${n}` }, n }, now + 1n));
      written.push(driver.write("x".repeat(200), now + 1n));
      await sleep(5);
    }
  };
  const writing = drivers.map(write);
  for (let kills = 0; kills < 3; kills++) {
    const size = await service.size();
    await waitFor("lines to come in", async () => (await service.size()) > size + 200);
    await service.killAndStart();
  }
  isOver = true;
  await Promise.all(writing);
  await waitFor("the drivers to have sent all", () => drivers.every(({ waiting }) => waiting === 0));
  await Promise.all(drivers.map((driver) => driver.close()));
  for (const { dropped, statuses } of drivers) {
    assert.equal(dropped, 0);
    assert.ok((statuses.get(0) ?? 0) > 0, "it met a service that was not there");
    assert.deepEqual(
      [...statuses.keys()].filter((status) => status !== 0 && status !== 200 && status !== 503),
      [],
    );
  }
  const found = await everything(service.service, "hec");
  assert.deepEqual(found.map(({ _raw }) => _raw).sort(), written.sort());
  assert.ok(found.some(({ action, actor }) => action === "user.login" && (actor as { id: string }).id === "u1"));
});

test("with a wrong key a container starts, as Docker tries without one, and its lines wait until the key is mended or it ends", async (t) => {
  const service = await Killable.start(t);
  const driver = await DockerDriver.start({ url: service.url, token: "hf_wrong", tag: "t", everyMs: 20 });
  driver.write("kept", 1_795_763_652_000_001n);
  await waitFor("a refusal", () => driver.statuses.has(403));
  assert.equal(driver.waiting, 1);
  await driver.close();
  assert.equal(driver.dropped, 1);
});

type SplunkLogger = {
  send(context: object, done?: (error: unknown, response: unknown, body: unknown) => void): void;
  error: (error: unknown) => void;
};

test("splunk-logging sends a request again that was cut off, and it is recorded once", {
  timeout: 120_000,
}, async (t) => {
  const service = await Killable.start(t);
  const { Logger } = require("splunk-logging") as { Logger: new (config: object) => SplunkLogger };
  const logger = new Logger({ token: service.token, url: service.url, maxRetries: 20 });
  logger.error = (error) => assert.fail(`the logger gave up: ${String(error)}`);
  let answered = 0;
  let count = 0;
  let isOver = false;
  const writing = (async () => {
    for (; !isOver; count++) {
      const message = { action: "user.login", actor: { type: "user", id: "ada" }, msg: `login ${count}` };
      logger.send({ message, metadata: { source: "payments" } }, (error, _response, body) => {
        assert.deepEqual([error, body], [null, { text: "Success", code: 0 }]);
        answered++;
      });
      await sleep(5);
    }
  })();
  await waitFor("some to be taken", () => answered > 30);
  await service.killAndStart();
  const before = answered;
  await waitFor("more to be taken", () => answered > before + 30);
  isOver = true;
  await writing;
  await waitFor("all to be taken", () => answered === count);
  const found = await everything(service.service, "hec");
  const expected = Array.from({ length: count }, (_, n) => `login ${n}`);
  assert.deepEqual(found.map(({ message }) => message).sort(), expected.sort());
  const [first] = found;
  assert.deepEqual(
    [first?.action, first?.actor, first?.source],
    ["user.login", { type: "user", id: "ada" }, "payments"],
  );
});

type WinstonLogger = {
  info(text: string, more: object): void;
  on(name: "error", listener: (error: unknown) => void): void;
};
type Winston = { createLogger(options: { readonly transports: readonly object[] }): WinstonLogger };

test("winston's transport sends as it does to Splunk", { timeout: 60_000 }, async (t) => {
  const service = await Killable.start(t);
  const Transport = require("winston-splunk-httplogger") as new (config: object) => object;
  const winston = createRequire(require.resolve("winston-splunk-httplogger"))("winston") as Winston;
  const transport = new Transport({
    splunk: { token: service.token, url: service.url, maxRetries: 3 },
    maxBatchCount: 5,
  });
  const logger = winston.createLogger({ transports: [transport] });
  logger.on("error", (error) => assert.fail(String(error)));
  for (let n = 0; n < 20; n++) logger.info(`login ${n}`, { user: "ada", n });
  await waitFor("all to come in", async () => (await service.size()) >= 20);
  const found = await everything(service.service, "hec");
  const expected = Array.from({ length: 20 }, (_, n) => `login ${n}`);
  assert.deepEqual(found.map(({ message }) => message).sort(), expected.sort());
  assert.deepEqual(
    found.map(({ actor, metadata }) => [actor, (metadata as { severity: string }).severity]),
    expected.map(() => [{ type: "service", id: "winston" }, "info"]),
  );
});

const PYTHON_PACKAGES = ["splunk-handler==3.0.0", "splunk-hec-handler==1.2.0"];

const SPLUNK_HANDLER = `
import logging, sys, time
from splunk_handler import SplunkHandler
host, port, token, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
handler = SplunkHandler(host=host, port=port, token=token, index="main", sourcetype="audit", protocol="http",
                        retry_count=12, retry_backoff=0.2, flush_interval=0.1, verify=False)
log = logging.getLogger("payments")
log.setLevel(logging.INFO)
log.addHandler(handler)
for n in range(count):
    log.info("login %d", n)
    time.sleep(0.01)
# What it tries again when the program ends is lost, without a word.
handler.wait_until_empty()
logging.shutdown()
`;

const SPLUNK_HEC_HANDLER = `
import logging, sys
from splunk_hec_handler import SplunkHecHandler
host, port, token, endpoint = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
handler = SplunkHecHandler(host, token, port=port, proto="http", source="payments", endpoint=endpoint)
log = logging.getLogger("payments")
log.setLevel(logging.INFO)
log.addHandler(handler)
for n in range(10):
    log.info(f"{endpoint} {n}")
`;

test("Python's splunk-handler and splunk-hec-handler send as they do to Splunk", { timeout: 240_000 }, async (t) => {
  const world = new World(t);
  const folder = world.path("python");
  if (!(await installPython(t, folder, PYTHON_PACKAGES))) return;
  const service = await Killable.start(t);
  const { hostname, port } = new URL(service.url);
  const python = (script: string, last: string) =>
    run("python3", ["-c", script, hostname, port, service.token, last], {
      env: { ...process.env, PYTHONPATH: folder },
    });
  const count = 300;
  const sending = python(SPLUNK_HANDLER, String(count));
  await waitFor("some lines to come in", async () => (await service.size()) > 20);
  await service.killAndStart();
  const { stdout, stderr } = await sending;
  assert.equal(stdout + stderr, "", "what the handler gave up");
  for (const endpoint of ["event", "raw"]) await python(SPLUNK_HEC_HANDLER, endpoint);
  const found = await everything(service.service, "hec");
  const expected = [
    ...Array.from({ length: count }, (_, n) => `login ${n}`),
    ...["event", "raw"].flatMap((endpoint) => Array.from({ length: 10 }, (_, n) => `${endpoint} ${n}`)),
  ];
  assert.deepEqual(found.map(({ message }) => message).sort(), expected.sort());
});
