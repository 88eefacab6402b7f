/**
 * Metrics in the text format of Prometheus. Everything that counts registers here; nobody else knows the library.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

type Labels = Readonly<Record<string, string>>;
/** One value of a gauge, as it is at the moment of the scrape. */
export type Sample = { readonly labels: Labels; readonly value: number };
/** Name in snake case with its unit last, and what it means. */
export type MetricName = { readonly name: string; readonly help: string; readonly labels?: readonly string[] };

export interface Metrics {
  /** A number that only grows. */
  counter(metric: MetricName): (labels: Labels, by?: number) => void;
  /** A distribution; `buckets` are upper bounds. */
  histogram(metric: MetricName, buckets: readonly number[]): (labels: Labels, value: number) => void;
  /** Values that are read when somebody asks for them. */
  gauge(metric: MetricName, read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
  /** Everything, as text. */
  text(): Promise<string>;
  /** Content type of the text. */
  readonly contentType: string;
}

/** A registry of its own, with the process's memory, event loop and garbage collection in it when asked. */
export function createMetrics(options: { readonly ofProcess?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.ofProcess === true) collectDefaultMetrics({ register: registry });
  const base = ({ name, help, labels = [] }: MetricName) => ({
    name: `holdfast_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter(metric) {
      const counter = new Counter(base(metric));
      return (labels, by = 1) => counter.inc(labels, by);
    },
    histogram(metric, buckets) {
      const histogram = new Histogram({ ...base(metric), buckets: [...buckets] });
      return (labels, value) => histogram.observe(labels, value);
    },
    gauge(metric, read) {
      const gauge: Gauge = new Gauge({
        ...base(metric),
        async collect() {
          gauge.reset();
          for (const { labels, value } of await read()) gauge.set(labels, value);
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
