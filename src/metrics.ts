/**
 * Metrics in the text format of Prometheus, version 0.0.4: counters, histograms, and gauges that are read when somebody asks.
 * Everything that counts registers here. What a process says of itself is in process-metrics.ts.
 * Why: docs/decisions/0220.
 */

type Labels = Readonly<Record<string, string>>;
/** One value of a gauge, as it is at the moment of the scrape. */
export type Sample = { readonly labels: Labels; readonly value: number };
/** Name in snake case with its unit last, and what it means. */
export type MetricName = {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Of ours it is `holdfast_`. */
  readonly prefix?: string;
};

export interface Metrics {
  /** A number that only grows. */
  counter(metric: MetricName): (labels: Labels, by?: number) => void;
  /** One that is counted elsewhere, and read when somebody asks for it. */
  total(metric: MetricName, read: () => Iterable<Sample>): void;
  /** A distribution; `buckets` are upper bounds. */
  histogram(metric: MetricName, buckets: readonly number[]): (labels: Labels, value: number) => void;
  /** Values that are read when somebody asks for them. */
  gauge(metric: MetricName, read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
  /** Everything, as text. */
  text(): Promise<string>;
  /** Content type of the text. */
  readonly contentType: string;
}

/** Of one metric: the lines of its values. */
type Values = () => Iterable<string> | Promise<Iterable<string>>;

/** What was observed under the same labels. */
type Distribution = { readonly counts: number[]; sum: number; count: number };

/** An empty registry. */
export function createMetrics(): Metrics {
  const texts = new Map<string, () => Promise<string>>();
  const register = (metric: MetricName, type: string, values: (name: string) => Values): void => {
    const name = nameOf(metric);
    if (texts.has(name)) throw new Error(`expected a metric of a name of its own, got a second ${name}`);
    const head = `# HELP ${name} ${escaped(metric.help)}\n# TYPE ${name} ${type}`;
    const read = values(name);
    texts.set(name, async () => [head, ...(await read())].join("\n"));
  };
  return {
    counter(metric) {
      const totals = new Map<string, number>(hasLabels(metric) ? [] : [["", 0]]);
      register(metric, "counter", (name) => () => [...totals].map(([labels, value]) => line(name, labels, value)));
      const spelled = speller(metric);
      return (labels, by = 1) => {
        if (!(by >= 0)) throw new RangeError(`expected a count that grows, got ${by} more of ${metric.name}`);
        const key = spelled(labels);
        totals.set(key, (totals.get(key) ?? 0) + by);
      };
    },
    histogram(metric, buckets) {
      const begin = (): Distribution => ({ counts: buckets.map(() => 0), sum: 0, count: 0 });
      const found = new Map<string, Distribution>(hasLabels(metric) ? [] : [["", begin()]]);
      register(metric, "histogram", (name) => () => {
        return [...found].flatMap(([labels, each]) => distributionLines(name, labels, each, buckets));
      });
      const spelled = speller(metric);
      return (labels, value) => {
        const key = spelled(labels);
        let one = found.get(key);
        if (one === undefined) {
          one = begin();
          found.set(key, one);
        }
        let bucket = 0;
        while (bucket < buckets.length && value > (buckets[bucket] as number)) bucket++;
        if (bucket < buckets.length) one.counts[bucket] = (one.counts[bucket] as number) + 1;
        one.sum += value;
        one.count += 1;
      };
    },
    total: (metric, read) => register(metric, "counter", (name) => () => sampleLines(name, metric, read())),
    gauge: (metric, read) => register(metric, "gauge", (name) => async () => sampleLines(name, metric, await read())),
    text: async () => `${(await Promise.all([...texts.values()].map((text) => text()))).join("\n\n")}\n`,
    contentType: "text/plain; version=0.0.4; charset=utf-8",
  };
}

function nameOf({ name, prefix = "holdfast_" }: MetricName): string {
  return prefix + name;
}

function hasLabels({ labels = [] }: MetricName): boolean {
  return labels.length > 0;
}

/** Spells labels again and again: what was spelled once is kept, as its value is. */
function speller(metric: MetricName): (labels: Labels) => string {
  const kept = new Map<string, string>();
  return (labels) => {
    let key = "";
    for (const name in labels) key += `${name}=${labels[name]}\0`;
    let text = kept.get(key);
    if (text === undefined) {
      text = spell(metric, labels);
      kept.set(key, text);
    }
    return text;
  };
}

/** Labels as they stand in a line, in the order in which they were given; the same ones are the same text. */
function spell(metric: MetricName, labels: Labels): string {
  let text = "";
  for (const name in labels) {
    if (metric.labels?.includes(name) !== true) {
      throw new RangeError(`expected labels of ${metric.name}, got ${JSON.stringify(name)}`);
    }
    text += `${text === "" ? "" : ","}${name}="${escaped(labels[name] as string).replaceAll('"', '\\"')}"`;
  }
  return text;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${spellNumber(value)}`;
}

function spellNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value < 0 ? "-Inf" : "+Inf";
}

/** What was read; without labels it is 0 where nothing was. */
function sampleLines(name: string, metric: MetricName, samples: Iterable<Sample>): string[] {
  const now = new Map<string, number>(hasLabels(metric) ? [] : [["", 0]]);
  for (const { labels, value } of samples) now.set(spell(metric, labels), value);
  return [...now].map(([labels, value]) => line(name, labels, value));
}

function distributionLines(
  name: string,
  labels: string,
  { counts, sum, count }: Distribution,
  buckets: readonly number[],
): string[] {
  let upTo = 0;
  const more = labels === "" ? "" : `,${labels}`;
  const bucket = (bound: string, value: number) => line(`${name}_bucket`, `le="${bound}"${more}`, value);
  return [
    ...buckets.map((bound, i) => {
      upTo += counts[i] as number;
      return bucket(String(bound), upTo);
    }),
    bucket("+Inf", count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ];
}
