/**
 * From a body of a foreign format to entries that are ready to be recorded. No body is refused for what is in it: an item
 * of which nothing sure can be made is quarantined, which means recorded as it came, and said in `_source`.
 * Why: docs/decisions/0159.
 */

import { hash as digest } from "node:crypto";
import type { EventLimits } from "../../entry/event.ts";
import type { RuleName } from "../../entry/event-error.ts";
import { type Preparation, type PreparedEntry, prepareEntry } from "../../entry/prepare.ts";
import { concat, toHex, utf8 } from "../../merkle/bytes.ts";
import { adaptItem } from "../adapt-item.ts";
import { type Delivery, type Format, type Item, QUARANTINE } from "../format.ts";
import { FORMATS } from "../known-formats.ts";
import { rawMember } from "../raw-member.ts";
import { Judging } from "../rules/check-body.ts";
import type { Violation } from "../rules/check-event.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { type SequenceSpan, SequenceSpans, sequencesOf } from "../sources/sequences.ts";
import { SourceTexts } from "./source-texts.ts";
import { unpackWithin } from "./unpack.ts";

/** How a body of a foreign format is taken in; plain data, so that a thread can be sent it. */
export type ForeignForm = {
  /** Name in FORMATS. */
  readonly format: string;
  readonly delivery: Delivery;
  /** Of the key that it came with, for `_source`. */
  readonly key: string;
  readonly source: string;
  /** Whether it was signed under the secret of the key. */
  readonly isSigned?: boolean;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Most bytes of an item that are kept as they came. */
  readonly rawBytesMax: number;
  /** Whether the body does not decompress: then it is one item, kept as it came. */
  readonly isUndecodable?: boolean;
  /** Most entries that are made at once; all when absent. */
  readonly itemsMax?: number;
};

const NO_KEY = new Uint8Array(0);

/** What is told of a body of a foreign format beside its entries. */
export type ForeignFacts = {
  /** Names these entries when the request is sent again; absent where each item is known by itself, or none can be. */
  readonly repeatKey?: string;
  /** Positions of entries that are quarantined. */
  readonly quarantined: readonly number[];
  /** Those of them that do not keep a rule of the ledger, and which. */
  readonly violated: readonly (RuleName & { readonly position: number })[];
  /** Numbers by which their sender counts them. */
  readonly sequences?: readonly SequenceSpan[];
  /** What the sender waits to be answered. */
  readonly answer?: Item["answer"];
  /** Whether these are the last. */
  readonly isLast: boolean;
};

/** Some entries of a body, in the order of its items. */
export type ForeignTaken = {
  readonly entries: readonly PreparedEntry[];
  readonly lastTime?: string;
  /** Schemas of the ledger that events name; absent when there are none. */
  readonly schemas?: readonly string[];
  readonly foreign: ForeignFacts;
};

/**
 * Makes entries of the items of a body, no more at once than are to be held in memory: a body of 64 MiB can have 30 million
 * items, and an entry takes 2 KB.
 * @param demanded what the ledger demands; an item that is not so is quarantined, with its members
 */
export function* takeForeign(
  body: Uint8Array,
  form: ForeignForm,
  limits: EventLimits,
  preparation: Preparation,
  demanded?: RuleSet,
): Generator<ForeignTaken, void> {
  const format = formatNamed(form.format);
  const knowsItems = format.repeats?.(form.delivery) === "items";
  yield* takeItems(itemsOf(format, body, form), { body, form, knowsItems, limits, preparation, demanded });
}

/** How items are taken in, beside what they are. */
export type Taking = {
  /** What they came in; empty where it names nothing that could come again. */
  readonly body: Uint8Array;
  readonly form: ForeignForm;
  /** Whether each that has no id is known again by what came. */
  readonly knowsItems: boolean;
  readonly limits: EventLimits;
  readonly preparation: Preparation;
  readonly demanded: RuleSet | undefined;
};

