/**
 * kill -9 after a fault, at some moment while requests are under way: which fault, how often and when is drawn from a
 * seed, so that a case can be run again.
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { dice } from "./dice.ts";
import { pathsOf } from "./places.ts";
import { Attached } from "./strace.ts";
import type { Case } from "./table.ts";
import { load, reckonAfter } from "./three-steps.ts";
import { Findings, type Result, resultOf } from "./verdict.ts";

const CALLS = ["write", "fdatasync"];
const ERRORS = ["EIO", "ENOSPC", "EDQUOT"];
const CALL_MAX = 12;
const THREADS_MAX = 4;
const ROUNDS_MAX = 8;
const DELAY_MS = 400;

async function killAfterFault(bench: Bench, seed: number): Promise<Result> {
  const draw = dice(seed);
  const place = await bench.place({ ending: "SIGKILL", chain: "none" });
  const { world, witness, options, data } = place;
  const findings = new Findings();
  const fault = {
    calls: CALLS[draw(CALLS.length)] as string,
    does: `error=${ERRORS[draw(ERRORS.length)]}`,
    when: String(1 + draw(CALL_MAX)),
  };
  try {
    const env = { UV_THREADPOOL_SIZE: String(1 + draw(THREADS_MAX)) };
    const service = await world.start({ ...options, env });
    const attached = await Attached.to(service.pid, fault, pathsOf(data, "store/log"), join(world.folder, "strace"));
    for (let round = 0; round < ROUNDS_MAX; round++) await load(service, witness, findings);
    await attached.lift();
    const loads = (async () => {
      while (service.isRunning) await load(service, witness, findings);
    })();
    await sleep(draw(DELAY_MS));
    await service.stop("SIGKILL");
    await loads;
    await reckonAfter(place, findings);
    return resultOf(findings, attached.count);
  } finally {
    await place.end();
  }
}

/** So many, from a seed on. */
export function killCases(count: number, seed: number): Case[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `kill -9 after a fault: ${i + 1} of ${count}, seed ${seed + i}`,
    run: (bench: Bench) => killAfterFault(bench, seed + i),
  }));
}
