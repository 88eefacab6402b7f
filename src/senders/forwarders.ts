/** Senders that collect what others write, and pass it on. */

import { lines, type Sender } from "./sender.ts";

const LOGS_PATH = "/v1/ledgers/{{ledger}}/ingest/logs";
const OTLP_PATH = "/v1/ledgers/{{ledger}}/ingest/otlp/v1/logs";

export const FORWARDERS: readonly Sender[] = [
  {
    id: "otel-collector",
    title: "OpenTelemetry Collector",
    group: "Forwarders",
    format: "otlp",
    key: "bearer",
    path: OTLP_PATH,
    snippets: [
      {
        where: "In the configuration of the Collector",
        language: "yaml",
        text: lines(
          "exporters:",
          "  otlphttp/holdfast:",
          `    logs_endpoint: {{url}}${OTLP_PATH}`,
          '    headers: { Authorization: "Bearer {{key}}" }',
          "    sending_queue: { storage: file_storage }",
          "    retry_on_failure: { max_elapsed_time: 0 }",
          "extensions:",
          "  file_storage: { directory: /var/lib/otelcol }",
        ),
      },
    ],
    page: "opentelemetry",
    notes: [
      "Name the exporter in the pipeline for logs, and the extension under service. The queue on disk and max_elapsed_time: 0 are what keeps events while the service is away.",
    ],
  },
  {
    id: "splunk-hec",
    title: "Anything for Splunk’s HTTP Event Collector",
    group: "Forwarders",
    format: "hec",
    key: "splunk",
    path: "/services/collector/event",
    snippets: [
      {
        where: "In a shell, to try it",
        language: "sh",
        text: lines(
          "curl {{url}}/services/collector/event \\",
          "  -H 'Authorization: Splunk {{key}}' \\",
          `  -d '{"event":{"action":"user.login","actor":{"type":"user","id":"alice"},"outcome":"success"}}'`,
        ),
      },
    ],
    page: "splunk-hec",
    notes: [
      "Give the sender the URL {{url}} and the key as its token; index, source and sourcetype are kept.",
      "Libraries try little again: set their retries, as maxRetries of splunk-logging.",
    ],
  },
  {
    id: "fluent-bit",
    title: "Fluent Bit",
    group: "Forwarders",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "In fluent-bit.conf",
        language: "ini",
        text: lines(
          "[OUTPUT]",
          "    Name              http",
          "    Match             *",
          "    Host              {{host}}",
          "    Port              {{port}}",
          "    tls               {{tlsOn}}",
          `    URI               ${LOGS_PATH}`,
          "    Format            json_lines",
          "    Json_date_format  iso8601",
          "    Header            Authorization Bearer {{key}}",
          "    compress          gzip",
          "    Retry_Limit       no_limits",
        ),
      },
    ],
    page: "logs",
    notes: ["Use storage.type filesystem for its inputs, so that what waits is on disk."],
  },
  {
    id: "fluentd",
    title: "Fluentd",
    group: "Forwarders",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "In fluent.conf",
        language: "xml",
        text: lines(
          "<match **>",
          "  @type http",
          `  endpoint {{url}}${LOGS_PATH}`,
          '  headers {"Authorization":"Bearer {{key}}"}',
          "  json_array false",
          "  <buffer>",
          "    @type file",
          "    path /var/log/fluent/holdfast",
          "    retry_forever true",
          "  </buffer>",
          "</match>",
        ),
      },
    ],
    page: "logs",
    notes: ["The buffer on disk is what keeps events while the service is away."],
  },
  {
    id: "vector",
    title: "Vector",
    group: "Forwarders",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "In vector.yaml",
        language: "yaml",
        text: lines(
          "sinks:",
          "  holdfast:",
          "    type: http",
          "    inputs: [your_source]",
          `    uri: {{url}}${LOGS_PATH}`,
          "    auth: { strategy: bearer, token: {{key}} }",
          "    encoding: { codec: json }",
          "    framing: { method: newline_delimited }",
          "    compression: gzip",
          "    buffer: { type: disk, max_size: 1073741824 }",
        ),
      },
    ],
    page: "logs",
    notes: ["Its check at the start asks with HEAD, which needs no key: look here whether events arrive."],
  },
  {
    id: "syslog-ng-http",
    title: "syslog-ng, over HTTP",
    group: "Forwarders",
    format: "logs",
    key: "bearer",
    path: LOGS_PATH,
    snippets: [
      {
        where: "In syslog-ng.conf",
        language: "",
        text: lines(
          "destination d_holdfast {",
          `  http(url("{{url}}${LOGS_PATH}")`,
          '    headers("Authorization: Bearer {{key}}", "Content-Type: application/x-ndjson")',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: these are syslog-ng's names
          "    body('$(format-json --scope rfc5424,nv-pairs time=${ISODATE} id=${UNIQID})')",
          '    delimiter("\\n") batch-lines(100) batch-timeout(1000)',
          "    disk-buffer(disk-buf-size(1073741824) reliable(yes)));",
          "};",
        ),
      },
    ],
    page: "logs",
    notes: ["Add the id: without one, two equal lines within one second cannot be told from one that was sent twice."],
  },
];
