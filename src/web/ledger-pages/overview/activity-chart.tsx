/** Events recorded over the last day or hour, as bars. The door of uPlot. */

import { useEffect, useRef } from "preact/hooks";
import "./browser-language.ts";
import uPlot from "uplot";
import { formatCount, formatTime } from "../../parts/format.ts";
import type { Bars } from "./buckets.ts";

const HEIGHT = 200;
/** Room above the bars for the marks of the anchors. */
const MARKS_HEIGHT = 20;
const MARK_RADIUS = 3.5;

/** A checkpoint that a chain took, by the time of its block in seconds since 1970. */
export type AnchorMark = { readonly at: number; readonly isFinal: boolean };

/** Draws the anchors in a row above the bars: a full disc for a final one, a ring for one in a block. */
function drawMarks(chart: uPlot, marks: readonly AnchorMark[], place: HTMLElement): void {
  const { ctx, bbox } = chart;
  const scale = devicePixelRatio;
  const final = colour(place, "good");
  const mined = colour(place, "accent");
  ctx.save();
  ctx.lineWidth = 1.5 * scale;
  for (const { at, isFinal } of marks) {
    const x = chart.valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.arc(x, bbox.top - (MARKS_HEIGHT / 2) * scale, MARK_RADIUS * scale, 0, 2 * Math.PI);
    ctx.fillStyle = final;
    ctx.strokeStyle = isFinal ? final : mined;
    if (isFinal) ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

/** What a variable of the palette is at this moment; the canvas knows no variables. */
function colour(place: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  place.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function font(place: HTMLElement): string {
  return `12px ${getComputedStyle(place).fontFamily}`;
}

function optionsFor(place: HTMLElement, bars: Bars, marks: readonly AnchorMark[]): uPlot.Options {
  const axis = {
    stroke: colour(place, "muted"),
    font: font(place),
    grid: { stroke: colour(place, "rule"), width: 1 },
    ticks: { show: false },
  };
  const paths = uPlot.paths.bars?.({ size: [0.86, 40], align: 1 });
  return {
    width: place.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    legend: { show: false },
    cursor: { show: false },
    padding: [MARKS_HEIGHT, 8, 0, 0],
    hooks: { draw: [(chart) => drawMarks(chart, marks, place)] },
    scales: {
      x: { range: [bars.from[0] ?? 0, (bars.from.at(-1) ?? 1) + bars.lengthS] },
      y: { range: (_, _min, max) => [0, Math.max(4, max * 1.08)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: [[1, "{HH}:{mm}", null, null, null, null, null, null, 0]],
        space: 64,
        size: 28,
      },
      { ...axis, size: 48, values: (_, splits) => splits.map((n) => (Number.isInteger(n) ? formatCount(n) : "")) },
    ],
    series: [
      {},
      { fill: colour(place, "accent"), width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) },
    ],
  };
}

function summary({ from, counts }: Bars): string {
  const peak = Math.max(...counts);
  const at = from[counts.indexOf(peak)] ?? 0;
  const total = counts.reduce((sum, n) => sum + n, 0);
  return `${formatCount(total)} events; most in the bar from ${formatTime(at * 1000)} UTC: ${formatCount(peak)}`;
}

/** A soft ground behind the bar that is read. */
function drawBand(chart: uPlot, bars: Bars, selected: number | undefined, place: HTMLElement): void {
  const from = selected === undefined ? undefined : bars.from[selected];
  if (from === undefined) return;
  const { ctx, bbox } = chart;
  const left = chart.valToPos(from, "x", true);
  const width = chart.valToPos(from + bars.lengthS, "x", true) - left;
  ctx.save();
  ctx.fillStyle = colour(place, "accent-soft");
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.restore();
}

/** Where a bar stands that the mouse is above. */
function barAt(chart: uPlot, bars: Bars, x: number): number | undefined {
  const at = chart.posToVal(x - chart.over.getBoundingClientRect().left, "x");
  const bar = Math.floor((at - (bars.from[0] ?? 0)) / bars.lengthS);
  return bar >= 0 && bar < bars.from.length ? bar : undefined;
}

/** What arrow keys and their like make of the bar that is read. */
function moved(key: string, selected: number | undefined, count: number): number | undefined {
  const last = count - 1;
  if (key === "ArrowLeft") return Math.max(0, (selected ?? count) - 1);
  if (key === "ArrowRight") return Math.min(last, (selected ?? last) + 1);
  if (key === "Home") return 0;
  return key === "End" ? last : undefined;
}

type Props = {
  readonly bars: Bars;
  readonly marks: readonly AnchorMark[];
  /** Position of the bar that is read. */
  readonly selected: number | undefined;
  readonly onSelect: (bar: number | undefined) => void;
  /** What is to be read of it. */
  readonly reading: string;
  readonly onOpen: (bar: number) => void;
};

/** Draws the chart into its place, again whenever its size, its colours or what it shows become others. */
function useChart({ bars, marks, selected }: Pick<Props, "bars" | "marks" | "selected">) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const band = useRef(selected);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = () => {
      chart.current?.destroy();
      const options = optionsFor(element, bars, marks);
      options.hooks = { ...options.hooks, drawAxes: [(drawn) => drawBand(drawn, bars, band.current, element)] };
      chart.current = new uPlot(options, [[...bars.from], [...bars.counts]], element);
    };
    const resized = new ResizeObserver(draw);
    resized.observe(element);
    // The colours are read when it is drawn, so it is drawn again when they change.
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      resized.disconnect();
      dark.removeEventListener("change", draw);
      themed.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [bars, marks]);
  useEffect(() => {
    band.current = selected;
    chart.current?.redraw(false);
  }, [selected]);
  return { place, chart };
}

/** Bars that are read by pointing at them or with the arrow keys, and opened by pressing them or Enter. */
export function ActivityChart({ bars, marks, selected, onSelect, reading, onOpen }: Props) {
  const { place, chart } = useChart({ bars, marks, selected });
  const last = bars.from.length - 1;
  const press = (event: KeyboardEvent) => {
    const next = moved(event.key, selected, bars.from.length);
    if (event.key === "Enter" && selected !== undefined) onOpen(selected);
    else if (event.key === "Escape") onSelect(undefined);
    else if (next !== undefined) onSelect(next);
    else return;
    event.preventDefault();
  };
  return (
    <div
      class="chart"
      ref={place}
      role="slider"
      tabIndex={0}
      aria-label={summary(bars)}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={selected ?? last}
      aria-valuetext={reading}
      onKeyDown={press}
      onMouseMove={(event) => onSelect(chart.current && barAt(chart.current, bars, event.clientX))}
      onMouseLeave={() => onSelect(undefined)}
      onClick={() => {
        if (selected !== undefined) onOpen(selected);
      }}
    />
  );
}
