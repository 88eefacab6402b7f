/** Programs at the end of a pipe: pino-socket from npm, and the OpenTelemetry Collector where somebody has built one. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MAY_BE_LOST_OR_TWICE, ONCE, type OutageSender, type Speaking } from "./outage.ts";
import { KEPT, Program, pasted, prepared } from "./program.ts";
import type { Place } from "./trouble.ts";

const PINO_SOCKET = "8.0.0";
/** Its queue holds 1 KiB unless it is told otherwise: some eight lines. */
const QUEUE = ["--recovery-queue-max-size", "10000000"];
const PINO_FOLDER = join(KEPT, `pino-socket-${PINO_SOCKET}`);

/** Names the binary of a Collector with the receiver and exporter for OTLP and the extension file_storage. */
const COLLECTOR = "HOLDFAST_TEST_OTELCOL";
const PORT_TRIES = 100;

let told = 0;
/** A line as pino writes it. */
const pinoLine = (msg: string): string =>
  JSON.stringify({ level: 30, time: Date.now(), pid: 1, hostname: "vm", n: told++, msg });

/** Puts what docs/sources shows into a whole configuration. */
function collectorConfig(place: Place, port: number): string {
  const storage = place.world.path("otelcol");
  mkdirSync(storage, { recursive: true });
  const paste = pasted("otel-collector", place).replace("/var/lib/otelcol", storage);
  return `receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }
${paste}
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlphttp/holdfast] }
`;
}

async function startCollector(place: Place): Promise<Speaking | string> {
  const binary = process.env[COLLECTOR];
  if (binary === undefined || !existsSync(binary))
    return `${COLLECTOR} names no Collector; CONTRIBUTING.md says how to build one`;
  const config = place.world.path("otelcol.yaml");
  const port = 20_000 + (process.pid % 20_000);
  writeFileSync(config, collectorConfig(place, port));
  const program = new Program([binary, "--config", config]);
  const say = async (line: string): Promise<void> => {
    const record = { timeUnixNano: `${Date.now()}000000`, body: { stringValue: line } };
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${port}/v1/logs`, { method: "POST", headers, body });
    await answer.text();
    if (answer.status !== 200) throw new Error(`expected the Collector to take a record, got ${answer.status}`);
  };
  for (let i = 0; i < PORT_TRIES; i++) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return { say, stop: () => program.stop() };
    await sleep(100);
  }
  await program.stop();
  throw new Error(`expected the Collector to be up, it says: ${program.output}`);
}

export const PIPES: readonly OutageSender[] = [
  {
    name: "pino-socket over TCP, with reconnect and recovery",
    format: "syslog",
    fates: { killed: MAY_BE_LOST_OR_TWICE, hanging: ONCE, full: ONCE },
    start: async (place) => {
      const install = ["npm", "install", "--silent", "--prefix", PINO_FOLDER, `pino-socket@${PINO_SOCKET}`] as const;
      const script = join(PINO_FOLDER, "node_modules", "pino-socket", "psock.js");
      const failed = existsSync(script) ? undefined : prepared(PINO_FOLDER, [...install]);
      if (failed !== undefined) return failed;
      const to = ["-m", "tcp", "-a", "127.0.0.1", "-p", place.syslogPort, "-ne", "-r", "--recovery", ...QUEUE];
      return new Program([process.execPath, script, ...to]).speaking(pinoLine);
    },
  },
  {
    name: "OpenTelemetry Collector with its queue on disk",
    format: "otlp",
    fates: { killed: ONCE, hanging: ONCE, full: ONCE },
    start: startCollector,
  },
];
