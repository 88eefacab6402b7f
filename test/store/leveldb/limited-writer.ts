/**
 * A process whose files may not grow beyond a limit, as on a full disk: writes fail in the middle of a record. It commits
 * until that happens, lifts the limit, commits on, and dies without closing. Each line that it prints was acknowledged.
 */

import { execFileSync } from "node:child_process";
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LevelStore } from "../../../src/store/level-store.ts";
import { commitOf, hex, ledgerRecord } from "../suite.ts";

const [directory, order] = process.argv.slice(2) as [string, string];
const ids = [1, 2].map((seed) => hex(seed, 32));
const sizes = [0, 0];
const store = await LevelStore.open(directory, { waitMs: 200 });
for (const seed of [1, 2]) await store.addLedger(ledgerRecord(seed));

function say(what: object): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

/** Commits to one of the ledgers, and says so when it is acknowledged. */
async function commit(ledger: number): Promise<void> {
  const id = ids[ledger] as (typeof ids)[number];
  const from = sizes[ledger] as number;
  await store.commit(id, commitOf(id, from, 40));
  sizes[ledger] = from + 40;
  say({ ledger, size: sizes[ledger] });
}

/** Commits, and probes between them, until one fails. */
async function commitUntilRefused(): Promise<string> {
  for (let i = 0; i < 10_000; i++) {
    try {
      if (order === "probe") {
        await commit(0).catch(() => undefined);
        const write = { space: "probe", key: "ready", value: String(i) };
        await store.writeRecords([write], { durable: true });
      } else {
        // Several at once: what one write of the group meets is everybody's.
        await Promise.all([commit(0), commit(1)]);
      }
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }
  return "nothing was refused";
}

say({ refused: await commitUntilRefused(), state: store.writing.state });
const readable = await store.head(ids[0] as never);
say({ readable: readable?.size });
const started = performance.now();
const again = await commit(1).then(
  () => "accepted",
  (error) => (error as { code?: string }).code,
);
say({ whileFull: again, atOnce: performance.now() - started < 5000 });
execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=unlimited:"]);
while (store.writing.state !== "writing") await sleep(20);
for (let i = 0; i < 5; i++) await Promise.all([commit(0), commit(1)]);
say({ done: true });
process.kill(process.pid, "SIGKILL");
