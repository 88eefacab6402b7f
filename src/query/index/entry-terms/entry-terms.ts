/**
 * What the index takes from an entry, read off its packed members: terms as numbers, without a text or an object for each. What a
 * member says does not depend on the others, so that one which was read lately is not read again; what has no plain form is read
 * as searchable.ts reads every entry, and leads to the same.
 */

import { type PackedMembers, walkMembers } from "../../../entry/packed.ts";
import { readPlainUtc } from "../../../entry/time.ts";
import {
  type EntryFacts,
  type KnownMember,
  knownMemberAt,
  type MemberName,
  noFacts,
  partyName,
  readMember,
  readPackedFacts,
} from "../searchable.ts";
import { eachTerm, type Field } from "../terms.ts";
import { NONE, PlainParty, plainStringEnd } from "./plain-json.ts";
import { LENGTH_MAX as RECENT_MAX, RecentMembers } from "./recent-members.ts";
import type { TermHasher } from "./term-hash.ts";

/** What one member says. */
type Said = {
  /** Two for each term: its high and its low part. */
  readonly numbers: Uint32Array;
  /** What is counted of it; undefined where nothing is. */
  readonly counted: string | undefined;
};

const NO_FACTS: Readonly<EntryFacts> = noFacts();
/** Members that hardly ever say what others said. */
const OWN_NAMES: ReadonlySet<MemberName> = new Set(["id", "time", "targets", "intent", "result_of"]);
/** Type and id of a party together are put together here, where there is room. */
const PARTY_MAX = 256;
const COLON = 0x3a;
const ASTERISK = 0x2a;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

/** Reads entries; what was read of the last one is left in the fields, because this runs for every entry. */
export class EntryTerms {
  readonly hasher: TermHasher;
  /** Two for each term, `count` of them in all. A term may come twice. */
  numbers: Uint32Array = new Uint32Array(64);
  count = 0;
  /** Milliseconds since 1970; NaN where there is no time that can be read. */
  occurredAt = Number.NaN;
  /** What is counted. */
  action: string | undefined;
  actor: string | undefined;
  source: string | undefined;
  outcome = "";
  #sender: string | undefined;
  readonly #recent = new RecentMembers<Said>();
  readonly #party = new PlainParty();
  readonly #partyText = new Uint8Array(PARTY_MAX);
  #bytes: PackedMembers = new Uint8Array(0);
  /** What those members say that have no plain form and were not read lately. */
  #rest: EntryFacts | undefined;
  /** Bits of the names that were met. */
  #met = 0;
  #isRepeated = false;

  constructor(hasher: TermHasher) {
    this.hasher = hasher;
  }

