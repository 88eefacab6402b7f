/** Senders that are part of a program: its own code, and libraries for logs and events. */

import { lines, type Sender } from "./sender.ts";

const LOGS_PATH = "/v1/ledgers/{{ledger}}/ingest/logs";
const OTLP_PATH = "/v1/ledgers/{{ledger}}/ingest/otlp/v1/logs";

export const PROGRAMS: readonly Sender[] = [
  {
    id: "http",
    title: "A program of your own, over HTTP",
    group: "Programs",
    format: "native",
    key: "bearer",
    path: "/v1/ledgers/{{ledger}}/events",
    snippets: [
      {
        where: "In a shell, to try it",
        language: "sh",
        text: lines(
          "curl {{url}}/v1/ledgers/{{ledger}}/events \\",
          "  -H 'Authorization: Bearer {{key}}' \\",
          "  -H 'Content-Type: application/json' \\",
          `  -d '{"action":"user.login","time":"2026-11-27T09:30:00Z","actor":{"type":"user","id":"u1"},"outcome":"success"}'`,
        ),
      },
    ],
    page: "http",
    notes: [
      "The answer is 201 with the proof of the event; a mistake in an event is told, and nothing is recorded then.",
    ],
  },
  {
    id: "opentelemetry",
    title: "OpenTelemetry SDK",
    group: "Programs",
    format: "otlp",
    key: "bearer",
    path: OTLP_PATH,
    snippets: [
      {
        where: "In the environment of the program",
        language: "sh",
        text: lines(
          `export OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={{url}}${OTLP_PATH}`,
          "export OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf",
          "export OTEL_EXPORTER_OTLP_LOGS_HEADERS=Authorization=Bearer%20{{key}}",
        ),
      },
    ],
    page: "opentelemetry",
    notes: [
      "Logs only: send traces and metrics elsewhere.",
      "The SDKs wait for about 10 s in all and then drop; a Collector between holds more.",
    ],
  },
  {
    id: "cloudevents",
    title: "CloudEvents",
    group: "Programs",
    format: "cloudevents",
    key: "bearer",
    path: "/v1/ledgers/{{ledger}}/ingest/cloudevents",
    snippets: [
      {
        where: "URL and header of the sender",
        language: "",
        text: lines(
          "URL     {{url}}/v1/ledgers/{{ledger}}/ingest/cloudevents",
          "Header  Authorization: Bearer {{key}}",
        ),
      },
    ],
    page: "cloudevents",
    notes: [
      "The SDKs only build requests and try nothing again: whoever calls them has to look at the status.",
      "source and id together tell repeated events.",
    ],
  },
  {
    id: "pino",
    title: "pino (pino-http-send)",
    group: "Programs",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "Where the logger is made",
        language: "js",
        text: lines(
          'import pino from "pino";',
          'import { createWriteStream } from "pino-http-send";',
          "",
          "const stream = createWriteStream({",
          '  url: "{{url}}/v1/ledgers/{{ledger}}/ingest/logs",',
          '  method: "POST",',
          '  headers: { Authorization: "Bearer {{key}}" },',
          "  retries: 300,",
          "});",
          "const log = pino(stream);",
          'log.info({ action: "invoice.approved", actor: { type: "user", id: "alice" } }, "approved");',
        ),
      },
    ],
    page: "pino",
    notes: ["It tries 300 times, about as many seconds; then what waits is dropped."],
  },
  {
    id: "winston",
    title: "winston (its HTTP transport)",
    group: "Programs",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "Where the logger is made",
        language: "js",
        text: lines(
          'import { createLogger, format, transports } from "winston";',
          "",
          "const log = createLogger({",
          "  format: format.combine(format.timestamp(), format.json()),",
          "  transports: [",
          "    new transports.Http({",
          '      host: "{{host}}",',
          "      port: {{port}},",
          "      ssl: {{tlsTrue}},",
          '      path: "/v1/ledgers/{{ledger}}/ingest/logs",',
          '      auth: { bearer: "{{key}}" },',
          "      batch: true,",
          "    }),",
          "  ],",
          "});",
          'log.info("approved", { action: "invoice.approved", actor: { type: "user", id: "alice" } });',
        ),
      },
    ],
    page: "winston",
    notes: ["It tries nothing again: what is sent while the service is away is lost."],
  },
  {
    id: "log4j2",
    title: "log4j2 (HttpAppender)",
    group: "Programs",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "Among the appenders of log4j2.xml",
        language: "xml",
        text: lines(
          '<Http name="holdfast" url="{{url}}/v1/ledgers/{{ledger}}/ingest/logs">',
          '  <Property name="Authorization" value="Bearer {{key}}"/>',
          '  <JsonTemplateLayout eventTemplateUri="classpath:EcsLayout.json"/>',
          "</Http>",
        ),
      },
    ],
    page: "log4j2",
    notes: ["It sends in the logging call and tries nothing again; put it behind an Async appender."],
  },
  {
    id: "python",
    title: "Python logging (HTTPHandler)",
    group: "Programs",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "Where logging is set up",
        language: "python",
        text: lines(
          "import logging, logging.handlers",
          "",
          "handler = logging.handlers.HTTPHandler(",
          '    "{{host}}:{{port}}", "/v1/ledgers/{{ledger}}/ingest/logs", method="POST", secure={{tlsPython}}, credentials=("x", "{{key}}")',
          ")",
          'log = logging.getLogger("audit")',
          "log.setLevel(logging.INFO)",
          "log.addHandler(handler)",
          'log.info("approved", extra={"action": "invoice.approved", "actor": "alice"})',
        ),
      },
    ],
    page: "python",
    notes: ["It drops silently whatever is not answered; the OpenTelemetry SDK does better."],
  },
];
