/** What the shipped rules and the dashboard ask for is what a service that runs, and a watcher, say of themselves. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { type Latest, serveMetrics } from "../../src/cli/watch/metrics.ts";
import { CHECKS } from "../../src/watch/checks.ts";
import { issue } from "../net/tls/certificates.ts";
import { event, World, waitFor } from "../system/service-process.ts";
import { askedBy, labelsIn, readDashboard, readRules } from "./shipped.ts";

/** Names of metrics with the labels that they were seen with; undefined where no value was. */
type Exposed = ReadonlyMap<string, ReadonlySet<string> | undefined>;

const DAY_MS = 86_400_000;
/** Labels that Prometheus itself gives. */
const OF_PROMETHEUS = ["job", "instance", "le"];
const world = new World({ after });
let exposed: Exposed;

function read(text: string): Exposed {
  const found = new Map<string, Set<string> | undefined>();
  for (const [, name = ""] of text.matchAll(/^# TYPE (\w+)/gm)) found.set(name, undefined);
  for (const [, sample = "", labels = ""] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const name = found.has(sample) ? sample : sample.replace(/_(?:bucket|sum|count)$/, "");
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label as string);
    found.set(name, new Set([...(found.get(name) ?? []), ...names]));
  }
  return found;
}

/** Everything that a watcher says once it has looked. */
async function watcherMetrics(): Promise<string> {
  const seen = {
    checks: Object.fromEntries(CHECKS.map((check) => [check, { mark: 0 }])),
    state: { checkpoint: { size: 1 }, open: [], claims: [], disagreements: [], roundAt: 1, heardAt: 1 },
    chain: { head: { size: 1 }, block: { time: 1 } },
  };
  const metrics = await serveMetrics({ host: "127.0.0.1", port: 0 }, "main", () => seen as unknown as Latest);
  try {
    return await (await fetch(metrics.url)).text();
  } finally {
    await metrics.close();
  }
}

before(async () => {
  const { cert, key } = issue({ name: "service", until: Date.now() + 5 * DAY_MS });
  for (const [name, text] of [
    ["cert.pem", cert],
    ["key.pem", key],
  ] as const) {
    writeFileSync(world.path(name), text, { mode: 0o600 });
  }
  const channels = [{ name: "am", alertmanager: { url: "http://127.0.0.1:9" } }];
  const service = await world.start({
    config: { embeddedIntervalS: 1, alerts: { channels } },
    env: {
      HOLDFAST_TLS_LISTEN: "127.0.0.1:0",
      HOLDFAST_TLS_CERT: world.path("cert.pem"),
      HOLDFAST_TLS_KEY: world.path("key.pem"),
      HOLDFAST_SYSLOG_UDP: "127.0.0.1:0",
    },
  });
  await service.json(201, "POST /v1/ledgers/main/events", event("a"));
  await service.json(202, "POST /v1/ledgers/main/audits", {});
  const ended = await service.json<{ id: string; key: string }>(201, "POST /v1/keys", {
    source: "gone",
    roles: ["writer"],
  });
  await service.json(200, `DELETE /v1/keys/${ended.id}`);
  await service.ask("GET /v1/ledgers", undefined, { Authorization: `Bearer ${ended.key}` });
  const socket = createSocket("udp4");
  const { syslog } = service.facts as unknown as { readonly syslog: readonly string[] };
  socket.send("<13>1 - h a - - - hello", Number(syslog[0]?.split(":").at(-1)), "127.0.0.1", () => socket.close());
  await once(socket, "close");
  const text = await waitFor("an audit to end", async () => {
    const { text } = await service.ask("GET /metrics");
    return text.includes('holdfast_audit_findings{ledger="main"') && text;
  });
  exposed = read(`${text}\n${await watcherMetrics()}`);
});

/** Everything that is asked for, with what shows it. */
function asked() {
  const { panels, templating } = readDashboard();
  return [
    ...readRules().map(({ alert, expr, text }) => ({ where: alert, expr, shown: labelsIn(text) })),
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({ where: title, expr, shown: labelsIn(legendFormat) })),
    ),
    ...templating.list.map(({ name, query }) => {
      const [, expr = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      return { where: name, expr, shown: [label] };
    }),
  ];
}

test("every metric of rules and dashboard is one that a service or a watcher has, with the labels that are asked for and shown", () => {
  const all = asked();
  assert.ok(all.length > 50);
  for (const { where, expr, shown } of all) {
    const { metrics, grouped } = askedBy(expr);
    assert.ok(metrics.size > 0, `${where}: expected a metric in ${expr}`);
    const had = new Set(OF_PROMETHEUS);
    for (const [name, labels] of metrics) {
      // Prometheus' own.
      if (name === "up") continue;
      const has = exposed.get(name);
      assert.ok(has !== undefined, `${where}: ${name} ${exposed.has(name) ? "has no value" : "is not there"}`);
      for (const label of has) had.add(label);
      for (const label of labels)
        assert.ok(has.has(label) || OF_PROMETHEUS.includes(label), `${where}: ${name}{${label}}`);
    }
    for (const label of [...grouped, ...shown]) assert.ok(had.has(label), `${where}: nothing has the label ${label}`);
    if (grouped.length > 0)
      for (const label of shown) assert.ok(grouped.includes(label), `${where}: ${label} is summed away`);
  }
});