  /** @throws RangeError when the members are not packed as they must be, SyntaxError when one is no JSON */
  read(members: PackedMembers): void {
    this.#begin(members);
    walkMembers(members, this.#take);
    if (this.#isRepeated) {
      // What two members with one name say follows from both: no ledger records such, and they are read as everywhere.
      this.#begin(members);
      this.#rest = readPackedFacts(members);
    }
    if (this.#rest !== undefined) this.#addRest(this.#rest);
    else if (this.outcome === "") this.#addRest(NO_FACTS);
    this.source = this.#sender ?? this.source;
  }

  /** Lets go of the texts of members that were read lately: some of them may have been erased. */
  forgetTexts(): void {
    this.#recent.clear();
  }

  #begin(members: PackedMembers): void {
    this.count = 0;
    this.occurredAt = Number.NaN;
    this.action = undefined;
    this.actor = undefined;
    this.source = undefined;
    this.outcome = "";
    this.#sender = undefined;
    this.#bytes = members;
    this.#rest = undefined;
    this.#met = 0;
    this.#isRepeated = false;
  }

  readonly #take = (start: number, end: number): void => {
    const known = knownMemberAt(this.#bytes, start, end);
    if (known === undefined) return;
    const bit = 1 << known.number;
    if ((this.#met & bit) !== 0) this.#isRepeated = true;
    this.#met |= bit;
    if (this.#takePlain(known.name, start + known.bytes.length + 3, end)) return;
    if (OWN_NAMES.has(known.name) || !this.#takeRecent(known, start, end)) {
      this.#rest ??= noFacts();
      readMember(this.#rest, known, this.#bytes, start, end);
    }
  };

  /** Takes a member that says what others said; false when it is the first that says it. */
  #takeRecent(known: KnownMember, start: number, end: number): boolean {
    const bytes = this.#bytes;
    let said = this.#recent.get(bytes, start, end);
    if (said === undefined) {
      if (end - start > RECENT_MAX || !this.#recent.isWanted()) return false;
      said = this.#readAlone(known, start, end);
      this.#recent.keep(bytes, start, end, said);
    }
    const { numbers, counted } = said;
    for (let i = 0; i < numbers.length; i += 2) this.#add(numbers[i] as number, numbers[i + 1] as number);
    if (known.name === "action") this.action = counted;
    else if (known.name === "actor") this.actor = counted;
    else if (known.name === "source") this.source = counted;
    else if (known.name === "_source") this.#sender = counted;
    else if (known.name === "outcome") this.outcome = counted as string;
    return true;
  }

  #readAlone(known: KnownMember, start: number, end: number): Said {
    const facts = noFacts();
    readMember(facts, known, this.#bytes, start, end);
    const numbers: number[] = [];
    eachTerm(facts, (field, text) => {
      // Of the outcome another member says nothing, although it is unknown without one that does.
      if (field === "outcome" && known.name !== "outcome") return;
      const { high, low } = this.hasher.hash(field, text);
      numbers.push(high, low);
    });
    return { numbers: Uint32Array.from(numbers), counted: countedOf(known.name, facts) };
  }

  /** Adds what those members say that were read in no other way. */
  #addRest(facts: EntryFacts): void {
    const isOutcomeSaid = this.outcome !== "";
    eachTerm(facts, (field, text) => {
      if (field === "outcome" && isOutcomeSaid) return;
      const { high, low } = this.hasher.hash(field, text);
      this.#add(high, low);
    });
    if (!isOutcomeSaid) this.outcome = facts.outcome;
    if (!Number.isNaN(facts.occurredAt)) this.occurredAt = facts.occurredAt;
    this.action ??= facts.action;
    this.actor ??= facts.actor && partyName(facts.actor);
    this.source ??= facts.source;
    this.#sender ??= facts.sender;
  }

  /** Takes a member whose value, [start, end), has a plain form; false where it has not. */
  #takePlain(name: MemberName, start: number, end: number): boolean {
    if (name === "id") return this.#takeWord("id", start, end);
    if (name === "result_of") return this.#takeWord("resultOf", start, end);
    if (name === "targets") return this.#takeTargets(start, end);
    if (name !== "time") return false;
    const time = plainStringEnd(this.#bytes, start, end) === end - 1 && readPlainUtc(this.#bytes, start + 1, end - 1);
    if (time === false || time === undefined) return false;
    this.occurredAt = time;
    return true;
  }

  #takeWord(field: Field, start: number, end: number): boolean {
    if (plainStringEnd(this.#bytes, start, end) !== end - 1 || end - start === 2) return false;
    this.#addText(field, this.#bytes, start + 1, end - 1);
    return true;
  }

  #takeTargets(start: number, end: number): boolean {
    const { count } = this;
    if (this.#addTargets(start, end)) return true;
    this.count = count;
    return false;
  }

  #addTargets(start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (bytes[start] !== BRACKET) return false;
    for (let at = start + 1; at < end; at++) {
      at = this.#party.read(bytes, at, end);
      if (at === NONE || !this.#addParty()) return false;
      if (bytes[at] === BRACKET_END) return at === end - 1;
      if (bytes[at] !== COMMA) return false;
    }
    return false;
  }

  /** Adds the terms of the party that was read last; false where there is no room to put them together. */
  #addParty(): boolean {
    const { typeStart, typeEnd, idStart, idEnd } = this.#party;
    const typeLength = typeEnd - typeStart;
    const idLength = idEnd - idStart;
    if (typeLength + 1 + Math.max(1, idLength) > PARTY_MAX) return false;
    if (idLength > 0) this.#addText("target", this.#bytes, idStart, idEnd);
    if (typeLength === 0) return true;
    const text = this.#partyText;
    const idAt = typeLength + 1;
    for (let i = 0; i < typeLength; i++) text[i] = this.#bytes[typeStart + i] as number;
    text[typeLength] = COLON;
    text[idAt] = ASTERISK;
    this.#addText("target", text, 0, idAt + 1);
    if (idLength === 0) return true;
    for (let i = 0; i < idLength; i++) text[idAt + i] = this.#bytes[idStart + i] as number;
    this.#addText("target", text, 0, idAt + idLength);
    return true;
  }

  #addText(field: Field, ascii: Uint8Array, start: number, end: number): void {
    const { high, low } = this.hasher.hashAscii(field, ascii, start, end);
    this.#add(high, low);
  }

  #add(high: number, low: number): void {
    const at = 2 * this.count;
    if (at === this.numbers.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.numbers);
      this.numbers = grown;
    }
    this.numbers[at] = high;
    this.numbers[at + 1] = low;
    this.count++;
  }
}

function countedOf(name: MemberName, { action, actor, source, sender, outcome }: EntryFacts): string | undefined {
  if (name === "action") return action;
  if (name === "actor") return actor && partyName(actor);
  if (name === "source") return source;
  if (name === "_source") return sender;
  return name === "outcome" ? outcome : undefined;
}
