/**
 * Numbers by which senders count what they send, and what is missing of them. A sequence is judged only when it has proved to be one: when a
 * hundred numbers came without a gap. What is missing may come late; what came before is no gap, and one that begins anew is another one.
 * Why: docs/decisions/0236.
 */

import { readJson } from "../../json/read.ts";
import { asObject, type JsonObject } from "../text/foreign-values.ts";

/** Numbers of one sequence that came one after another, both ends included. */
export type SequenceSpan = { readonly of: string; readonly from: number; readonly to: number };

/** Numbers that did not come, and since when; ms since 1970. */
export type SequenceGap = { readonly of: string; readonly from: number; readonly to: number; readonly since: number };

type Hole = { readonly from: number; readonly to: number; readonly since: number };
type Stream = { readonly next: number; readonly run: number; readonly first: number; readonly holes: readonly Hole[] };

/** Without a gap, before something is missed. */
const PROVED = 100;
/** Sequences of a source, and holes in one, of which the newest are kept. */
const STREAMS_MAX = 64;
const HOLES_MAX = 32;
const OF_MAX = 200;
/** RFC 5424 §7.3.1 has numbers up to 2^31 - 1, CloudEvents texts of any length. */
const NUMBER = /^\d{1,15}$/;

/** The numbers that an item of a format has: one that may count for a host or for a program of it counts for both. */
export function sequencesOf(format: string, { metadata }: Readonly<Record<string, unknown>>): readonly SequenceSpan[] {
  if (format !== "cloudevents" && format !== "syslog") return [];
  const { extensions, source, structured_data: data, host, app } = asObject(metadata) ?? ({} as JsonObject);
  const number = numberOf(
    format === "syslog" ? asObject(asObject(data)?.meta)?.sequenceId : asObject(extensions)?.sequence,
  );
  if (number === undefined) return [];
  const names = format === "syslog" ? [`${host ?? "-"}`, `${host ?? "-"} ${app ?? "-"}`] : [`${source ?? "-"}`];
  return names.map((of) => ({ of: of.slice(0, OF_MAX).toWellFormed(), from: number, to: number }));
}

function numberOf(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && NUMBER.test(text) ? Number(text) : undefined;
}

/** Numbers as they come, as one span where they go on. Each item may name another sequence, so none is looked for among all of them. */
export class SequenceSpans {
  readonly #spans: SequenceSpan[] = [];
  /** By sequence, where its last span is. */
  readonly #last = new Map<string, number>();

  get all(): readonly SequenceSpan[] {
    return this.#spans;
  }

  add(more: readonly SequenceSpan[]): void {
    for (const span of more) {
      const { of, from, to } = span;
      const at = this.#last.get(of);
      const last = at === undefined ? undefined : this.#spans[at];
      if (at !== undefined && last !== undefined && last.to + 1 === from) this.#spans[at] = { ...last, to };
      else this.#last.set(of, this.#spans.push(span) - 1);
    }
  }
}

/** The sequences of one source in one ledger. */
export class SourceSequences {
  readonly #streams: Map<string, Stream>;

  /** @param text what was kept */
  constructor(text?: string) {
    this.#streams = new Map(text === undefined ? [] : streamsOf(text));
  }

  take(spans: readonly SequenceSpan[], now: number): void {
    for (const span of spans) {
      const before = this.#streams.get(span.of);
      this.#streams.delete(span.of);
      this.#streams.set(span.of, goOn(before, span, now));
      if (this.#streams.size > STREAMS_MAX) this.#streams.delete(this.#streams.keys().next().value as string);
    }
  }

  gaps(): SequenceGap[] {
    return [...this.#streams].flatMap(([of, { holes }]) => holes.map((hole) => ({ of, ...hole })));
  }

  kept(): string {
    return JSON.stringify([...this.#streams]);
  }
}

function goOn(before: Stream | undefined, { from, to }: SequenceSpan, now: number): Stream {
  const begun = { next: to + 1, run: to - from + 1, first: from, holes: [] };
  if (before === undefined) return begun;
  const { next, run, first, holes } = before;
  const length = to - from + 1;
  if (from === next) return { ...before, next: to + 1, run: run + length };
  if (from > next) {
    // One that is no sequence, or is counted by others too, leaves numbers out all the time.
    if (run < PROVED) return { ...begun, holes };
    const hole = { from: next, to: from - 1, since: now };
    return { ...before, next: to + 1, run: run + length, holes: [...holes, hole].slice(-HOLES_MAX) };
  }
  // From its beginning, or from before all that is known: a sender that was started again. Else what came late, or came before.
  if (from <= 1 || to < first) return { ...begun, holes };
  const left = holes.flatMap((hole) => without(hole, from, to));
  return { ...before, next: Math.max(next, to + 1), holes: left };
}

function without(hole: Hole, from: number, to: number): Hole[] {
  if (to < hole.from || from > hole.to) return [hole];
  const parts = [
    { ...hole, to: from - 1 },
    { ...hole, from: to + 1 },
  ];
  return parts.filter((each) => each.from <= each.to);
}

function streamsOf(text: string): [string, Stream][] {
  try {
    const value = readJson(text) as [string, Stream][];
    return value.filter(([of, { next, holes }]) => typeof of === "string" && next >= 0 && Array.isArray(holes));
  } catch {
    return [];
  }
}
