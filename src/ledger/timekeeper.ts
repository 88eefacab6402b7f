/**
 * The time that entries get. It never runs backwards, so that one moment under a clock that is ahead would hold all later
 * entries back for as long as it was ahead. What is given out is therefore the machine's clock, but never much more than
 * what has passed since the start says, nor than what a chain says whose blocks are seen coming. Too early a time can be
 * made up for, too late a one cannot: of two that differ the earlier one is given out, recording goes on, and it is said.
 *
 *   given out = min(clock, estimate + JUMP_MS)
 *   estimate    the clock at the start and what passed since; follows a clock that goes back at once, one that is ahead
 *               by RATE of the time that passes, and a clock that a chain agrees with at once
 * Why: docs/decisions/0110.
 */

import { uptime } from "node:os";
import { spellSpan } from "../clock.ts";
import type { Condition, ConditionCode, Health } from "../health.ts";
import type { Hex } from "../merkle/bytes.ts";

/** Where time comes from; a test is the one who lets it pass. */
export type TimeSources = {
  /** Milliseconds since 1970, as the machine's clock says. */
  readonly clock: () => number;
  /** Milliseconds since some moment; nobody sets it, but it may stand still while the machine sleeps. */
  readonly steady: () => number;
  /** The same with sleep in it, to about a second. */
  readonly uptime: () => number;
};

/** The newest block that a chain is seen to have. */
export type WitnessedBlock = { readonly chain: string; readonly number: number; readonly timeMs: number };

/** Of a ledger, what is looked at. */
type Timed = { readonly record: { readonly id: Hex }; readonly lastRecordedAt: number };

/** A block and when it was first seen, by what has passed. */
type Seen = { readonly number: number; readonly timeMs: number; readonly at: number };
/** What is seen of a chain, from when on it went as time does: a node that catches up goes faster. */
type Witness = { readonly newest: Seen; readonly from: Seen };

const SYSTEM_TIME: TimeSources = {
  clock: () => Date.now(),
  steady: () => performance.now(),
  uptime: () => uptime() * 1000,
};

/** So much may the clock be set ahead at once: what time servers and leap seconds do is less. */
const JUMP_MS = 60_000;
/** And so fast may it drift: ten seconds an hour, far beyond what quartz does. */
const RATE = 1 / 360;
/** A chain whose newest block is older is no witness: its node may have stopped, or read old blocks. */
const WITNESS_MS = 300_000;
/** So long blocks have to come as time passes, until a chain is a witness. */
const STEADY_MS = 60_000;
/** And so much faster than time they may come, with this much to spare at once. */
const STEADY_RATE = 1.5;
const STEADY_SPARE_MS = 30_000;
/** Times of blocks are so far from true ones, at most, on the chains that we know. */
const AGREE_MS = 300_000;
/** A clock that differs more from a chain is told. */
const DIFFER_MS = 600_000;
/** How long it is told that the clock went back. */
const TOLD_MS = 600_000;
const LOOK_MS = 1000;
/** The two clocks that nobody sets read to about this. */
const COARSE_MS = 2000;

export class Timekeeper {
  readonly #sources: TimeSources;
  readonly #health: Health | undefined;
  readonly #startedAt: { readonly steady: number; readonly uptime: number };
  readonly #witnesses = new Map<string, Witness>();
  readonly #ledgers = new Set<Timed>();
  #blocks: () => readonly WitnessedBlock[] = () => [];
  #timer: NodeJS.Timeout | undefined;
  /** The estimate is this and what has passed. */
  #base: number;
  #asleepMs = 0;
  #lookedAt = 0;
  #wentBack: { readonly at: number; readonly byMs: number } | undefined;

  constructor({ sources = SYSTEM_TIME, health }: { readonly sources?: TimeSources; readonly health?: Health } = {}) {
    this.#sources = sources;
    this.#health = health;
    this.#startedAt = { steady: sources.steady(), uptime: sources.uptime() };
    this.#base = sources.clock();
  }

