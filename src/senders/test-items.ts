/**
 * One known item of each format, as a sender of it sends it: for `holdfast sources test`, and marked as a test by what it says
 * of itself. A mark that is made for each run tells it from all others.
 */

/** A known item. Its texts have `{{mark}}`, `{{time}}`, `{{seconds}}`, `{{micros}}`, `{{nanos}}` and `{{ledger}}` in double braces. */
export type TestItem = {
  readonly format: string;
  readonly path: string;
  /** How the key is shown. */
  readonly scheme: "Bearer" | "Splunk";
  readonly headers: Readonly<Record<string, string>>;
  /** What stands around the item in the request. */
  readonly before: string;
  /** What has to be recorded exactly: as `_raw`, or for our own events member by member. */
  readonly item: string;
  readonly after: string;
  /** The action under which it arrives. */
  readonly action: string;
};

const JSON_TYPE = { "Content-Type": "application/json" };

function ingest(format: string): string {
  return `/v1/ledgers/{{ledger}}/ingest/${format}`;
}

export const TEST_ITEMS: readonly TestItem[] = [
  {
    format: "native",
    path: "/v1/ledgers/{{ledger}}/events",
    scheme: "Bearer",
    headers: JSON_TYPE,
    before: "",
    item: '{"id":"{{mark}}","action":"holdfast.test","time":"{{time}}","actor":{"type":"service","id":"holdfast-sources-test"},"outcome":"success","message":"A test of the pipeline"}',
    after: "",
    action: "holdfast.test",
  },
  {
    format: "logs",
    path: ingest("logs"),
    scheme: "Bearer",
    headers: { "Content-Type": "application/x-ndjson" },
    before: "",
    item: '{"id":"{{mark}}","action":"holdfast.test","time":"{{time}}","actor":{"type":"service","id":"holdfast-sources-test"},"outcome":"success","message":"A test of the pipeline"}',
    after: "\n",
    action: "holdfast.test",
  },
  {
    format: "hec",
    path: "/services/collector/event",
    scheme: "Splunk",
    headers: {},
    before: "",
    item: '{"time":"{{seconds}}","host":"holdfast-sources-test","event":{"action":"holdfast.test","message":"A test of the pipeline","mark":"{{mark}}"}}',
    after: "",
    action: "holdfast.test",
  },
  {
    format: "otlp",
    path: "/v1/ledgers/{{ledger}}/ingest/otlp/v1/logs",
    scheme: "Bearer",
    headers: JSON_TYPE,
    before:
      '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"holdfast-sources-test"}}]},"scopeLogs":[{"logRecords":[',
    item: '{"timeUnixNano":"{{nanos}}","eventName":"holdfast.test","body":{"stringValue":"A test of the pipeline"},"attributes":[{"key":"test.mark","value":{"stringValue":"{{mark}}"}}]}',
    after: "]}]}]}",
    action: "holdfast.test",
  },
  {
    format: "cloudevents",
    path: ingest("cloudevents"),
    scheme: "Bearer",
    headers: { "Content-Type": "application/cloudevents+json" },
    before: "",
    item: '{"specversion":"1.0","id":"{{mark}}","source":"/holdfast-sources-test","type":"holdfast.test","time":"{{time}}","data":{"message":"A test of the pipeline"}}',
    after: "",
    action: "holdfast.test",
  },
  {
    format: "kubernetes",
    path: ingest("kubernetes"),
    scheme: "Bearer",
    headers: JSON_TYPE,
    before: '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[',
    item: '{"level":"Metadata","auditID":"{{mark}}","stage":"ResponseComplete","requestURI":"/holdfast-test","verb":"get","user":{"username":"holdfast-sources-test"},"responseStatus":{"code":200},"requestReceivedTimestamp":"{{time}}","stageTimestamp":"{{time}}"}',
    after: "]}",
    action: "k8s.nonresource.get",
  },
  {
    format: "github",
    path: ingest("github"),
    scheme: "Bearer",
    headers: { ...JSON_TYPE, "x-github-event": "ping", "x-github-delivery": "{{mark}}" },
    before: "",
    item: '{"zen":"A test of the pipeline: holdfast.test {{mark}}","hook_id":0}',
    after: "",
    action: "com.github.ping",
  },
  {
    format: "gitlab",
    path: ingest("gitlab"),
    scheme: "Bearer",
    headers: { ...JSON_TYPE, "x-gitlab-event": "System Hook", "idempotency-key": "{{mark}}" },
    before: "",
    item: '{"event_name":"holdfast_test","created_at":"{{time}}","message":"A test of the pipeline {{mark}}"}',
    after: "",
    action: "com.gitlab.holdfast_test",
  },
  {
    format: "standard-webhooks",
    path: ingest("standard-webhooks"),
    scheme: "Bearer",
    headers: { ...JSON_TYPE, "webhook-id": "{{mark}}" },
    before: "",
    item: '{"type":"holdfast.test","timestamp":"{{time}}","data":{"message":"A test of the pipeline {{mark}}"}}',
    after: "",
    action: "holdfast.test",
  },
  {
    format: "aws",
    path: ingest("aws"),
    scheme: "Bearer",
    headers: JSON_TYPE,
    before: "",
    item: '{"version":"0","id":"{{mark}}","detail-type":"holdfast.test","source":"holdfast-sources-test","account":"000000000000","time":"{{time}}","region":"none","resources":[],"detail":{"message":"A test of the pipeline"}}',
    after: "",
    action: "aws.events.holdfast-sources-test.holdfast.test",
  },
  {
    format: "google",
    path: ingest("google"),
    scheme: "Bearer",
    headers: JSON_TYPE,
    before: "",
    item: '{"insertId":"{{mark}}","logName":"projects/holdfast-sources-test/logs/holdfast.test","timestamp":"{{time}}","severity":"INFO","textPayload":"A test of the pipeline","resource":{"type":"global"}}',
    after: "",
    action: "google.log.holdfast.test",
  },
  {
    format: "azure",
    path: ingest("azure"),
    scheme: "Bearer",
    headers: JSON_TYPE,
    before: '{"records":[',
    item: '{"time":"{{time}}","operationName":"holdfast.test","category":"Administrative","correlationId":"{{mark}}","resultType":"Success","identity":{"claims":{"appid":"holdfast-sources-test"}}}',
    after: "]}",
    action: "azure.holdfast.test",
  },
  {
    format: "journal",
    path: "/v1/ledgers/{{ledger}}/ingest/journal/upload",
    scheme: "Bearer",
    headers: { "Content-Type": "application/vnd.fdo.journal" },
    before: "",
    item: "__CURSOR={{mark}}\n__REALTIME_TIMESTAMP={{micros}}\nSYSLOG_IDENTIFIER=holdfast-sources-test\nMESSAGE=A test of the pipeline: holdfast.test\n",
    after: "\n",
    action: "journal.holdfast-sources-test",
  },
  {
    format: "syslog",
    path: ingest("syslog"),
    scheme: "Bearer",
    headers: { "Content-Type": "text/plain" },
    before: "",
    item: "<86>1 {{time}} host holdfast-sources-test - - - A test of the pipeline {{mark}}",
    after: "\n",
    action: "syslog.holdfast-sources-test",
  },
];

export function testItemOf(format: string): TestItem | undefined {
  return TEST_ITEMS.find((item) => item.format === format);
}

/** A known item as it is sent this time. */
export type FilledItem = {
  readonly mark: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly item: string;
};

/** @param now milliseconds since 1970 */
export function fillItem(known: TestItem, mark: string, now: number, ledger: string): FilledItem {
  const values: Readonly<Record<string, string>> = {
    mark,
    time: new Date(now).toISOString(),
    seconds: (now / 1000).toFixed(3),
    micros: `${now}000`,
    nanos: `${now}000000`,
    ledger: encodeURIComponent(ledger),
  };
  const fill = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
  return {
    mark,
    path: fill(known.path),
    headers: Object.fromEntries(Object.entries(known.headers).map(([name, value]) => [name, fill(value)])),
    body: fill(known.before + known.item + known.after),
    item: fill(known.item),
  };
}
