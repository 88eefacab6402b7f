/**
 * What a process of Node says of itself, under the names that other services of Node have for it, so that the boards which people have
 * show it: processor, memory, files, the delay of the event loop, garbage collection.
 */

import { readdirSync, readFileSync } from "node:fs";
import { constants, monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import { groupBy } from "./group-by.ts";
import { createMetrics, type MetricName, type Metrics, type Sample } from "./metrics.ts";

const MICROSECOND = 1e-6;
const NANOSECOND = 1e-9;
const MILLISECOND = 1e-3;
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];
const GC_KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};
/** Of /proc/self/status, in KiB there. */
const MEMORY: Readonly<Record<string, string>> = {
  VmRSS: "resident_memory_bytes",
  VmSize: "virtual_memory_bytes",
  VmData: "heap_bytes",
};

/** A registry with them in it; what watches the loop and the collector keeps no process alive, and lasts as long as it. */
export function createProcessMetrics(): Metrics {
  const metrics = createMetrics();
  addProcessor(metrics);
  addMemory(metrics);
  addFiles(metrics);
  addVersion(metrics);
  addLoop(metrics);
  addCollector(metrics);
  return metrics;
}

function metric(
  prefix: "process_" | "nodejs_",
  name: string,
  help: string,
  labels: readonly string[] = [],
): MetricName {
  return { prefix, name, help, labels };
}

function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

function addProcessor(metrics: Metrics): void {
  const kinds = {
    cpu_user_seconds_total: ({ user }: NodeJS.CpuUsage) => user,
    cpu_system_seconds_total: ({ system }: NodeJS.CpuUsage) => system,
    cpu_seconds_total: ({ user, system }: NodeJS.CpuUsage) => user + system,
  };
  for (const [name, of] of Object.entries(kinds)) {
    metrics.total(metric("process_", name, "Processor time of the process in seconds."), () =>
      one(of(process.cpuUsage()) * MICROSECOND),
    );
  }
  const startedAt = Math.round(Date.now() / 1000 - process.uptime());
  metrics.gauge(metric("process_", "start_time_seconds", "Start of the process in seconds since 1970."), () =>
    one(startedAt),
  );
}

function addMemory(metrics: Metrics): void {
  const help = "Memory of the process in bytes.";
  for (const [field, name] of Object.entries(MEMORY)) {
    metrics.gauge(metric("process_", name, help), () =>
      one(field === "VmRSS" ? process.memoryUsage.rss() : statusOf(field)),
    );
  }
  const parts = {
    heap_size_total_bytes: "heapTotal",
    heap_size_used_bytes: "heapUsed",
    external_memory_bytes: "external",
  };
  for (const [name, part] of Object.entries(parts)) {
    metrics.gauge(metric("nodejs_", name, help), () => one(process.memoryUsage()[part as "heapUsed"]));
  }
  const spaces = {
    heap_space_size_total_bytes: "space_size",
    heap_space_size_used_bytes: "space_used_size",
    heap_space_size_available_bytes: "space_available_size",
  } as const;
  for (const [name, part] of Object.entries(spaces)) {
    metrics.gauge(metric("nodejs_", name, "A space of the heap in bytes.", ["space"]), () =>
      getHeapSpaceStatistics().map((space) => ({
        labels: { space: space.space_name.replace(/_space$/, "") },
        value: space[part],
      })),
    );
  }
}

function statusOf(field: string): number | undefined {
  const text = procFile("status");
  const found = text === undefined ? null : new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text);
  return found === null ? undefined : Number(found[1]) * 1024;
}

/** A file that Linux has, and others have not. */
function procFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

function addFiles(metrics: Metrics): void {
  const most = /^Max open files\s+(\d+)/m.exec(procFile("limits") ?? "");
  if (most === null) return;
  metrics.gauge(metric("process_", "max_fds", "Files that may be open."), () => one(Number(most[1])));
  // The one that the folder itself is read by is not of it.
  metrics.gauge(metric("process_", "open_fds", "Files that are open."), () =>
    one(readdirSync("/proc/self/fd").length - 1),
  );
}

function addVersion(metrics: Metrics): void {
  const [major = "", minor = "", patch = ""] = process.version.slice(1).split(".");
  const labels = { version: process.version, major, minor, patch };
  metrics.gauge(metric("nodejs_", "version_info", "Version of Node.", Object.keys(labels)), () => [
    { labels, value: 1 },
  ]);
}

function addLoop(metrics: Metrics): void {
  const delays = monitorEventLoopDelay();
  delays.enable();
  const parts: Readonly<Record<string, () => number>> = {
    min: () => delays.min,
    max: () => delays.max,
    mean: () => delays.mean,
    stddev: () => delays.stddev,
    p50: () => delays.percentile(50),
    p90: () => delays.percentile(90),
    p99: () => delays.percentile(99),
  };
  for (const [name, read] of Object.entries(parts)) {
    const help = `Delay of the event loop since the last scrape, ${name}.`;
    metrics.gauge(metric("nodejs_", `eventloop_lag_${name}_seconds`, help), () => {
      const value = read() * NANOSECOND;
      return one(Number.isFinite(value) ? value : 0);
    });
  }
  metrics.gauge(metric("nodejs_", "eventloop_lag_seconds", "Delay of the event loop at the scrape."), async () => {
    const askedAt = performance.now();
    await new Promise(setImmediate);
    // The others have read theirs by now.
    delays.reset();
    return one((performance.now() - askedAt) * MILLISECOND);
  });
  const help = "What keeps the event loop going.";
  metrics.gauge(metric("nodejs_", "active_resources", help, ["type"]), () =>
    [...groupBy(process.getActiveResourcesInfo(), (type) => type)].map(([type, all]) => ({
      labels: { type },
      value: all.length,
    })),
  );
  metrics.gauge(metric("nodejs_", "active_resources_total", help), () => one(process.getActiveResourcesInfo().length));
}

function addCollector(metrics: Metrics): void {
  const took = metrics.histogram(
    metric("nodejs_", "gc_duration_seconds", "Garbage collection, by kind.", ["kind"]),
    GC_BUCKETS,
  );
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { duration, detail } = entry as { readonly duration: number; readonly detail?: { readonly kind?: number } };
      took({ kind: GC_KINDS[detail?.kind ?? -1] ?? "other" }, duration * MILLISECOND);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
}
