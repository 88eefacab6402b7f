/**
 * Rules that nobody put yet, held against the newest events of a ledger: what of them would have been refused, or quarantined. What
 * is looked at is each event as it is recorded, by the same judge as when it came. The thread is given back between events, and
 * the work ends with its time.
 */

import type { Entry } from "../../entry/entry.ts";
import type { Event } from "../../entry/event.ts";
import { OF_THE_SERVICE, readMembers } from "../../entry/prepare.ts";
import { NATIVE } from "../known-formats.ts";
import { Judge, type Violation } from "./check-event.ts";
import type { RuleSet } from "./rule-set.ts";

/** What would not have been recorded as it was. */
export type PreviewedViolation = Violation & { readonly index: number; readonly format: string };

export type Preview = {
  /** Events that were looked at. */
  readonly looked: number;
  /** The oldest of them is at this index. */
  readonly from: number;
  /** Native ones that would have been refused. */
  readonly refused: number;
  /** Foreign ones that would have been quarantined. */
  readonly quarantined: number;
  /** The newest of both. */
  readonly violations: readonly PreviewedViolation[];
  /** False when the time was up before all that was asked for was looked at. */
  readonly complete: boolean;
};

/** A ledger that is looked at. */
export type PreviewedLedger = { readonly size: number; entries(from: number, to: number): AsyncIterable<Entry> };

export type PreviewOptions = {
  /** How many of the newest entries. */
  readonly last: number;
  readonly timeMs: number;
  /** Whether somebody still waits for it; asked between events. */
  readonly isWanted?: () => boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
};

const VIOLATIONS_MAX = 100;
/** Work between two moments in which others have their turn. */
const SLICE_MS = 10;
/** Entries that are read together, from the newest on. */
const READ_ENTRIES = 50;

export async function previewRules(
  ledger: PreviewedLedger,
  rules: RuleSet | undefined,
  { last, timeMs, isWanted = () => true, now = () => performance.now() }: PreviewOptions,
): Promise<Preview> {
  const judge = new Judge(rules ?? { digest: "0x", schemas: {}, requirements: [] });
  const { size } = ledger;
  const first = Math.max(0, size - last);
  const began = now();
  let sliceBegan = began;
  const told: PreviewedViolation[] = [];
  const counts = { looked: 0, refused: 0, quarantined: 0 };
  let from = size;
  let isLate = !isWanted();
  for (let to = size; to > first && !isLate; to = from) {
    const some: Entry[] = [];
    for await (const entry of ledger.entries(Math.max(first, to - READ_ENTRIES), to)) some.push(entry);
    for (let i = some.length - 1; i >= 0 && !isLate; i--) {
      from--;
      if (now() - sliceBegan > SLICE_MS) {
        await new Promise(setImmediate);
        sliceBegan = now();
      }
      isLate = now() - began > timeMs || !isWanted();
      const found = look(judge, some[i] as Entry);
      if (found === undefined) continue;
      counts.looked++;
      if (found.violation === undefined) continue;
      counts[found.format === NATIVE ? "refused" : "quarantined"]++;
      if (told.length < VIOLATIONS_MAX) told.push({ ...found.violation, index: from, format: found.format });
    }
    if (some.length === 0) break;
  }
  return { ...counts, from, violations: told, complete: from === first };
}

type Looked = { readonly format: string; readonly violation: Violation | undefined };

/** Undefined for what is held to no rules: the service's own events, and what could not be read when it came. */
function look(judge: Judge, entry: Entry): Looked | undefined {
  const { _source, _raw: _, ...event } = readMembers(entry);
  const { format = NATIVE, notes, quarantined, violates } = asRecord(_source);
  if (typeof format !== "string" || format === OF_THE_SERVICE) return undefined;
  if (quarantined === true && violates === undefined) return undefined;
  if (typeof event.action !== "string") return undefined;
  const isTimed = !(Array.isArray(notes) && notes.includes("time_of_receipt"));
  const violation = judge.look(event as Event, format, isTimed);
  // What is quarantined for a rule already would be that again.
  return { format, violation: violates === undefined ? violation : undefined };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
