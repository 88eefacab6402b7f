/**
 * From the bytes of a body to entries that are ready to be recorded: one event, an array of them, or one on each line.
 * The first thing that is wrong refuses the whole request, and says where it is. All of it runs alike in the thread of
 * the service and in threads beside it.
 */

import { checkEvent, type Event, type EventLimits } from "../../entry/event.ts";
import { describe, EventError, pointer } from "../../entry/event-error.ts";
import { parseJson } from "../../entry/i-json.ts";
import { findMisspelt, type Misspelling } from "../../entry/misspelt.ts";
import { type Preparation, type PreparedEntry, prepareEntry } from "../../entry/prepare.ts";
import { shapeOf } from "../../json/shape.ts";
import { NATIVE } from "../known-formats.ts";
import { Judging } from "../rules/check-body.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { type ForeignFacts, type ForeignForm, type ForeignTaken, takeForeign } from "./foreign.ts";
import { IntakeError } from "./intake-error.ts";
import { LineSplitter } from "./lines.ts";
import { decodeUtf8 } from "./utf8.ts";

/** How the events of a body are spelled: one JSON value, one on each line, or in a foreign format. */
export type Form = "json" | "lines" | ForeignForm;

/** What the events of a body are held to. */
export type IntakeRules = {
  readonly event: EventLimits;
  readonly batchMax: number;
  /** "warn" when absent. */
  readonly misspelt?: OnMisspelt | undefined;
  /** What the ledger demands; nothing when absent. */
  readonly demanded?: RuleSet | undefined;
};

/** What is done about members that look misspelt: their sender is told, or the request is refused. */
export type OnMisspelt = "warn" | "refuse";

/** What its sender should know of an event that is recorded; `position` is that of the event in the request. */
export type Warning = { readonly position: number } & (
  | (Misspelling & { readonly code: "member_misspelt" })
  /** It names a schema that the ledger does not have, so that nothing was checked. */
  | { readonly code: "schema_unknown"; readonly path: string; readonly got: string }
);

/** Events of one request; one that came alone is answered with a bundle. */
export type Received = {
  readonly alone: boolean;
  readonly entries: readonly PreparedEntry[];
  readonly warnings: readonly Warning[];
  /** Time of the last event, where the event has one of its own. */
  readonly lastTime?: string;
  /** Schemas of the ledger that events name; absent when there are none. */
  readonly schemas?: readonly string[];
  /** Of a body in a foreign format. */
  readonly foreign?: ForeignFacts;
};

/** Whether nothing of a body is left to be received. */
export function isWhole({ foreign }: Pick<Received, "foreign">): boolean {
  return foreign?.isLast !== false;
}

/** Takes a body in, piece by piece. Its methods throw an IntakeError or an EventError when something is wrong with it. */
export type Intake = {
  push(chunk: Buffer): void;
  /** The body is complete. */
  end(): Received;
  /** What comes after what was received, of a body of which that was not the last. */
  more?(): Received;
};

/** Bytes of a line for each byte that an event may have: escapes and spaces make it longer than its canonical text. */
const SPELLING_FACTOR = 8;
const OPENING_BRACKET = 0x5b;

/** Begins to take a body in. */
export function openIntake(form: Form, rules: IntakeRules, preparation: Preparation): Intake {
  if (form === "lines") return linesIntake(rules, preparation);
  if (form === "json") return wholeIntake((body) => prepareJson(body, rules, preparation));
  return foreignIntake((body) => takeForeign(body, form, rules.event, preparation, rules.demanded));
}

/** Takes in what is made into entries some at a time. */
function foreignIntake(take: (body: Uint8Array) => Iterator<ForeignTaken, void>): Intake {
  let taking: Iterator<ForeignTaken, void> | undefined;
  const more = (): Received => {
    const taken = taking?.next().value;
    if (taken === undefined) throw new Error("expected a body of which something is left, got one that was taken in");
    return { alone: false, warnings: [], ...taken };
  };
  const whole = wholeIntake((body) => {
    taking = take(body);
    return more();
  });
  return { ...whole, more };
}

/** Takes in what can be read only when all of it is there. */
function wholeIntake(take: (body: Uint8Array) => Received): Intake {
  const chunks: Buffer[] = [];
  return {
    push(chunk) {
      chunks.push(chunk);
    },
    end() {
      const [first] = chunks;
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      return take(bytes);
    },
  };
}

function linesIntake(rules: IntakeRules, preparation: Preparation): Intake {
  const { event, batchMax } = rules;
  const entries: PreparedEntry[] = [];
  const warnings: Warning[] = [];
  const judging = new Judging(rules.demanded, NATIVE);
  let lastTime = "";
  const lineBytesMax = event.bytesMax * SPELLING_FACTOR;
  const lines = new LineSplitter(lineBytesMax, (line, number) => {
    try {
      if (line.length > lineBytesMax) {
        throw new EventError("event_too_large", "", `a line of at most ${lineBytesMax} bytes`, "a longer one");
      }
      if (isBlank(number === 1 ? withoutMark(line) : line)) return;
      if (entries.length === batchMax) throw tooMany(batchMax, undefined);
      const checked = checkEvent(parseJson(decodeUtf8(line), event), event, line.length);
      look(checked, rules, warnings, entries.length, judging);
      entries.push(prepareEntry(checked, preparation));
      lastTime = checked.time;
    } catch (error) {
      throw located(error, `line ${number}`, "", number);
    }
  });
  return {
    push(chunk) {
      lines.push(chunk);
    },
    end() {
      lines.end();
      if (entries.length === 0)
        throw new IntakeError("batch_empty", "expected at least one line with an event, got none");
      return { alone: false, entries, warnings, lastTime, ...judging.named() };
    },
  };
}

