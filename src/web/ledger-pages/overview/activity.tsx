/** What has been recorded lately: the chart, the rate, and the most frequent actions and actors. */

import { useMemo, useState } from "preact/hooks";
import { spellValue } from "../../../entry/spelled-value.ts";
import { formatCount, formatRate, formatTime } from "../../parts/format.ts";
import { CutText } from "../../parts/text/cut-text.tsx";
import type { AnchorAnswer, Frequent, StatsAnswer } from "../answers.ts";
import { useReach } from "../live/service-reachable.tsx";
import { routeHash } from "../route.ts";
import { goTo } from "../router.ts";
import { ActivityChart } from "./activity-chart.tsx";
import { barsOf, ratePerMinute, readBar, timeOfBar } from "./buckets.ts";

const MINUTE_MS = 60_000;
const SPANS = {
  "Last day": {
    spanMs: 1440 * MINUTE_MS,
    wide: { minutes: 15, words: "15 minutes" },
    narrow: { minutes: 60, words: "hour" },
  },
  "Last hour": {
    spanMs: 60 * MINUTE_MS,
    wide: { minutes: 1, words: "minute" },
    narrow: { minutes: 2, words: "2 minutes" },
  },
} as const;
type SpanName = keyof typeof SPANS;
/** Below this width of the window, in pixels, bars would be too thin to be told apart. */
const NARROW = 600;
const RATE_MINUTES = 5;

type Props = {
  readonly ledger: string;
  readonly stats: StatsAnswer;
  readonly anchors: readonly AnchorAnswer[];
  readonly now: number;
};

export function Activity({ ledger, stats, anchors, now }: Props) {
  const [name, setName] = useState<SpanName>("Last day");
  const { isLost } = useReach();
  const { spanMs, wide, narrow } = SPANS[name];
  const { minutes, words } = innerWidth < NARROW ? narrow : wide;
  const barMs = minutes * MINUTE_MS;
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const bars = useMemo(() => barsOf(stats, minute, spanMs, barMs), [stats, minute, spanMs, barMs]);
  const times = anchors.map(({ blockTime }) => blockTime);
  const marks = useMemo(
    () => anchors.map(({ blockTime, stage }) => ({ at: blockTime, isFinal: stage === "final" })),
    [anchors],
  );
  const [selected, setSelected] = useState<number | undefined>(undefined);
  const reading =
    selected === undefined || selected >= bars.from.length
      ? "Point at a bar to read it, press it to see its events"
      : readBar(bars, selected, times);
  return (
    <section class="card">
      <div class="row between">
        <h2>
          Events per {words}{" "}
          <span class="muted small normal">
            {formatRate(ratePerMinute(stats, now, RATE_MINUTES))}/min{" "}
            {isLost ? `at ${formatTime(now).slice(11, 16)}` : "now"}, times in UTC
          </span>
        </h2>
        <fieldset class="segments" aria-label="Time shown">
          {(Object.keys(SPANS) as SpanName[]).map((each) => (
            <button type="button" key={each} aria-pressed={each === name} onClick={() => setName(each)}>
              {each}
            </button>
          ))}
        </fieldset>
      </div>
      <ActivityChart
        bars={bars}
        marks={marks}
        selected={selected}
        onSelect={setSelected}
        reading={reading}
        onOpen={(bar) => goTo({ ledger, page: "events", query: new URLSearchParams(timeOfBar(bars, bar)) })}
      />
      <p class="chart-key small muted">
        <span class={selected === undefined ? "chart-reading" : "chart-reading read"}>{reading}</span>
        <span class="marked">
          <i class="disc good" /> final anchor
        </span>
        <span class="marked">
          <i class="disc ring half" /> anchor in a block
        </span>
      </p>
    </section>
  );
}

type TopProps = {
  readonly title: string;
  readonly filter: "action" | "actor" | "outcome";
  readonly values: readonly Frequent[];
  readonly ledger: string;
};

/** The most frequent values of a day, each a link to its events. */
export function TopValues({ title, filter, values, ledger }: TopProps) {
  const most = Math.max(1, ...values.map(({ count }) => count));
  return (
    <section class="card">
      <h2>{title}</h2>
      {values.length === 0 ? <p class="muted small">Nothing in the last day.</p> : null}
      <ul class="tops">
        {values.map(({ value, count }) => (
          <li key={value}>
            <a
              href={routeHash({ ledger, page: "events", query: new URLSearchParams({ [filter]: spellValue(value) }) })}
            >
              <CutText text={value} />
            </a>
            <span class="number">{formatCount(count)}</span>
            <meter min={0} max={most} value={count} aria-hidden="true" />
          </li>
        ))}
      </ul>
    </section>
  );
}
