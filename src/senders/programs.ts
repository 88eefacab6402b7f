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
    key: "path",
    path: "/in/{{key}}/logs",
    snippets: [
      {
        where: "In a shell, around the program",
        language: "sh",
        text: "node app.js | npx pino-http-send --url={{url}}/in/{{key}}/logs --bodyType=ndjson",
      },
    ],
    page: "logs",
    notes: ["The key stands in the path, and so in the list of processes and in logs of proxies: give it an end."],
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
          "new winston.transports.Http({",
          "  host: '{{host}}', port: {{port}}, ssl: {{tlsTrue}},",
          `  path: '${LOGS_PATH}',`,
          "  auth: { bearer: '{{key}}' },",
          "  format: winston.format.combine(winston.format.timestamp(), winston.format.json()),",
          "});",
        ),
      },
    ],
    page: "logs",
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
          `<Http name="holdfast" url="{{url}}${LOGS_PATH}">`,
          '  <Property name="Authorization" value="Bearer {{key}}"/>',
          '  <JsonTemplateLayout eventTemplateUri="classpath:EcsLayout.json"/>',
          "</Http>",
        ),
      },
    ],
    page: "logs",
    notes: ["It sends in the logging call and tries nothing again; put it behind an Async appender."],
  },
  {
    id: "python",
    title: "Python logging (HTTPHandler)",
    group: "Programs",
    format: "logs",
    key: "path",
    path: "/in/{{key}}/logs",
    snippets: [
      {
        where: "Where logging is set up",
        language: "py",
        text: lines(
          "logging.getLogger().addHandler(logging.handlers.HTTPHandler(",
          "    '{{host}}:{{port}}', '/in/{{key}}/logs', method='POST', secure={{tlsPython}}))",
        ),
      },
    ],
    page: "logs",
    notes: ["It drops silently whatever is not answered; the OpenTelemetry SDK does better."],
  },
];
