/**
 * Whether characters stand in a text one after the other, each in any of its cases. Every character of the text is looked at
 * once (Knuth, Morris and Pratt, 1977): a regular expression begins anew at each, which for `kkkk…` is all of the looking 256 times.
 */

/** How many beginnings of a plain run may be under way at one place. */
const BEGINNINGS_MAX = 4;

export class CharacterRun {
  /** The characters of the run and all that are the same, each by a number of its own. */
  readonly #numbers = new Map<string, number>();
  readonly #run: readonly number[];
  /** Of the first i + 1 characters: the most of their end that are a beginning of the run, and not all of them. */
  readonly #borders: readonly number[];
  /** So many of the first characters can be looked for anyhow: few beginnings are ever under way at once. */
  readonly plainLength: number;

  /** @param characters each with all that are the same as it; of two, all are the same or none */
  constructor(characters: readonly (readonly string[])[]) {
    for (const same of characters) {
      const number = this.#numbers.get(same[0] ?? "") ?? this.#numbers.size;
      for (const each of same) if (!this.#numbers.has(each)) this.#numbers.set(each, number);
    }
    this.#run = characters.map(([first = ""]) => this.#numbers.get(first) ?? -1);
    this.#borders = bordersOf(this.#run);
    this.plainLength = plainLengthOf(this.#borders);
  }

  isIn(text: string): boolean {
    let matched = 0;
    for (const character of text) {
      const number = this.#numbers.get(character);
      while (matched > 0 && this.#run[matched] !== number) matched = this.#borders[matched - 1] ?? 0;
      if (this.#run[matched] === number) matched++;
      if (matched === this.#run.length) return true;
    }
    return false;
  }
}

function bordersOf(run: readonly number[]): number[] {
  const borders = [0];
  for (let at = 1, length = 0; at < run.length; at++) {
    while (length > 0 && run[length] !== run[at]) length = borders[length - 1] ?? 0;
    if (run[length] === run[at]) length++;
    borders.push(length);
  }
  return borders;
}

function plainLengthOf(borders: readonly number[]): number {
  const beginnings: number[] = [];
  for (const [at, border] of borders.entries()) {
    const count = border === 0 ? 1 : 1 + (beginnings[border - 1] ?? 0);
    if (count > BEGINNINGS_MAX) return at;
    beginnings.push(count);
  }
  return borders.length;
}
