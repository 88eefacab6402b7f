/** The time that entries get under a clock that is wrong, was wrong, or is put right, with a machine whose time a test lets pass. */

import assert from "node:assert/strict";
import test from "node:test";
import { Health } from "../../src/health.ts";
import { Timekeeper, type WitnessedBlock } from "../../src/ledger/timekeeper.ts";
import { many, openLedger, storeWithLedger } from "./fixtures.ts";

const T0 = Date.UTC(2026, 10, 27, 12);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A machine: true time passes, its clock may be off, it may sleep, and a chain may have blocks. */
class Machine {
  trueTime = T0;
  offBy = 0;
  /** How fast what nobody sets goes. */
  quartz = 1;
  #steady = 5000;
  #uptime = 900_000;
  block: WitnessedBlock | undefined;
  readonly logged: string[] = [];
  readonly health = new Health({
    error: (_, message) => void this.logged.push(message),
    info: (_, message) => void this.logged.push(message),
  });
  readonly time: Timekeeper;

  constructor(offBy = 0) {
    this.offBy = offBy;
    this.time = new Timekeeper({
      sources: { clock: () => this.trueTime + this.offBy, steady: () => this.#steady, uptime: () => this.#uptime },
      health: this.health,
    });
    // The test looks by itself: no timer of this process is waited for.
    this.time.start(() => (this.block === undefined ? [] : [this.block]));
    void this.time.close();
  }

  /** Lets time pass, with a look every second, and with a block every twelve when there is a chain. */
  pass(ms: number, { chain = false, every = SECOND } = {}): void {
    for (let passed = 0; passed < ms; passed += every) {
      this.trueTime += every;
      this.#steady += every * this.quartz;
      this.#uptime += every * this.quartz;
      const number = Math.floor((this.trueTime - T0) / 12_000);
      if (chain) this.block = { chain: "sepolia", number, timeMs: T0 + number * 12_000 };
      this.time.look();
    }
  }

  sleep(ms: number): void {
    this.trueTime += ms;
    this.#uptime += ms;
  }

  /** How far what is given out is from the truth. */
  get error(): number {
    return this.time.now() - this.trueTime;
  }

  get codes(): string[] {
    return this.health.conditions().map(({ code }) => code);
  }
}

test("under a clock that is right, the time is the clock's, and there is nothing to say", () => {
  const machine = new Machine();
  machine.pass(DAY, { every: MINUTE });
  assert.equal(machine.error, 0);
  assert.deepEqual(machine.logged, []);
});

test("what time servers do to a clock is followed: small steps both ways, and drift", () => {
  const machine = new Machine();
  for (const step of [300, -300, 2000, -2000, 30_000, -45_000]) {
    machine.offBy += step;
    assert.equal(machine.error, machine.offBy);
    machine.pass(10 * MINUTE);
  }
  for (let hour = 0; hour < 240; hour++) {
    machine.offBy += 5 * SECOND;
    machine.pass(HOUR, { every: MINUTE });
  }
  assert.equal(machine.error, machine.offBy);
  assert.deepEqual(machine.logged, []);
});

test("a clock that jumps ten years ahead moves times by a minute, is told at once, and leaves nothing behind when put right", () => {
  const machine = new Machine();
  machine.pass(HOUR);
  machine.offBy = 10 * YEAR;
  // Nobody looked yet: an entry may come in the very moment.
  assert.equal(machine.error, MINUTE);
  assert.deepEqual(machine.codes, ["clock_ahead"]);
  assert.match(machine.logged.join(), /clock is 10 years further ahead than what has passed since the start says/);
  machine.pass(HOUR);
  assert.ok(machine.error <= MINUTE + 11 * SECOND, `off by ${machine.error}`);
  machine.offBy = 0;
  assert.equal(machine.error, 0);
  machine.pass(SECOND);
  assert.deepEqual(machine.codes, []);
});

test("however long a clock stays ahead, and in however many jumps, times do not follow it but for seconds an hour", () => {
  const machine = new Machine();
  for (let hour = 0; hour < 24; hour++) {
    machine.offBy += 100 * DAY;
    machine.pass(HOUR, { every: MINUTE });
  }
  assert.ok(machine.error <= MINUTE + 24 * 11 * SECOND, `off by ${machine.error}`);
  assert.deepEqual(machine.codes, ["clock_ahead"]);
});

test("a clock that goes back is believed and told for ten minutes; one that was ahead from the start is put right that way", () => {
  const machine = new Machine(10 * YEAR);
  assert.equal(machine.error, 10 * YEAR, "nothing here can know better");
  machine.offBy = 0;
  machine.pass(SECOND);
  assert.equal(machine.error, 0);
  assert.deepEqual(machine.codes, ["clock_back"]);
  assert.match(machine.logged.join(), /clock was set back by 10 years/);
  machine.pass(11 * MINUTE);
  assert.deepEqual(machine.codes, []);
});

test("a machine that slept has the time at once, and it is no jump", () => {
  const machine = new Machine();
  machine.pass(HOUR);
  machine.sleep(8 * HOUR);
  assert.equal(machine.error, 0);
  assert.deepEqual(machine.logged, []);
});

test("a chain that agrees with a clock that jumped makes it the right one", () => {
  const machine = new Machine(-2 * DAY);
  machine.pass(2 * MINUTE, { chain: true });
  assert.deepEqual(machine.codes, ["clock_behind"]);
  assert.equal(machine.error, -2 * DAY, "a chain never sets the time by itself");
  machine.offBy = 0;
  machine.pass(SECOND, { chain: true });
  assert.equal(machine.error, 0);
  assert.deepEqual(machine.codes, []);
});

test("a clock that was wrong at the start is held back by a chain whose blocks come, within a minute or so", () => {
  const machine = new Machine(10 * YEAR);
  machine.pass(90 * SECOND, { chain: true });
  assert.ok(Math.abs(machine.error) <= MINUTE + 12 * SECOND, `off by ${machine.error}`);
  assert.deepEqual(machine.codes, ["clock_ahead"]);
  assert.match(machine.logged.join(), /10 years further ahead than the chains' newest blocks/);
  machine.pass(HOUR, { chain: true });
  assert.ok(Math.abs(machine.error) <= 2 * MINUTE);
  // The chain's word is remembered when it falls silent.
  machine.pass(HOUR);
  assert.ok(Math.abs(machine.error) <= 2 * MINUTE, `off by ${machine.error}`);
});

test("a chain that fell silent is no witness for ever: what nobody sets drifts as well", () => {
  const machine = new Machine();
  machine.pass(5 * MINUTE, { chain: true });
  machine.quartz = 1 - 1e-4;
  machine.pass(200 * DAY, { every: HOUR });
  assert.equal(machine.error, 0);
  assert.deepEqual(machine.logged, []);
});

type NodeCase = { readonly title: string; readonly blockAt: (passed: number) => { number: number; timeMs: number } };

const NO_WITNESSES: readonly NodeCase[] = [
  { title: "that stands still", blockAt: () => ({ number: 7, timeMs: T0 - 3 * DAY }) },
  {
    title: "that catches up",
    blockAt: (passed) => ({ number: Math.floor(passed / SECOND), timeMs: T0 - 3 * DAY + 20 * passed }),
  },
  {
    title: "that goes back",
    blockAt: (passed) => ({ number: 1e6 - Math.floor(passed / SECOND), timeMs: T0 - 3 * DAY }),
  },
];

for (const { title, blockAt } of NO_WITNESSES) {
  test(`a node ${title} is no witness: it does not hold the time back`, () => {
    const machine = new Machine();
    for (let passed = 0; passed < HOUR; passed += 4 * SECOND) {
      machine.block = { chain: "own", ...blockAt(passed) };
      machine.pass(4 * SECOND, { every: 4 * SECOND });
      assert.equal(machine.error, 0);
    }
    assert.deepEqual(machine.logged, []);
  });
}

test("entries recorded while a clock is ten years ahead have times of today, and those after it too", async () => {
  const machine = new Machine();
  const store = await storeWithLedger();
  const ledger = await openLedger(store, { clock: () => machine.time.now() });
  machine.time.follow(ledger);
  await ledger.append({ entries: many(1, "before"), source: "test" });
  machine.offBy = 10 * YEAR;
  const { checkpoint } = await ledger.append({ entries: many(1, "ahead"), source: "test" });
  assert.ok(checkpoint.signedAt * SECOND - machine.trueTime <= MINUTE);
  machine.offBy = 0;
  machine.pass(5 * MINUTE);
  await ledger.append({ entries: many(1, "after"), source: "test" });
  assert.equal(ledger.lastRecordedAt, machine.trueTime);
  assert.ok(!machine.codes.includes("times_ahead"));
});

test("a ledger whose times are ten years ahead already says so until the clock is there, and its times stand still", async () => {
  const machine = new Machine();
  const store = await storeWithLedger();
  const before = await openLedger(store, { clock: () => T0 + 10 * YEAR });
  await before.append({ entries: many(1, "under the wrong clock"), source: "test" });
  const ledger = await openLedger(store, { clock: () => machine.time.now() });
  machine.time.follow(ledger);
  assert.deepEqual(machine.codes, ["times_ahead"]);
  const [condition] = machine.health.conditions();
  assert.equal(condition?.isNotice, true);
  assert.ok(
    condition?.detail.includes(`${ledger.record.id} stand still until 2036-11-24T12:00:00.000Z`),
    condition?.detail,
  );
  assert.ok(!condition?.detail.includes("main"), "the name of a ledger is nobody's business");
  await ledger.append({ entries: many(1, "now"), source: "test" });
  assert.equal(ledger.lastRecordedAt, T0 + 10 * YEAR);
  machine.pass(10 * YEAR, { every: 30 * DAY });
  machine.pass(MINUTE);
  assert.deepEqual(machine.codes, []);
});