  /** Milliseconds since 1970, whole. */
  now(): number {
    const clock = this.#sources.clock();
    if (clock <= this.#ceiling()) return Math.floor(clock);
    // A machine that slept, or a chain that agrees, makes a clock that is ahead the right one.
    this.look();
    return this.#bounded();
  }

  /** Looks at the clock and at the chains every second from now on, until {@link close}. */
  start(blocks: () => readonly WitnessedBlock[]): void {
    this.#blocks = blocks;
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
    this.look();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** Says from now on when this ledger's times stand still. */
  follow(ledger: Timed): void {
    this.#ledgers.add(ledger);
    this.#tellLedger(ledger);
  }

  /** Compares everything that tells the time, and says what does not fit. */
  look(): void {
    const { steady, uptime: up, clock: readClock } = this.#sources;
    const { steady: steadyAt, uptime: upAt } = this.#startedAt;
    const asleepMs = up() - upAt - (steady() - steadyAt);
    if (asleepMs > this.#asleepMs + COARSE_MS) this.#asleepMs = asleepMs;
    const elapsed = this.#elapsed();
    const clock = readClock();
    this.#followClock(clock, elapsed);
    for (const block of this.#blocks()) this.#see(block, elapsed);
    const chainTime = this.#chainTime(elapsed);
    if (chainTime !== undefined) this.#followChain(clock, chainTime, elapsed);
    this.#lookedAt = elapsed;
    this.#tell(clock, chainTime, elapsed);
    for (const ledger of this.#ledgers) this.#tellLedger(ledger);
  }

  #elapsed(): number {
    return this.#sources.steady() - this.#startedAt.steady + this.#asleepMs;
  }

  #bounded(): number {
    return Math.floor(Math.min(this.#sources.clock(), this.#ceiling()));
  }

  #ceiling(): number {
    return this.#base + this.#elapsed() + JUMP_MS;
  }

  #followClock(clock: number, elapsed: number): void {
    const ahead = clock - this.#base - elapsed;
    if (ahead >= 0) {
      this.#base += Math.min(ahead, RATE * (elapsed - this.#lookedAt));
      return;
    }
    this.#base += ahead;
    if (-ahead > JUMP_MS) this.#wentBack = { at: elapsed, byMs: -ahead };
  }

  /** A chain may hold the estimate back, and may agree with a clock; it never sets the time by itself. */
  #followChain(clock: number, chainTime: number, elapsed: number): void {
    const estimate = this.#base + elapsed;
    if (estimate - chainTime > DIFFER_MS) this.#base = chainTime - elapsed;
    else if (clock > estimate && Math.abs(clock - chainTime) <= AGREE_MS) this.#base = clock - elapsed;
  }

  #see({ chain, number, timeMs }: WitnessedBlock, elapsed: number): void {
    const known = this.#witnesses.get(chain);
    if (known !== undefined && number <= known.newest.number) return;
    const newest = { number, timeMs, at: elapsed };
    const from = known?.from ?? newest;
    const isSteady = timeMs - from.timeMs <= STEADY_RATE * (elapsed - from.at) + STEADY_SPARE_MS;
    this.#witnesses.set(chain, { newest, from: isSteady ? from : newest });
  }

  /** What the chains say on which blocks come as time passes, the latest of them; undefined when there is none. */
  #chainTime(elapsed: number): number | undefined {
    const times: number[] = [];
    for (const { newest, from } of this.#witnesses.values()) {
      const isWitness = newest.at - from.at >= STEADY_MS && elapsed - newest.at < WITNESS_MS;
      if (isWitness) times.push(newest.timeMs + elapsed - newest.at);
    }
    return times.length === 0 ? undefined : Math.max(...times);
  }

  #tell(clock: number, chainTime: number | undefined, elapsed: number): void {
    const ahead = clock - this.#base - elapsed;
    if (this.#wentBack !== undefined && elapsed - this.#wentBack.at > TOLD_MS) this.#wentBack = undefined;
    const back = this.#wentBack;
    this.#report("ahead", ahead > JUMP_MS ? clockAhead(ahead, chainTime !== undefined) : undefined);
    this.#report("back", back && clockBack(back.byMs));
    const isBehind = chainTime !== undefined && chainTime - clock > DIFFER_MS;
    this.#report("behind", isBehind ? clockBehind(chainTime - clock) : undefined);
  }

  #tellLedger({ record, lastRecordedAt }: Timed): void {
    const ahead = lastRecordedAt - this.#bounded();
    this.#health?.report(`time/${record.id}`, ahead > JUMP_MS ? timesAhead(record.id, lastRecordedAt) : undefined);
  }

  #report(part: string, condition: Condition | undefined): void {
    this.#health?.report(`clock/${part}`, condition);
  }
}

/** The service does its work in all of these: its times are what somebody has to look at. */
function notice(code: ConditionCode, detail: string): Condition {
  return { code, detail, isNotice: true };
}

function clockAhead(byMs: number, isWitnessed: boolean): Condition {
  const [who, wayOut] = isWitnessed
    ? ["than the chains' newest blocks and what has passed say", "set it right"]
    : ["than what has passed since the start says", "set it right, or start the service again if it is right"];
  const detail = `this machine's clock is ${spellSpan(byMs)} further ahead ${who}: entries get the earlier time; ${wayOut}`;
  return notice("clock_ahead", detail);
}

function clockBack(byMs: number): Condition {
  const detail = `this machine's clock was set back by ${spellSpan(byMs)}: where entries were recorded meanwhile, times stand still until it is there again`;
  return notice("clock_back", detail);
}

function clockBehind(byMs: number): Condition {
  const detail = `this machine's clock is ${spellSpan(byMs)} behind the newest blocks of a chain: entries get its time; set it right`;
  return notice("clock_behind", detail);
}

function timesAhead(ledgerId: Hex, untilMs: number): Condition {
  const until = new Date(untilMs).toISOString();
  const detail = `the times of ledger ${ledgerId} stand still until ${until}: an entry was recorded under a clock that was ahead, and times never run backwards; the times of blocks are right`;
  return notice("times_ahead", detail);
}
