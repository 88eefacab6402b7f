/** Runs cases, some at a time, and says after each how it ended; one that breaks does not keep the others from running. */

import type { Bench } from "./bench.ts";
import { dice } from "./dice.ts";
import type { Case } from "./table.ts";
import { isKept, OUTCOMES, type Result } from "./verdict.ts";

export type Ran = Result & { readonly name: string; readonly seconds: number };

/** Longer than any case takes on a busy machine. */
const CASE_MS = 300_000;

export type Progress = (ran: Ran, done: number, count: number) => void;

/** @param jobs cases at a time */
export async function runCases(bench: Bench, cases: readonly Case[], jobs: number, progress: Progress): Promise<Ran[]> {
  const waiting = [...cases];
  const all: Ran[] = [];
  const work = async (): Promise<void> => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      const ran = await runCase(bench, each);
      all.push(ran);
      progress(ran, all.length, cases.length);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return all;
}

export async function runCase(bench: Bench, { name, run }: Case): Promise<Ran> {
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve({ outcome: "hung", texts: [`no end after ${CASE_MS} ms`] }), CASE_MS);
  });
  const result = await Promise.race([run(bench), late]).catch(
    (error: unknown): Result => ({ outcome: "broken", texts: [String(error instanceof Error ? error.stack : error)] }),
  );
  clearTimeout(timer);
  return { ...result, name, seconds: (performance.now() - startedAt) / 1000 };
}

/** So many cases, drawn from a seed, in their order. */
export function sampleOf(cases: readonly Case[], count: number, seed: number): Case[] {
  const draw = dice(seed);
  const left = cases.map((_, i) => i);
  const drawn = Array.from({ length: Math.min(count, cases.length) }, () => left.splice(draw(left.length), 1)[0]);
  return cases.filter((_, i) => drawn.includes(i));
}

/** One line that counts everything: "N survived, N refused and recovered, 0 lost, …". */
export function summaryOf(all: readonly Ran[]): string {
  const counts = OUTCOMES.map((outcome) => [outcome, all.filter((ran) => ran.outcome === outcome).length] as const);
  const words: Partial<Record<string, string>> = { recovered: "refused and recovered", missed: "not reached" };
  const order = ["survived", "recovered", ...OUTCOMES.filter((each) => each !== "survived" && each !== "recovered")];
  return order
    .map((outcome) => `${counts.find(([name]) => name === outcome)?.[1]} ${words[outcome] ?? outcome}`)
    .join(", ");
}

export function failuresOf(all: readonly Ran[]): Ran[] {
  return all.filter(({ outcome }) => !isKept(outcome));
}
