/**
 * One sender through one trouble of the service: lines that it says before, meanwhile and after, and what has become of each of them.
 * Before and after, everything has to be there once; of what is said meanwhile, what the page of the sender in docs/sources says.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { World, waitFor } from "../../service-process.ts";
import { everything } from "../killable.ts";
import { Place, TROUBLES, type Trouble } from "./trouble.ts";

/** A sender that runs. */
export type Speaking = {
  /** Has it say a line; fulfilled when the sender has it, and not when it was sent. */
  say(line: string): Promise<void> | void;
  stop(): Promise<void> | void;
};

/** What may become of a line that is said while the service is in trouble, and of those just before and behind it. */
export type Fate = {
  /** "once": it is there once; "lost": it may be missing; "twice": it may be there more than once. */
  readonly meanwhile: readonly ("lost" | "twice")[];
  /** It never comes back by itself: somebody has to start it again. */
  readonly isEnded?: true;
};

/** A sender, unchanged, set up as its page says. */
export type OutageSender = {
  readonly name: string;
  /** Of its events. */
  readonly format: string;
  readonly fates: Readonly<Record<Trouble, Fate>>;
  /** Starts it; a text says why that cannot be here. */
  start(place: Place): Promise<Speaking | string>;
};

export const ONCE: Fate = { meanwhile: [] };
export const MAY_BE_LOST: Fate = { meanwhile: ["lost"] };
export const MAY_BE_LOST_OR_TWICE: Fate = { meanwhile: ["lost", "twice"] };

export const ENDED: Fate = { meanwhile: ["lost"], isEnded: true };

/** What a trouble did to a sender's lines. */
export type Outcome = {
  readonly trouble: Trouble;
  readonly skipped?: string;
  readonly said: number;
  /** Of what it said meanwhile. */
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** What it said before or after and is not there once. */
  readonly unsteady: readonly string[];
};

/** What of an outcome is not as promised. */
export function faultsOf({ lost, twice, unsteady }: Outcome, { meanwhile }: Fate): string[] {
  return [
    ...unsteady.map((line) => `"${line}" is not there once`),
    ...(meanwhile.includes("lost") ? [] : lost.map((line) => `"${line}" is lost`)),
    ...(meanwhile.includes("twice") ? [] : twice.map((line) => `"${line}" is there more than once`)),
  ];
}

const LINES = 10;
const PAUSE_MS = 60;
/** Until a sender that waits before it tries again is back: log4j2 half a minute. */
const BACK_MS = 75_000;
const PROBE_MS = 1000;

/** Takes a sender through some troubles, one after the other. @returns a text when it is not to be had here */
export async function endure(
  sender: OutageSender,
  troubles: readonly Trouble[] = TROUBLES,
): Promise<Outcome[] | string> {
  const ends: (() => Promise<void>)[] = [];
  const world = new World({ after: (end) => ends.push(end) });
  let place: Place | undefined;
  let running: Running | undefined;
  try {
    place = await Place.start(world, troubles);
    const speaking = await sender.start(place);
    if (typeof speaking === "string") return speaking;
    running = new Running(sender, speaking, place);
    const outcomes: Outcome[] = [];
    for (const trouble of troubles) outcomes.push(await endureOne(sender, running, place, trouble));
    return outcomes;
  } finally {
    await running?.speaking.stop();
    await place?.close();
    for (const end of ends) await end();
  }
}

/** A sender, and the next one of it where the first does not come back. */
class Running {
  readonly #sender: OutageSender;
  readonly #place: Place;
  speaking: Speaking;

  constructor(sender: OutageSender, speaking: Speaking, place: Place) {
    this.#sender = sender;
    this.#place = place;
    this.speaking = speaking;
  }

  say(line: string): Promise<void> | void {
    return this.speaking.say(line);
  }

  async startAgain(): Promise<void> {
    await this.speaking.stop();
    const next = await this.#sender.start(this.#place);
    if (typeof next === "string") throw new Error(`expected ${this.#sender.name} to start again: ${next}`);
    this.speaking = next;
  }
}

async function endureOne(sender: OutageSender, running: Running, place: Place, trouble: Trouble): Promise<Outcome> {
  const skipped = place.obstacleTo(trouble);
  if (skipped !== undefined) return { trouble, skipped, said: 0, lost: [], twice: [], unsteady: [] };
  const saying: (Promise<void> | void)[] = [];
  const say = async (when: string): Promise<string[]> => {
    const lines = Array.from({ length: LINES }, (_, i) => `${trouble} ${when} ${i}`);
    for (const line of lines) {
      // A sender that sends in the call that logs waits as long as the service does.
      saying.push(running.say(line));
      await sleep(PAUSE_MS);
    }
    return lines;
  };
  const before = await say("before");
  await all(sender, place, before);
  const meanwhile = say("meanwhile");
  await sleep(2 * PAUSE_MS);
  await place.begin(trouble);
  await Promise.all([meanwhile, sleep(3000)]);
  await place.end(trouble);
  if (sender.fates[trouble].isEnded === true) await running.startAgain();
  await probe(sender, running, place, trouble);
  const after = await say("after");
  await all(sender, place, after);
  await Promise.all(saying);
  const inBetween = await meanwhile;
  // What does not come in this time is told as lost.
  if (!sender.fates[trouble].meanwhile.includes("lost")) await all(sender, place, inBetween).catch(() => undefined);
  return reckon(await counted(sender, place), { trouble, steady: [...before, ...after], inBetween });
}

/** Says something again and again until it is back: what it says before may be lost with the connection. */
async function probe(sender: OutageSender, running: Running, place: Place, trouble: Trouble): Promise<void> {
  let probes = 0;
  let saidAt = 0;
  await waitFor(
    `${sender.name} to be back after it was ${trouble}`,
    async () => {
      if (Date.now() - saidAt >= PROBE_MS) {
        saidAt = Date.now();
        void running.say(`${trouble} probe ${probes++}`);
      }
      const found = await counted(sender, place);
      return [...found.keys()].some((line) => line.startsWith(`${trouble} probe`));
    },
    BACK_MS,
  );
}

/** How often each line is there. */
async function counted(sender: OutageSender, place: Place): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { message = "" } of await everything(place.service, sender.format)) {
    counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return counts;
}

async function all(sender: OutageSender, place: Place, lines: readonly string[]): Promise<void> {
  let missing: readonly string[] = lines;
  try {
    await waitFor(
      "all lines",
      async () => {
        const found = await counted(sender, place);
        missing = lines.filter((line) => !found.has(line));
        return missing.length === 0;
      },
      BACK_MS,
    );
  } catch {
    throw new Error(`${sender.name}: expected all that it said, missing are ${missing.join(", ")}`);
  }
}

type Said = { readonly trouble: Trouble; readonly steady: readonly string[]; readonly inBetween: readonly string[] };

function reckon(found: ReadonlyMap<string, number>, { trouble, steady, inBetween }: Said): Outcome {
  const timesOf = (line: string): number => found.get(line) ?? 0;
  const probes = [...found.keys()].filter((line) => line.startsWith(`${trouble} probe`));
  return {
    trouble,
    said: steady.length + inBetween.length,
    lost: inBetween.filter((line) => timesOf(line) === 0),
    twice: [...inBetween, ...probes].filter((line) => timesOf(line) > 1),
    unsteady: steady.filter((line) => timesOf(line) !== 1),
  };
}
