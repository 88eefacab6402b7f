/** `holdfast hold`: legal holds of a ledger, placed on what a filter finds, listed and lifted. */

import type { Command } from "commander";
import { type FilterFlags, filterOf, withFilterOptions } from "./remote/filter-flags.ts";
import { type RuleFlags, rulePath, withRuleOptions } from "./remote/rules.ts";
import { ServiceClient } from "./remote/service-client.ts";
import { usageError } from "./terminal/failure.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

type Hold = {
  readonly id: string;
  readonly filter: string;
  readonly reason: string;
  readonly placedAt: number;
  readonly source: string;
};
type Holds = { readonly holds: readonly Hold[]; readonly damaged: readonly string[] };
type ReasonFlags = RuleFlags & { readonly reason: string };

const REASON = "why; it is in the event about it";

export function addHold(program: Command): void {
  const hold = program
    .command("hold")
    .description("Place, list and lift legal holds: what is held is neither erased nor pruned.");
  withFilterOptions(
    withRuleOptions(hold.command("place").description("Hold everything that a filter finds, now and later.")),
  )
    .requiredOption("--reason <text>", REASON)
    .action(place);
  withRuleOptions(hold.command("list").description("List the holds in force.")).action(list);
  withRuleOptions(hold.command("lift").description("End a hold.").argument("<id>", "see holdfast hold list"))
    .requiredOption("--reason <text>", REASON)
    .action(lift);
}

async function place(flags: ReasonFlags & FilterFlags): Promise<void> {
  const filter = new URLSearchParams(filterOf(flags)).toString();
  if (filter === "") throw usageError("Expected a filter, such as --actor user:ada; --from 0 holds everything.");
  const body = JSON.stringify({ filter, reason: flags.reason });
  const hold = (await new ServiceClient(flags).ask(rulePath(flags, "holds"), { method: "POST", body })) as Hold;
  printResult({ json: hold, text: [`Hold ${hold.id} is in force on ${hold.filter}.`] }, flags.json === true);
}

async function list(flags: RuleFlags): Promise<void> {
  const answer = (await new ServiceClient(flags).ask(rulePath(flags, "holds"))) as Holds;
  const head = ["ID", "FILTER", "SINCE", "BY", "REASON"];
  const rows = answer.holds.map((hold) => [hold.id, hold.filter, spellTime(hold.placedAt), hold.source, hold.reason]);
  const damaged = answer.damaged.map((id) => `Hold ${id} cannot be read, so everything of the ledger is held.`);
  printResult({ json: answer, text: [...table([head, ...rows]), ...damaged] }, flags.json === true);
}

async function lift(id: string, flags: ReasonFlags): Promise<void> {
  const body = JSON.stringify({ reason: flags.reason });
  const client = new ServiceClient(flags);
  const left = (await client.ask(rulePath(flags, "holds", id, "lift"), { method: "POST", body })) as Holds;
  printResult({ json: left, text: [`Hold ${id} is lifted.`] }, flags.json === true);
}
