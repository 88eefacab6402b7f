/**
 * From the bytes of a body to entries that are ready to be recorded: one event, an array of them, or one on each line.
 * The first thing that is wrong refuses the whole request, and says where it is; a body that is only to be looked at is
 * gone through to its end. All of it runs alike in the thread of the service and in threads beside it.
 */

import type { Event } from "../../entry/event.ts";
import { EventError } from "../../entry/event-error.ts";
import { parseJson } from "../../entry/i-json.ts";
import { type Preparation, type PreparedEntry, prepareEntry } from "../../entry/prepare.ts";
import { shapeOf } from "../../json/shape.ts";
import {
  type BodyPlace,
  type EventRules,
  Examination,
  type Examined,
  located,
  type RefusedEvent,
  refusalOf,
  type Warning,
} from "./examine.ts";
import { type ForeignFacts, type ForeignForm, type ForeignTaken, takeForeign } from "./foreign.ts";
import { IntakeError } from "./intake-error.ts";
import { LineSplitter } from "./lines.ts";
import { decodeUtf8 } from "./utf8.ts";

/** How the events of a body are spelled: one JSON value, one on each line, or in a foreign format. */
export type Form = NativeSpelling | ForeignForm | { readonly examined: NativeSpelling };

/** `examined` is a body of which it is only asked what would become of it. */
export type NativeSpelling = "json" | "lines";

/** What the events of a body are held to. */
export type IntakeRules = EventRules & { readonly batchMax: number };

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
  /** Of a body that is not to be recorded. */
  readonly examined?: Examined;
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
/** Events that are told one by one of those that would be refused. */
const REFUSALS_MAX = 100;

/** Begins to take a body in. */
export function openIntake(form: Form, rules: IntakeRules, preparation: Preparation): Intake {
  if (form === "json" || form === "lines") return nativeIntake(form, rules, new Preparing(rules, preparation));
  if ("examined" in form) return nativeIntake(form.examined, rules, new Examining(rules));
  return foreignIntake((body) => takeForeign(body, form, rules.event, preparation, rules.demanded));
}

function nativeIntake(spelling: NativeSpelling, rules: IntakeRules, taking: EventTaker): Intake {
  return spelling === "lines" ? linesIntake(rules, taking) : wholeIntake((body) => takeJson(body, rules, taking));
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

/** What is done with the events of a native body, one after another. */
interface EventTaker {
  readonly count: number;
  /** @param look parses and looks at it @param place absent for one that came alone */
  take(look: (examination: Examination, position: number) => Event, place?: BodyPlace): void;
  received(alone: boolean): Received;
}

/** Makes them into entries; the first that is wrong ends it. */
class Preparing implements EventTaker {
  readonly #examination: Examination;
  readonly #preparation: Preparation;
  readonly #entries: PreparedEntry[] = [];
  #lastTime = "";

  constructor(rules: IntakeRules, preparation: Preparation) {
    this.#examination = new Examination(rules);
    this.#preparation = preparation;
  }

  get count(): number {
    return this.#entries.length;
  }

  take(look: (examination: Examination, position: number) => Event, place?: BodyPlace): void {
    try {
      const event = look(this.#examination, this.#entries.length);
      this.#entries.push(prepareEntry(event, this.#preparation));
      this.#lastTime = event.time;
    } catch (error) {
      throw place === undefined ? error : located(error, place);
    }
  }

  received(alone: boolean): Received {
    const { warnings } = this.#examination;
    return { alone, entries: this.#entries, warnings, lastTime: this.#lastTime, ...this.#examination.named() };
  }
}

/** Says which would be refused, and makes nothing of them. */
class Examining implements EventTaker {
  readonly #examination: Examination;
  readonly #refusals: RefusedEvent[] = [];
  #refused = 0;
  #events = 0;

  constructor(rules: IntakeRules) {
    this.#examination = new Examination(rules);
  }

  get count(): number {
    return this.#events;
  }

  take(look: (examination: Examination, position: number) => Event, place: BodyPlace = { position: 0 }): void {
    try {
      look(this.#examination, this.#events);
    } catch (error) {
      const refusal = refusalOf(error, place);
      this.#refused++;
      if (this.#refusals.length < REFUSALS_MAX) this.#refusals.push(refusal);
    }
    this.#events++;
  }

  received(alone: boolean): Received {
    const examined = { events: this.#events, refused: this.#refused, refusals: this.#refusals };
    return { alone, entries: [], warnings: this.#examination.warnings, examined };
  }
}

function linesIntake({ event, batchMax }: IntakeRules, taking: EventTaker): Intake {
  const lineBytesMax = event.bytesMax * SPELLING_FACTOR;
  const lines = new LineSplitter(lineBytesMax, (line, number) => {
    if (line.length <= lineBytesMax && isBlank(number === 1 ? withoutMark(line) : line)) return;
    const place = { position: taking.count, line: number };
    if (taking.count === batchMax) throw located(tooMany(batchMax, undefined), place);
    taking.take((examination, position) => {
      if (line.length > lineBytesMax) {
        throw new EventError("event_too_large", "", `a line of at most ${lineBytesMax} bytes`, "a longer one");
      }
      return examination.look(parseJson(decodeUtf8(line), event), position, line.length);
    }, place);
  });
  return {
    push(chunk) {
      lines.push(chunk);
    },
    end() {
      lines.end();
      if (taking.count === 0)
        throw new IntakeError("batch_empty", "expected at least one line with an event, got none");
      return taking.received(false);
    },
  };
}

function takeJson(received: Uint8Array, rules: IntakeRules, taking: EventTaker): Received {
  const bytes = withoutMark(received);
  const isArray = firstByte(bytes) === OPENING_BRACKET;
  const depthMax = rules.event.depthMax + (isArray ? 1 : 0);
  const text = decodeUtf8(bytes);
  requireShape(text, isArray, depthMax, rules);
  const value = parseJson(text, { depthMax });
  if (!Array.isArray(value)) {
    taking.take((examination, position) => examination.look(value, position, bytes.length));
    return taking.received(true);
  }
  const { batchMax } = rules;
  if (value.length > batchMax) throw tooMany(batchMax, value.length);
  if (value.length === 0) throw new IntakeError("batch_empty", "expected at least one event, got an empty array");
  for (const [position, each] of value.entries()) {
    taking.take((examination) => examination.look(each, position), { position });
  }
  return taking.received(false);
}

/** Refuses before parsing what would be refused after it: the parser takes seconds if it is led to. */
function requireShape(text: string, isArray: boolean, depthMax: number, { event, batchMax }: IntakeRules): void {
  const lengthMax = event.bytesMax * SPELLING_FACTOR;
  if (text.length <= lengthMax) return;
  if (!isArray) throw new EventError("event_too_large", "", `a text of at most ${lengthMax} bytes`, "a longer one");
  const { commas } = shapeOf(text, depthMax);
  if (commas >= batchMax) throw tooMany(batchMax, commas + 1);
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
