/**
 * From a body of a foreign format to entries that are ready to be recorded. No body is refused for what is in it: an item
 * of which nothing sure can be made is quarantined, which means recorded as it came, and said in `_source`.
 */

import type { EventLimits } from "../../entry/event.ts";
import {
  type OwnMembers,
  ownMembers,
  type Preparation,
  type PreparedEntry,
  prepareEntry,
} from "../../entry/prepare.ts";
import { concat, toHex, utf8 } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import { adaptItem, itemContent } from "../adapt-item.ts";
import { type Delivery, type Format, type Item, type Note, QUARANTINE } from "../format.ts";
import { FORMATS } from "../known-formats.ts";
import { rawMember } from "../raw-member.ts";
import type { Violation } from "../rules/judge.ts";
import { Judging } from "../rules/judging.ts";
import type { RuleSet } from "../rules/rule-set.ts";

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
};

const NO_KEY = new Uint8Array(0);
/** Spellings that are kept at once. */
const SHARED_MAX = 64;

/** What is told of a body of a foreign format beside its entries. */
export type ForeignFacts = {
  /** Names the whole request when it is sent again; absent where each item is known by itself, or none can be. */
  readonly repeatKey?: string;
  /** Positions of entries that are quarantined. */
  readonly quarantined: readonly number[];
  /** What the sender waits to be answered. */
  readonly answer?: Item["answer"];
};

/** Entries of a body, in the order of its items. */
export type ForeignTaken = {
  readonly entries: readonly PreparedEntry[];
  readonly lastTime?: string;
  /** Schemas of the ledger that events name; absent when there are none. */
  readonly schemas?: readonly string[];
  readonly foreign: ForeignFacts;
};

/**
 * Makes entries of the items of a body.
 * @param demanded what the ledger demands; an item that is not so is quarantined, with its members
 */
export function takeForeign(
  body: Uint8Array,
  form: ForeignForm,
  limits: EventLimits,
  preparation: Preparation,
  demanded?: RuleSet,
): ForeignTaken {
  const format = formatNamed(form.format);
  const { delivery, receivedAt, rawBytesMax } = form;
  const { hash } = preparation;
  const knowsItems = format.repeats?.(delivery) === "items";
  const entries: PreparedEntry[] = [];
  const quarantined: number[] = [];
  const equals = new Map<string, number>();
  const sources = new SourceTexts(form, knowsItems);
  const judging = new Judging(demanded, form.format);
  let isRecognisable = false;
  let areAllNamed = true;
  let lastTime: string | undefined;
  let answer: Item["answer"];
  for (const item of itemsOf(format, body, form)) {
    const { event, notes: told } = adaptItem(form.format, item, receivedAt, limits);
    const isTimed = item.event.time !== undefined;
    const isNamed = item.claim !== undefined || event.id !== undefined;
    if (isTimed || isNamed) isRecognisable = true;
    answer ??= item.answer;
    lastTime = isTimed ? event.time : undefined;
    if (!isNamed) areAllNamed = false;
    const isKnownByContent = knowsItems && isTimed && !isNamed;
    const came = isNamed ? itemContent(hash, form.format, item) : undefined;
    const content = isKnownByContent ? contentOf(preparation, form.format, item) : undefined;
    const claim = content === undefined ? item.claim : nthEqual(equals, content);
    const raw = ownMembers({ _raw: rawMember(hash, item.raw, item.isSecret === true ? 0 : rawBytesMax) });
    const isSure = !told.some((note) => QUARANTINE.has(note));
    const violation = isSure ? judging.look(event, isTimed) : undefined;
    const notes = violation === undefined ? told : [...told, violation.code];
    const own = [...raw, ...sources.member(notes, item, violation)];
    if (!isSure || violation !== undefined) quarantined.push(entries.length);
    entries.push(
      prepareEntry(event, {
        ...preparation,
        own,
        contentOf: "ids",
        ...(came !== undefined && { came }),
        ...(content !== undefined && { content }),
        ...(claim !== undefined && { claim }),
      }),
    );
  }
  // A request that names no time and no id may be sent twice because the same thing happened twice.
  const isKnownWhole = isRecognisable && !areAllNamed && !knowsItems;
  return {
    entries,
    ...(lastTime !== undefined && { lastTime }),
    ...judging.named(),
    foreign: {
      quarantined,
      ...(isKnownWhole && { repeatKey: requestKey(hash, body, form) }),
      ...(answer !== undefined && { answer }),
    },
  };
}

function formatNamed(name: string): Format {
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (format === undefined) throw new Error(`expected the name of a format, got ${JSON.stringify(name)}`);
  return format;
}

function itemsOf(format: Format, body: Uint8Array, { delivery, isUndecodable }: ForeignForm): Iterable<Item> {
  if (isUndecodable !== true) return format.items(body, delivery);
  const item: Item = { raw: body, event: {}, notes: ["encoding_invalid"] };
  return [format.holdsSecrets === true ? { ...item, isSecret: true } : item];
}

/** What an item is known by that has nothing else: what came. The secret keeps who reads the store from confirming a guess. */
function contentOf({ hash, contentKey = NO_KEY }: Preparation, format: string, { raw, kind }: Item): Uint8Array {
  const bytes = typeof raw === "string" ? utf8(raw) : raw;
  return hash(concat(contentKey, utf8(JSON.stringify([format, kind ?? null])), bytes));
}

/** Equal items of one request are as many events; those of the next request are the same ones again. */
function nthEqual(equals: Map<string, number>, content: Uint8Array): string {
  const spelled = Buffer.from(content.buffer, content.byteOffset, content.length).toString("base64");
  const n = (equals.get(spelled) ?? 0) + 1;
  equals.set(spelled, n);
  return `${spelled} ${n}`;
}

function requestKey(hash: Hash, body: Uint8Array, { format, delivery }: ForeignForm): string {
  return JSON.stringify(["request", format, delivery, toHex(hash(body))]);
}

/** The member `_source` of items: spelled once for all that are alike. */
class SourceTexts {
  readonly #form: ForeignForm;
  readonly #knowsItems: boolean;
  /** By what items say of how they came, which many share. */
  readonly #shared = new Map<Item["source"], OwnMembers>();

  constructor(form: ForeignForm, knowsItems: boolean) {
    this.#form = form;
    this.#knowsItems = knowsItems;
  }

  member(notes: readonly Note[], item: Item, violation: Violation | undefined): OwnMembers {
    if (notes.length > 0 || item.claim !== undefined) return this.#spell(notes, item, violation);
    let shared = this.#shared.get(item.source);
    if (shared === undefined) {
      shared = this.#spell(notes, item);
      if (this.#shared.size >= SHARED_MAX) this.#shared.clear();
      this.#shared.set(item.source, shared);
    }
    return shared;
  }

  #spell(notes: readonly Note[], { source: more, claim }: Item, violation?: Violation): OwnMembers {
    const { format, key, source, isSigned } = this.#form;
    const isQuarantined = notes.some((note) => QUARANTINE.has(note));
    return ownMembers({
      _source: {
        ...more,
        format,
        key,
        source,
        ...(isSigned === true && { signature: "verified" }),
        ...(claim !== undefined && { claim }),
        ...(this.#knowsItems && { known_by: "content" }),
        ...(notes.length > 0 && { notes }),
        ...(isQuarantined && { quarantined: true }),
        ...(violation !== undefined && { violates: violated(violation) }),
      },
    });
  }
}

/** What is told of it in `_source`: what came is in the event. */
function violated({ code: _, got: __, ...violation }: Violation): object {
  return violation;
}
