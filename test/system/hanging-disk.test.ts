/**
 * A disk that hangs: a write to the store that never ends. LevelDB opens a pipe that nobody reads in the place of its next log,
 * which is such a write, in a thread that no ordinary end of a process gets past.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Bench } from "./faults/bench.ts";
import { event, type ServiceProcess, type World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const EVENT_BYTES = 50_000;
const BATCH = 40;
/** More than LevelDB's log takes before the next one is begun. */
const BATCHES = 12;

type Hanging = {
  readonly service: ServiceProcess;
  readonly acknowledged: number;
  readonly start: () => Promise<ServiceProcess>;
};

/** Makes pipes under the names that LevelDB's next logs will have. */
function layPipes(store: string): void {
  const numbers = readdirSync(store).map((name) => Number(/\d+/.exec(name)?.[0] ?? 0));
  const next = Math.max(...numbers) + 1;
  for (let number = next; number < next + 8; number++) {
    execFileSync("mkfifo", [join(store, `${String(number).padStart(6, "0")}.log`)]);
  }
}

function takePipesAway(store: string): void {
  for (const file of globSync(join(store, "*.log"))) if (statSync(file).isFIFO()) rmSync(file);
}

/** A service of which a write hangs, after some that were acknowledged. */
async function hang(world: World, config: object): Promise<Hanging> {
  const service = await world.start({ config });
  const store = join(service.data, "store");
  layPipes(store);
  let acknowledged = 0;
  let isHanging = false;
  for (let i = 0; i < BATCHES && !isHanging; i++) {
    const events = Array.from({ length: BATCH }, (_, j) => event(`${i}-${j}`, { pad: "x".repeat(EVENT_BYTES) }));
    const answer = service.ask(EVENTS, events).catch(() => undefined);
    const found = await Promise.race([answer, sleep(5000).then(() => "late" as const)]);
    isHanging = found === "late";
    if (found !== "late" && found?.status === 201) acknowledged += BATCH;
  }
  assert.ok(isHanging && acknowledged > 0, `expected a write that hangs, got ${acknowledged} events acknowledged`);
  const start = () => {
    takePipesAway(store);
    return world.start({ config });
  };
  return { service, acknowledged, start };
}

for (const signals of [1, 2]) {
  const title = `a service whose write hangs ends at ${signals === 1 ? "a signal, in the end" : "the second signal, at once"}, and has all that was acknowledged at the next start`;
  test(title, { skip: process.platform === "win32" }, async (t) => {
    const bench = new Bench();
    t.after(() => bench.close());
    const { world } = bench.emptyPlace("none");
    const { service, acknowledged, start } = await hang(world, bench.config("none"));
    const alive = await Promise.race([service.ask("GET /healthz"), sleep(5000)]);
    assert.equal((alive as { readonly status: number } | undefined)?.status, 200, "one that hangs still answers");
    process.kill(service.pid, "SIGTERM");
    if (signals === 2) {
      await sleep(300);
      process.kill(service.pid, "SIGTERM");
    }
    await waitFor("the service to end", () => !service.isRunning, 45_000);
    if (signals === 1) {
      const said = service.output;
      assert.match(said, /a write to the store has not ended for \d+ s/);
      assert.match(said, /nobody was told that it was recorded/);
      assert.match(said, /shows at the next start/);
    }
    const again = await start();
    const { size } = await again.json<{ size: number }>(200, "GET /v1/ledgers/main");
    assert.ok(
      size === acknowledged || size === acknowledged + BATCH,
      `${size} after ${acknowledged} were acknowledged`,
    );
    assert.equal((await again.stop("SIGTERM")).status, 0);
  });
}
