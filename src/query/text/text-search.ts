/**
 * Looking for a text in events: in their message, their ids and names, and the exact text that came. It is found where it
 * stands as it is, but for upper and lower case: two characters are the same where Unicode's simple case folding
 * (CaseFolding.txt, C and S) says so, which is what a regular expression with the flags `i` and `u` compares by
 * (ECMA-262 §22.2.2.7.3). Accents are not taken off, nothing is normalised, and a text never goes from one value into the next.
 *
 * There is no index for it. Entries are looked through as the bytes that they are stored in, where the text's beginning has to stand
 * in UTF-8 as canonical JSON spells it; only those where it does are decoded, and asked for all of it. How long either takes grows
 * with the entry alone, whatever the text and the entry are.
 * Why: docs/decisions/0178.
 */

import type { Entry } from "../../entry/entry.ts";
import type { PackedMembers } from "../../entry/packed.ts";
import { utf8 } from "../../merkle/bytes.ts";
import { QueryError } from "../query-error.ts";
import { CharacterRun } from "./character-run.ts";
import { eachText } from "./entry-texts.ts";

/** Most characters (UTF-16 units) of a text that is looked for. */
const SEARCHED_TEXT_MAX = 256;

export class TextSearch {
  /** As it was asked for. */
  readonly text: string;
  readonly #characters: CharacterRun;
  readonly #bytes: RegExp;

  /** @throws QueryError when it is empty or too long */
  constructor(text: string) {
    if (text === "" || text.length > SEARCHED_TEXT_MAX) {
      throw new QueryError("query_invalid", "text", `1 to ${SEARCHED_TEXT_MAX} characters`, `${text.length}`);
    }
    this.text = text;
    const characters = [...text].map(sameCase);
    this.#characters = new CharacterRun(characters);
    this.#bytes = new RegExp(characters.slice(0, this.#characters.plainLength).map(spellings).join(""));
  }

  /** Whether an entry may have it, told from the bytes of its members; no is sure. */
  mayBeIn(members: PackedMembers): boolean {
    const { buffer, byteOffset, length } = members;
    return this.#bytes.test(Buffer.from(buffer, byteOffset, length).toString("latin1"));
  }

  /** Whether an entry has it. */
  isIn(entry: Pick<Entry, "members">): boolean {
    return eachText(entry, (text) => this.#characters.isIn(text));
  }
}

function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** All that a character can be in canonical JSON in UTF-8, for a regular expression over bytes read as Latin-1. */
function spellings(same: readonly string[]): string {
  const all = same.map((each) => {
    const bytes = [...utf8(JSON.stringify(each).slice(1, -1))];
    return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  });
  const isShort = all.every((each) => each.length === 4);
  return isShort ? `[${all.join("")}]` : `(?:${all.join("|")})`;
}

const others = new Map<string, readonly string[]>();

/** A character and all that are the same as it in another case. */
function sameCase(character: string): readonly string[] {
  if (!cased().includes(character)) return [character];
  const known = others.get(character) ?? cased().match(new RegExp(quoted(character), "giu")) ?? [character];
  // No more than there are characters with another case.
  others.set(character, known);
  return known;
}

const CASED_MAX = 0x1ffff;
let casedCharacters: string | undefined;

/** Every character that has another case, made when the first text is looked for. */
function cased(): string {
  if (casedCharacters !== undefined) return casedCharacters;
  const isCased = /\p{Changes_When_Casemapped}|\p{Changes_When_Casefolded}/u;
  const found: string[] = [];
  for (let point = 0; point <= CASED_MAX; point++) {
    const isHalf = point >= 0xd800 && point <= 0xdfff;
    const character = isHalf ? "" : String.fromCodePoint(point);
    if (isCased.test(character)) found.push(character);
  }
  casedCharacters = found.join("");
  return casedCharacters;
}
