/** Indexes that are not in a set, between those that are: where bundles of it were taken out, these are those. */

/** Gaps that are kept; in a set of single events each has one, and that says nothing. */
const GAPS_MAX = 1000;

export class Gaps {
  readonly #gaps: { readonly first: number; readonly last: number }[] = [];
  #last: number | undefined;

  /** Takes the next index that is there. */
  take(index: number): void {
    if (this.#last !== undefined && index > this.#last + 1) this.#add(this.#last + 1, index - 1);
    this.#last = Math.max(this.#last ?? index, index);
  }

  /**
   * Says which bundles are missing, as far as it is known.
   * @param missing how many are
   * @param of how many there were, and the indexes of the first and the last
   */
  describe(
    missing: number,
    of: { readonly count: number; readonly first: number; readonly last: number },
    own: number,
  ) {
    const what = `${missing} of the ${of.count} bundles that the set's last line counts ${missing === 1 ? "is" : "are"} missing`;
    // The first and the last one are named, so that they are missing for certain when they are not there.
    const certain = [of.first, of.last].filter((index) => index < own || index > (this.#last ?? index));
    if (certain.length === missing) return `${what}: ${missing === 1 ? "entry" : "entries"} ${certain.join(" and ")}`;
    if (own > of.first) this.#gaps.unshift({ first: of.first, last: own - 1 });
    if (this.#last !== undefined && of.last > this.#last) this.#add(this.#last + 1, of.last);
    const size = this.#gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    const spelled = this.#gaps.map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
    if (size === missing) return `${what}: ${size === 1 ? "entry" : "entries"} ${spelled.join(", ")}`;
    if (size < missing || spelled.length > 10) return what;
    return `${what}, among entries ${spelled.join(", ")}`;
  }

  #add(first: number, last: number): void {
    if (this.#gaps.length < GAPS_MAX) this.#gaps.push({ first, last });
  }
}
