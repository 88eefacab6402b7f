/** The text of metrics, compared with that of prom-client, which many know, and the names of what a process says of itself. */

import assert from "node:assert/strict";
import test from "node:test";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { createMetrics, type Sample } from "../src/metrics.ts";
import { createProcessMetrics } from "../src/process-metrics.ts";
import { random } from "./query/random-events.ts";

const HOSTILE = ['a "word"', "back\\slash", "two\nlines", "", "ü", "plain"];
const BUCKETS = [0.005, 0.5, 1, 2.5];

function labelsOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, HOSTILE[random(HOSTILE.length)] as string]));
}

test("whatever is counted, measured and read is told as prom-client tells it", async () => {
  const registry = new Registry();
  const metrics = createMetrics();
  for (const labels of [[], ["route"], ["route", "status"]]) {
    const name = `n${labels.length}`;
    const metric = (kind: string) => ({ name: `${kind}_${name}`, help: "Line \\ one\nand two", labels });
    const known = (kind: string) => ({
      name: `holdfast_${kind}_${name}`,
      help: "Line \\ one\nand two",
      labelNames: labels,
      registers: [registry],
    });
    const samples: Sample[] = Array.from({ length: labels.length === 0 ? 1 : 5 }, () => ({
      labels: labelsOf(labels),
      value: [0, -1.5, 1e21, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][random(5)] as number,
    }));
    const counter = new Counter(known("counter"));
    const histogram = new Histogram({ ...known("histogram"), buckets: BUCKETS });
    const gauge: Gauge = new Gauge({
      ...known("gauge"),
      collect() {
        gauge.reset();
        for (const { labels: own, value } of samples) gauge.set(own, value);
      },
    });
    const count = metrics.counter(metric("counter"));
    const observe = metrics.histogram(metric("histogram"), BUCKETS);
    metrics.gauge(metric("gauge"), () => samples);
    assert.equal(await metrics.text(), await registry.metrics(), "before anything was counted");
    for (let i = 0; i < 200; i++) {
      const own = labelsOf(labels);
      const by = [1, 0.25, 0, 7][random(4)] as number;
      counter.inc(own, by);
      count(own, by);
      const value = [...BUCKETS, 0, 0.7, 99, 2.500001][random(8)] as number;
      histogram.observe(own, value);
      observe(own, value);
    }
  }
  assert.equal(await metrics.text(), await registry.metrics());
  assert.equal(metrics.contentType, registry.contentType);
});

test("a gauge that is not a number, a count that shrinks, a label that was not said and a name that is taken are told or refused", async () => {
  const metrics = createMetrics();
  metrics.gauge({ name: "g", help: "g" }, () => [{ labels: {}, value: Number.NaN }]);
  assert.match(await metrics.text(), /^holdfast_g NaN$/m);
  const count = metrics.counter({ name: "c", help: "c", labels: ["route"] });
  assert.throws(() => count({ route: "x" }, -1), /a count that grows/);
  assert.throws(() => count({ rout: "x" }), /labels of c, got "rout"/);
  assert.throws(() => metrics.counter({ name: "c", help: "again" }), /a name of its own, got a second holdfast_c/);
});

/** Of these Node has no public source. */
const LEFT_OUT = /^nodejs_active_(handles|requests)/;

test("a process is told under the names that other services of Node have for it, with values that can be", async () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createProcessMetrics();
  const typesIn = (text: string) =>
    [...text.matchAll(/^# TYPE (\S+ \w+)$/gm)].map(([, type]) => type as string).filter((type) => !LEFT_OUT.test(type));
  const text = await metrics.text();
  assert.deepEqual(typesIn(text).sort(), typesIn(await registry.metrics()).sort());
  const numberOf = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  assert.ok(numberOf("process_cpu_seconds_total") > 0.01);
  assert.ok(numberOf("nodejs_heap_size_used_bytes") > 1e6);
  assert.ok(Math.abs(numberOf("process_start_time_seconds") - (Date.now() / 1000 - process.uptime())) < 2);
  if (process.platform === "linux") {
    assert.ok(numberOf("process_resident_memory_bytes") > 1e7);
    assert.ok(numberOf("process_heap_bytes") > 1e6);
    assert.ok(numberOf("process_max_fds") > numberOf("process_open_fds"));
    assert.ok(numberOf("process_open_fds") > 2);
  }
  assert.match(text, new RegExp(`^nodejs_version_info\\{version="${process.version}",major="\\d+",.*\\} 1$`, "m"));
  assert.match(text, /^nodejs_heap_space_size_used_bytes\{space="old"\} \d+$/m);
});