function prepareJson(received: Uint8Array, rules: IntakeRules, preparation: Preparation): Received {
  const bytes = withoutMark(received);
  const isArray = firstByte(bytes) === OPENING_BRACKET;
  const depthMax = rules.event.depthMax + (isArray ? 1 : 0);
  const text = decodeUtf8(bytes);
  requireShape(text, isArray, depthMax, rules);
  const value = parseJson(text, { depthMax });
  const warnings: Warning[] = [];
  const judging = new Judging(rules.demanded, NATIVE);
  if (Array.isArray(value)) {
    const entries = prepareAll(value, rules, preparation, warnings, judging);
    const { time: lastTime } = value.at(-1) as Event;
    return { alone: false, entries, warnings, lastTime, ...judging.named() };
  }
  const event = checkEvent(value, rules.event, bytes.length);
  look(event, rules, warnings, 0, judging);
  const entries = [prepareEntry(event, preparation)];
  return { alone: true, entries, warnings, lastTime: event.time, ...judging.named() };
}

/** What is looked at in an event that is one. @throws EventError member_misspelt, schema_violated, requirement_unmet */
function look(event: Event, rules: IntakeRules, warnings: Warning[], position: number, judging: Judging): void {
  lookAtNames(event, rules, warnings, position);
  judging.require(event);
  const { schema } = event;
  if (schema === undefined || judging.knows(schema)) return;
  warnings.push({ position, code: "schema_unknown", path: "/schema", got: schema });
}

/** @throws EventError member_misspelt, where such members are refused */
function lookAtNames(event: Event, { misspelt }: IntakeRules, warnings: Warning[], position: number): void {
  const found = findMisspelt(event);
  const [first] = found;
  if (first === undefined) return;
  if (misspelt === "refuse") {
    const expected = `${JSON.stringify(first.known)}, or a name that is not nearly that (this ledger refuses those)`;
    throw new EventError("member_misspelt", first.path, expected, describe(first.path.split("/").at(-1)));
  }
  for (const { path, known } of found) warnings.push({ position, code: "member_misspelt", path, known });
}

/** Refuses before parsing what would be refused after it: the parser takes seconds if it is led to. */
function requireShape(text: string, isArray: boolean, depthMax: number, { event, batchMax }: IntakeRules): void {
  const lengthMax = event.bytesMax * SPELLING_FACTOR;
  if (text.length <= lengthMax) return;
  if (!isArray) throw new EventError("event_too_large", "", `a text of at most ${lengthMax} bytes`, "a longer one");
  const { commas } = shapeOf(text, depthMax);
  if (commas >= batchMax) throw tooMany(batchMax, commas + 1);
}

function prepareAll(
  values: readonly unknown[],
  rules: IntakeRules,
  preparation: Preparation,
  warnings: Warning[],
  judging: Judging,
): PreparedEntry[] {
  if (values.length > rules.batchMax) throw tooMany(rules.batchMax, values.length);
  if (values.length === 0) throw new IntakeError("batch_empty", "expected at least one event, got an empty array");
  return values.map((value, i) => {
    try {
      const event = checkEvent(value, rules.event);
      look(event, rules, warnings, i, judging);
      return prepareEntry(event, preparation);
    } catch (error) {
      throw located(error, `event ${i} of the array`, pointer(i));
    }
  });
}

/** The same error, saying also where in the request it is. */
function located(error: unknown, place: string, prefix: string, line?: number): unknown {
  if (error instanceof IntakeError) {
    const { errors } = error;
    return new IntakeError(error.code, `${place}: ${error.message}`, { errors, line, cause: error });
  }
  if (!(error instanceof EventError)) return error;
  const errors = [{ path: prefix + error.path, expected: error.expected, got: error.got }];
  return new IntakeError(error.code, `${place}: ${error.message}`, { errors, line, cause: error });
}

function tooMany(batchMax: number, got: number | undefined): IntakeError {
  return new IntakeError("batch_too_large", `expected at most ${batchMax} events in one request, got ${got ?? "more"}`);
}

/** What comes behind a byte order mark, which some senders put in front of everything. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** First byte that is no white space of JSON. */
function firstByte(bytes: Uint8Array): number | undefined {
  return bytes.find((byte) => !isSpace(byte));
}

function isBlank(line: Uint8Array): boolean {
  return line.every(isSpace);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d && byte !== 0x0b && byte !== 0x0c);
}