/** Makes entries of items, of a body or of a listener. */
export function* takeItems(items: Iterable<Item>, taking: Taking): Generator<ForeignTaken, void> {
  const { body, form, knowsItems, limits, preparation, demanded } = taking;
  const { receivedAt, rawBytesMax, itemsMax = Number.POSITIVE_INFINITY } = form;
  const { hash, salts, memory, contentKey } = preparation;
  const requestKey = new RequestKey(preparation, body, form);
  const equals = new Map<string, number>();
  const sources = new SourceTexts(form);
  const contents = new Contents(preparation, form);
  const judging = new Judging(demanded, form.format);
  let entries: PreparedEntry[] = [];
  let quarantined: number[] = [];
  let violated: ForeignFacts["violated"][number][] = [];
  let sequences = new SequenceSpans();
  let from = 0;
  let isRecognisable = false;
  let areAllNamed = true;
  let lastTime: string | undefined;
  let answer: Item["answer"];
  const taken = (isLast: boolean): ForeignTaken => {
    // A request that names no time and no id may be sent twice because the same thing happened twice.
    const isKnownWhole = isRecognisable && !areAllNamed && !knowsItems;
    return {
      entries,
      ...(lastTime !== undefined && { lastTime }),
      ...judging.named(),
      foreign: {
        quarantined,
        violated,
        isLast,
        ...(isKnownWhole && { repeatKey: requestKey.of(from, entries.length) }),
        ...(sequences.all.length > 0 && { sequences: sequences.all }),
        ...(answer !== undefined && { answer }),
      },
    };
  };
  for (const item of items) {
    if (entries.length === itemsMax) {
      yield taken(false);
      from += entries.length;
      entries = [];
      quarantined = [];
      violated = [];
      sequences = new SequenceSpans();
      areAllNamed = true;
    }
    const { event, notes: told } = adaptItem(form, item, receivedAt, limits);
    const isTimed = item.event.time !== undefined;
    const isNamed = item.claim !== undefined || event.id !== undefined;
    if (isTimed || isNamed) isRecognisable = true;
    answer ??= item.answer;
    sequences.add(sequencesOf(form.format, item.event));
    lastTime = isTimed ? event.time : undefined;
    if (!isNamed) areAllNamed = false;
    const isKnownByContent = knowsItems && isTimed && !isNamed;
    const content = isNamed || isKnownByContent ? contents.of(item) : undefined;
    const claim = content === undefined || isNamed ? item.claim?.toWellFormed() : nthEqual(equals, content);
    const raw = rawMember(hash, item.raw, item.isSecret === true ? 0 : rawBytesMax);
    const isSure = !told.some((note) => QUARANTINE.has(note));
    const violation = isSure ? judging.look(event, isTimed) : undefined;
    const notes = violation === undefined ? told : [...told, violation.code];
    const own = sources.member(notes, item, isKnownByContent, violation);
    if (!isSure || violation !== undefined) quarantined.push(entries.length);
    if (violation !== undefined) violated.push({ position: entries.length, ...ruleOf(violation) });
    entries.push(prepareEntry(event, { hash, salts, memory, contentKey, contentOf: "ids", own, raw, content, claim }));
  }
  yield taken(true);
}

function formatNamed(name: string): Format {
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (format === undefined) throw new Error(`expected the name of a format, got ${JSON.stringify(name)}`);
  return format;
}

function itemsOf(format: Format, body: Uint8Array, { delivery, isUndecodable }: ForeignForm): Iterable<Item> {
  if (isUndecodable !== true) return format.items(body, delivery, unpackWithin());
  const item: Item = { raw: body, event: {}, notes: ["encoding_invalid"] };
  return [format.holdsSecrets === true ? { ...item, isSecret: true } : item];
}

/**
 * What tells items apart: what came, and what its request said of it. It is this and not what was made of it, so a repeated
 * item is known again however it is mapped by then. The secret keeps who reads the store from confirming a guess.
 */
class Contents {
  readonly #secret: string;
  readonly #form: ForeignForm;
  #kind: string | undefined;
  #around: string | undefined;

  constructor({ contentKey = NO_KEY }: Preparation, form: ForeignForm) {
    this.#secret = toHex(contentKey);
    this.#form = form;
  }

  /** 32 bytes, equal for equal items and for no others. The system's own SHA-256 takes half of what keccak in WebAssembly takes. */
  of({ raw, kind }: Pick<Item, "raw" | "kind">): Uint8Array {
    if (this.#around === undefined || kind !== this.#kind) {
      const { format, delivery } = this.#form;
      this.#around = JSON.stringify([this.#secret, format, kind ?? null, delivery.query, delivery.route ?? null]);
      this.#kind = kind;
    }
    return bytesOf(
      typeof raw === "string"
        ? digest("sha256", `${this.#around}${raw}`, "binary")
        : digest("sha256", concat(utf8(this.#around), raw), "binary"),
    );
  }
}

/** A digest from a text of one character a byte: to get it as a buffer takes twice as long as the hash. */
function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i++) bytes[i] = latin1.charCodeAt(i);
  return bytes;
}

/** Equal items of one request are as many events; those of the next request are the same ones again. */
function nthEqual(equals: Map<string, number>, content: Uint8Array): string {
  const spelled = Buffer.from(content.buffer, content.byteOffset, content.length).toString("base64");
  const n = (equals.get(spelled) ?? 0) + 1;
  equals.set(spelled, n);
  return `${spelled} ${n}`;
}

/** What entries of a request are known by when the same bytes are sent again. */
class RequestKey {
  readonly #preparation: Preparation;
  readonly #body: Uint8Array;
  readonly #form: ForeignForm;
  #name: string | undefined;

  constructor(preparation: Preparation, body: Uint8Array, form: ForeignForm) {
    this.#preparation = preparation;
    this.#body = body;
    this.#form = form;
  }

  /** The count is in it, too: where fewer are recorded at once than before, others would be taken for those that were. */
  of(from: number, count: number): string {
    this.#name ??= this.#spell();
    return `${this.#name} ${from} ${count}`;
  }

  /** With the secret in it, as in contents: a key in the store must confirm nobody's guess of an erased body. */
  #spell(): string {
    const { hash, contentKey = NO_KEY } = this.#preparation;
    const { format, delivery } = this.#form;
    // As with contents, the system's own hash: a body may have 64 MiB.
    const body = bytesOf(digest("sha256", this.#body, "binary"));
    return JSON.stringify(["request", format, delivery, toHex(hash(concat(contentKey, body)))]);
  }
}

function ruleOf({ requirement, schema }: Violation): RuleName {
  return { ...(requirement !== undefined && { requirement }), ...(schema !== undefined && { schema }) };
}
