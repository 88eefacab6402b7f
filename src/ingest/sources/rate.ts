/** How many events a minute come, over the last minutes: one number for each, and nothing older. */

const MINUTES = 10;
const MINUTE_MS = 60_000;

export class Rate {
  readonly #since: number;
  readonly #counts = new Array<number>(MINUTES).fill(0);
  /** The minute that is being counted, since 1970. */
  #minute: number;

  /** @param now milliseconds since 1970, as of all that follow */
  constructor(now: number) {
    this.#since = now;
    this.#minute = minuteOf(now);
  }

  add(now: number, events: number): void {
    this.#advance(now);
    const slot = this.#minute % MINUTES;
    this.#counts[slot] = (this.#counts[slot] as number) + events;
  }

  /** Events a minute over the last ten, or over the time since counting began if that is shorter. */
  perMinute(now: number): number {
    this.#advance(now);
    const counted = this.#counts.reduce((sum, count) => sum + count, 0);
    // The minute that is under way counts as far as it has come.
    const whole = (MINUTES - 1) * MINUTE_MS + (now - this.#minute * MINUTE_MS);
    const span = Math.max(MINUTE_MS, Math.min(whole, now - this.#since));
    return Math.round((counted / span) * MINUTE_MS * 10) / 10;
  }

  #advance(now: number): void {
    const minute = minuteOf(now);
    // A clock that went back counts on where it was.
    for (let passed = Math.min(minute - this.#minute, MINUTES); passed > 0; passed--) {
      this.#counts[(minute - passed + 1) % MINUTES] = 0;
    }
    this.#minute = Math.max(minute, this.#minute);
  }
}

function minuteOf(now: number): number {
  return Math.floor(now / MINUTE_MS);
}
