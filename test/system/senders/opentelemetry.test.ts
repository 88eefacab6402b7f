/**
 * OpenTelemetry's own exporters against the real service, unchanged, while it is killed and started again: both encodings of
 * its JavaScript SDK, and Python's. Everything is there, once.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { World, waitFor } from "../service-process.ts";
import { everything, type Found, Killable } from "./killable.ts";
import { installPython } from "./python.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** As much of the SDK as is used here. */
type Done = (result: { readonly code: number; readonly error?: Error }) => void;
type Exporter = {
  export(records: readonly unknown[], done: Done): void;
  shutdown(): Promise<void>;
  forceFlush(): Promise<void>;
};
type Logger = { emit(record: object): void };
type Sdk = {
  LoggerProvider: new (
    options: object,
  ) => { getLogger(name: string, version: string): Logger; shutdown(): Promise<void> };
  BatchLogRecordProcessor: new (options: object) => object;
};
type Resources = { resourceFromAttributes(attributes: object): object };
const SUCCESS = 0;

/** A program's patience: what its exporter has given up it exports again, as a queue on disk would. */
class Patient implements Exporter {
  readonly #exporter: Exporter;
  /** Records that the service has acknowledged. */
  exported = 0;

  constructor(exporter: Exporter) {
    this.#exporter = exporter;
  }

  export(records: readonly unknown[], done: Done): void {
    this.#exporter.export(records, (result) => {
      if (result.code === SUCCESS) {
        this.exported += records.length;
        return done(result);
      }
      setTimeout(() => this.export(records, done), 100);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush();
  }
}

/**
 * Records that the program may be ahead of the service: it sends twenty at a time, one batch after the other, and on a busy machine
 * that is slower than records are made, so that without this there would be minutes of them left at the end.
 */
const AHEAD_MAX = 400;
const EXPORTERS = ["@opentelemetry/exporter-logs-otlp-http", "@opentelemetry/exporter-logs-otlp-proto"];

for (const name of EXPORTERS) {
  test(`${name} loses nothing and doubles nothing while the service is killed under it`, {
    timeout: 180_000,
  }, async (t) => {
    const service = await Killable.start(t);
    const { OTLPLogExporter } = require(name) as { OTLPLogExporter: new (options: object) => Exporter };
    const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs") as Sdk;
    const { resourceFromAttributes } = require("@opentelemetry/resources") as Resources;
    const exporter = new Patient(
      new OTLPLogExporter({
        url: `${service.url}/v1/logs`,
        headers: { Authorization: `Bearer ${service.token}` },
        compression: name.endsWith("proto") ? "gzip" : "none",
        timeoutMillis: 30_000,
      }),
    );
    const processor = new BatchLogRecordProcessor({
      exporter,
      maxQueueSize: 100_000,
      maxExportBatchSize: 20,
      scheduledDelayMillis: 20,
      exportTimeoutMillis: 150_000,
    });
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ "service.name": "payments-api" }),
      processors: [processor],
    });
    const logger = provider.getLogger("audit", "1.0.0");
    let count = 0;
    let isOver = false;
    const writing = (async () => {
      for (; !isOver; count++) {
        while (!isOver && count - exporter.exported >= AHEAD_MAX) await sleep(5);
        const attributes = { "user.id": "ada", n: count, big: 0.5, list: ["a", "b"] };
        logger.emit({
          eventName: "user.login",
          body: `login ${count}`,
          severityNumber: 9,
          severityText: "INFO",
          attributes,
        });
        await sleep(5);
      }
    })();
    for (let kills = 0; kills < 2; kills++) {
      const size = await service.size();
      await waitFor("records to come in", async () => (await service.size()) > size + 100);
      await service.killAndStart();
    }
    isOver = true;
    await writing;
    await provider.shutdown();
    const found = await everything(service.service, "otlp");
    const expected = Array.from({ length: count }, (_, n) => `login ${n}`);
    assert.deepEqual(found.map(({ message }) => message).sort(), expected.sort());
    for (const event of found) checkRecord(event);
  });
}

function checkRecord({ action, actor, metadata, message, _source }: Found): void {
  const n = Number((message ?? "").slice("login ".length));
  assert.deepEqual([action, actor], ["user.login", { type: "user", id: "ada" }]);
  assert.deepEqual(metadata, {
    attributes: { "user.id": "ada", n, big: 0.5, list: ["a", "b"] },
    severity: "INFO",
    severity_number: 9,
  });
  const { resource, scope, quarantined } = _source as Record<string, unknown>;
  assert.deepEqual(
    [resource, scope, quarantined],
    [{ "service.name": "payments-api" }, { name: "audit", version: "1.0.0" }, undefined],
  );
}

const PYTHON_PACKAGES = ["opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"];
/** As a program of Python's is set up for logs: the endpoint and the key come from the environment. */
const PYTHON = `
import logging, sys, time
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=50))
log = logging.getLogger("payments")
log.setLevel(logging.INFO)
log.addHandler(LoggingHandler(logger_provider=provider))
for n in range(200):
    log.info("login %d", n, extra={"user.id": "ada", "n": n})
    time.sleep(0.002)
provider.shutdown()
`;

test("Python's exporter sends as it does to a Collector, with endpoint and key from its environment", {
  timeout: 240_000,
}, async (t) => {
  const world = new World(t);
  const folder = world.path("python");
  if (!(await installPython(t, folder, PYTHON_PACKAGES))) return;
  const service = await Killable.start(t);
  await run("python3", ["-c", PYTHON], {
    env: {
      ...process.env,
      PYTHONPATH: folder,
      OTEL_SERVICE_NAME: "payments-api",
      OTEL_EXPORTER_OTLP_ENDPOINT: `${service.url}/v1/ledgers/main/ingest/otlp`,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${service.token}`,
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    },
  });
  const found = await everything(service.service, "otlp");
  const expected = Array.from({ length: 200 }, (_, n) => `login ${n}`);
  assert.deepEqual(
    found.map(({ message }) => message),
    expected,
  );
  const [first = {}] = found as Record<string, unknown>[];
  const { attributes } = first.metadata as { readonly attributes: Record<string, unknown> };
  assert.deepEqual([first.actor, attributes.n, attributes["user.id"]], [{ type: "user", id: "ada" }, 0, "ada"]);
});
