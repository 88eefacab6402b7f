/**
 * Prometheus and Alertmanager as Debian has them, with a real service: what it tells Alertmanager itself, and what Prometheus makes of the shipped
 * rules, fires when something is broken by hand and ends when it is mended. Run by `npm run test:alerts`.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import test, { type TestContext } from "node:test";
import { without } from "../../monitoring/program.ts";
import { RULES_FILE } from "../../monitoring/shipped.ts";
import { type ServiceProcess, World, waitFor } from "../../system/service-process.ts";
import { beat, FAULTS, SHORT } from "./faults.ts";

const skip =
  process.env.ALERTS === "all"
    ? without("prometheus", "promtool", "prometheus-alertmanager", "amtool")
    : "npm run test:alerts runs it";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a program until the test ends, and waits until it is ready. */
async function run(t: TestContext, command: string, args: readonly string[], url: string): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  t.after(() => void child.kill("SIGKILL"));
  await waitFor(`${command} to be ready`, async () => {
    assert.equal(child.exitCode, null, `${command} ended: ${said}`);
    return fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
}

async function alertmanager(t: TestContext, world: World): Promise<string> {
  const url = `http://127.0.0.1:${await freePort()}`;
  writeFileSync(world.path("am.yml"), "route: { receiver: none }\nreceivers: [{ name: none }]\n");
  const args = ["--config.file", world.path("am.yml"), "--storage.path", world.path("am"), "--cluster.listen-address="];
  await run(t, "prometheus-alertmanager", [...args, `--web.listen-address=${new URL(url).host}`], url);
  return url;
}

/** A Prometheus that looks each second, with the shipped rules but that they wait for nothing. */
async function prometheus(t: TestContext, world: World, service: ServiceProcess, am: string): Promise<void> {
  const url = `http://127.0.0.1:${await freePort()}`;
  writeFileSync(world.path("rules.yml"), readFileSync(RULES_FILE, "utf8").replaceAll(/for: \w+/g, "for: 0s"));
  writeFileSync(world.path("key"), service.key, { mode: 0o600 });
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [world.path("rules.yml")],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(am).host] }] }] },
    scrape_configs: [
      {
        job_name: "holdfast",
        authorization: { credentials_file: world.path("key") },
        static_configs: [{ targets: [new URL(service.url).host] }],
      },
    ],
  };
  writeFileSync(world.path("prometheus.yml"), JSON.stringify(config));
  execFileSync("promtool", ["check", "config", world.path("prometheus.yml")], { stdio: "ignore" });
  const args = ["--config.file", world.path("prometheus.yml"), "--storage.tsdb.path", world.path("tsdb")];
  await run(t, "prometheus", [...args, `--web.listen-address=${new URL(url).host}`], url);
}

type Found = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
};

/** What amtool shows of an alert that is active. */
function active(am: string, name: string): readonly Found[] {
  const args = [`--alertmanager.url=${am}`, "alert", "query", "-o", "json", `alertname=${name}`];
  return JSON.parse(execFileSync("amtool", args, { encoding: "utf8" })) as Found[];
}

test("a real Alertmanager has what the service tells it and what Prometheus makes of the shipped rules, once, also after a kill, until it is over", {
  skip,
}, async (t) => {
  const world = new World(t);
  const am = await alertmanager(t, world);
  const channels = [{ name: "am", from: "notice", alertmanager: { url: am } }];
  const port = await freePort();
  const start = () =>
    world.start({
      config: { embeddedIntervalS: 1, alerts: { ...SHORT, channels } },
      env: { HOLDFAST_LISTEN: `127.0.0.1:${port}` },
    });
  let service = await start();
  await prometheus(t, world, service, am);
  const silent = () => active(am, "Holdfast_source_silent");
  const marks = FAULTS.find(({ subject }) => subject === "marks_unwritable") ?? assert.fail();

  await beat(service);
  await waitFor("a silent source at Alertmanager", () => silent().length === 1);
  const [before] = silent();
  assert.deepEqual([before?.labels.severity, before?.labels.subject], ["warning", "main/beat"]);
  assert.equal(before?.annotations.runbook, "docs/alerts.md#source_silent");
  await service.stop("SIGKILL");
  await waitFor("Prometheus to see that the service is gone", () => active(am, "HoldfastDown").length === 1);
  service = await start();
  await waitFor("Prometheus to see that it is back", () => active(am, "HoldfastDown").length === 0);
  await waitFor("it fires on", async () => {
    const { firing } = await service.json<{ firing: { rule: string }[] }>(200, "GET /v1/alerts");
    return firing.some(({ rule }) => rule === "source_silent");
  });
  assert.deepEqual(
    silent().map(({ annotations, startsAt }) => [annotations.alert_id, startsAt]),
    [[before?.annotations.alert_id, before?.startsAt]],
    "the same alert after the kill",
  );
  await waitFor("it to be over at Alertmanager", async () => {
    await beat(service);
    return silent().length === 0;
  });

  await marks.breakIt(service);
  await waitFor("what Prometheus makes of it", () => active(am, "HoldfastFails").length === 1);
  await waitFor("what the service says of it", () => active(am, "Holdfast_condition").length > 0);
  assert.equal(active(am, "HoldfastFails")[0]?.annotations.runbook, "docs/operations.md#marks_unwritable");
  await marks.mend(service);
  await waitFor(
    "both to be over",
    () => active(am, "HoldfastFails").length + active(am, "Holdfast_condition").length === 0,
  );
});
