/** Records, prunes and kills itself: `node killed-pruning.ts <folder> <step>`, or `batch` for between two batches. */

import { LevelStore } from "../../src/store/level-store.ts";
import type { EntryReplacement } from "../../src/store/store.ts";
import { AUTHOR, archiverOf, DAY, MIXED, openPruned, RECORD, recordActions, START } from "./pruned-bench.ts";

const [, , path = "", kill = ""] = process.argv;
const die = (): void => void process.kill(process.pid, "SIGKILL");
const archiver = archiverOf("a.hfa");
// Pauses of pruning keep no process alive.
setInterval(() => undefined, 1000);
const store = await LevelStore.open(path);
const clock = { now: START };
const onStep = (step: string): void => {
  if (step === kill) die();
};
const { ledger, retention } = await openPruned(store, clock, { archiver, onStep }).then(async (bench) => {
  await recordActions(bench, MIXED);
  return bench;
});
const rules = [{ name: "logins", action: "user.*", keepAtMost: "P30D", after: "archive_and_prune" }] as const;
await retention.policies.put(ledger, { rules, mayShorten: true }, AUTHOR);
clock.now += 31 * DAY;
if (kill === "batch") {
  const replace = store.replaceEntries.bind(store);
  store.replaceEntries = async (id, replacements: readonly EntryReplacement[], claims) => {
    await replace(id, replacements, claims);
    die();
  };
}
await retention.pruner.prune(RECORD.id);
