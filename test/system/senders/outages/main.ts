/**
 * `npm run test:senders`: senders of others, unchanged and set up as their pages say, while the service is killed and started again, while it
 * hangs, and while its disk is full. A line for each: how much was said, lost and doubled. `-- --only PATTERN` runs those whose name the
 * pattern finds, `--list` names them. A sender that cannot be had here is said loudly and tried by nobody.
 * Why: docs/decisions/0165.
 */

import { parseArgs } from "node:util";
import { endure, faultsOf } from "./outage.ts";
import { OUTAGE_SENDERS } from "./senders.ts";

const { values: flags } = parseArgs({
  options: { only: { type: "string", default: "" }, list: { type: "boolean", default: false } },
});

const only = new RegExp(flags.only, "i");
const senders = OUTAGE_SENDERS.filter(({ name }) => only.test(name));
let faulty = 0;
let tried = 0;
for (const sender of senders) {
  console.log(`# ${sender.name}`);
  if (flags.list) continue;
  const outcomes = await endure(sender).catch((error: unknown) => error as Error);
  if (typeof outcomes === "string") {
    console.log(`  NOT TRIED: ${outcomes}`);
    continue;
  }
  if (outcomes instanceof Error) {
    faulty++;
    tried++;
    console.log(`  FAILED  ${outcomes.message}`);
    continue;
  }
  for (const outcome of outcomes) {
    const { trouble, skipped, said, lost, twice } = outcome;
    if (skipped !== undefined) {
      console.log(`  ${trouble}: NOT TRIED: ${skipped}`);
      continue;
    }
    const faults = faultsOf(outcome, sender.fates[trouble]);
    tried++;
    if (faults.length > 0) faulty++;
    const ended = faults.length === 0 ? "passed" : "FAILED";
    console.log(`  ${ended}  ${trouble.padEnd(8)} said ${said}, lost ${lost.length}, twice ${twice.length}`);
    for (const fault of faults) console.log(`          ${fault}`);
  }
}
if (!flags.list) console.log(`${tried - faulty} passed, ${faulty} failed`);
process.exit(faulty > 0 || (tried === 0 && !flags.list) ? 1 : 0);
