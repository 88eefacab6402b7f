/** `holdfast erase`: erases a subject, or members of events, after it has shown what would go; waits until no file has it. */

import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { type FilterFlags, filterOf, withFilterOptions } from "./remote/filter-flags.ts";
import { type RuleFlags, rulePath, withRuleOptions } from "./remote/rules.ts";
import { ServiceClient } from "./remote/service-client.ts";
import { CliError, usageError } from "./terminal/failure.ts";
import { counted } from "./terminal/numbers.ts";
import { printResult, spellTime } from "./terminal/output.ts";

const POLL_MS = 500;

type EraseFlags = RuleFlags &
  FilterFlags & {
    readonly subject?: string;
    readonly index?: string;
    readonly member?: readonly string[];
    readonly reason?: string;
    readonly ground?: string;
    readonly dryRun?: boolean;
    readonly yes?: boolean;
  };
type Preview = {
  readonly events: number;
  readonly indexes: string;
  readonly held: readonly { readonly hold: string; readonly held: number }[];
  readonly own: number;
  readonly archives: readonly Archive[];
};
type Archive = { readonly name: string; readonly now?: string; readonly stays?: string; readonly until?: number };
type Erasure = {
  readonly id: string;
  readonly state: string;
  readonly step: string;
  readonly events: number;
  readonly archives?: readonly Archive[];
};

/** What is said of each step when it is reached. */
const REACHED: Readonly<Record<string, string>> = {
  rewritten: "no answer shows it any more",
  kept: "its digests are kept beside the keys",
  unindexed: "searches do not find it",
  destroyed: "the keys of the subject are destroyed",
  compacted: "no file of the service has it",
  rearchived: "archives were looked through, and written again where they had it",
  done: "the ledger was told",
};

export function addErase(program: Command): void {
  const erase = program
    .command("erase")
    .description("Erase a subject, or members of events, for good. Their digests and every proof stay.");
  withFilterOptions(withRuleOptions(erase))
    .option("--subject <subject>", "everything of tenant=…, or of actor=type:id")
    .option("--index <ranges>", "these events: 5-9,12")
    .option("--member <name...>", "these members only")
    .option("--reason <text>", "why; recorded for ever, so name nobody in it")
    .option("--ground <text>", "the legal ground")
    .option("--dry-run", "only say what would go")
    .option("--yes", "do it; without it this is a dry run")
    .action(run);
}

async function run(flags: EraseFlags): Promise<void> {
  const request = requestOf(flags);
  const client = new ServiceClient(flags);
  const path = rulePath(flags, "erasures");
  const ask = async (more: object) =>
    await client.ask(path, { method: "POST", body: JSON.stringify({ ...request, ...more }) });
  if (flags.dryRun === true || flags.yes !== true) {
    const preview = (await ask({ dryRun: true })) as Preview;
    printResult({ json: preview, text: previewText(preview) }, flags.json === true);
    return;
  }
  if (flags.reason === undefined) throw usageError("Expected --reason, which is recorded with the erasure.");
  const begun = (await ask({})) as Erasure;
  if (flags.json !== true) process.stderr.write(`Erasing ${counted(begun.events, "event")}, erasure ${begun.id}.\n`);
  const done = await follow(client, rulePath(flags, "erasures", begun.id), begun, flags.json === true);
  if (done.state !== "done") throw refused(done);
  const text = [
    `Erased ${counted(done.events, "event")}. Copies that others hold, bundles that were given out and backups of keys have it still.`,
    ...archivesText(done.archives ?? []),
  ];
  printResult({ json: done, text }, flags.json === true);
}

function refused({ id }: Erasure): CliError {
  const message = `Erasure ${id} was refused: a legal hold was placed before anything was gone.`;
  return new CliError(message, { code: "erasure_held", exitStatus: 1 });
}

function requestOf(flags: EraseFlags): object {
  const { subject, index, member, reason, ground } = flags;
  const filter = new URLSearchParams(filterOf(flags)).toString();
  const given = [subject, index, filter === "" ? undefined : filter].filter((each) => each !== undefined);
  if (given.length !== 1) throw usageError("Expected one of --subject, --index and filters as those of search.");
  return {
    ...(subject !== undefined && { subject }),
    ...(index !== undefined && { indexes: index }),
    ...(filter !== "" && { filter }),
    ...(member !== undefined && { members: member }),
    ...(reason !== undefined && { reason }),
    ...(ground !== undefined && { ground }),
  };
}

function previewText({ events, indexes, held, own, archives }: Preview): string[] {
  return [
    `${counted(events, "event")} would be erased${events === 0 ? "." : `: ${indexes}`}`,
    ...held.map(
      ({ hold, held: count }) =>
        `The legal hold ${hold} covers ${count} of them, so that nothing is erased until it is lifted.`,
    ),
    ...(own > 0 ? [`${counted(own, "event")} of the service about itself would stay.`] : []),
    ...archives.map((archive) => archiveText(archive, "The archive would be written again without it")),
    "Nothing was changed; --yes does it.",
  ];
}

/** What is said of an archive that stays as it is. */
const STAYS: Readonly<Record<string, string>> = {
  locked: "It is locked where it is",
  encrypted:
    "It may have it: it is encrypted to others, so that the service cannot read it. Whoever has its key writes it again with holdfast archive erase",
  damaged: "It may have it: it cannot be read, or does not verify, so that it cannot be written again",
  refused:
    "It was written again, but its place does not let the service remove it, or it is a link, or has other names besides",
  held: "A legal hold covers something in it that is nowhere else, so that it is as it was. Lift the hold, and erase again",
  would_be_clear:
    "It is encrypted, and archives are kept in clear by now, so that it is not written again. Whoever has its key does so with holdfast archive erase --recipient",
  missing: "It may have it: it is not there any more",
};

/** Of these it is known. */
const HAVE_IT = ["locked", "held", "would_be_clear"];

function archivesText(archives: readonly Archive[]): string[] {
  return archives.map((archive) => archiveText(archive, `Now without it: ${archive.now}`));
}

function archiveText({ name, stays, until }: Archive, written: string): string {
  if (stays === undefined) return `${name}: ${written}.`;
  const end = until === undefined ? "" : ` until ${spellTime(until)}`;
  return `${name}: ${HAVE_IT.includes(stays) ? "HAS IT STILL. " : ""}${STAYS[stays] ?? stays}${end}.`;
}

async function follow(client: ServiceClient, path: string, begun: Erasure, isQuiet: boolean): Promise<Erasure> {
  let erasure = begun;
  while (erasure.state === "running") {
    await delay(POLL_MS);
    const { step } = erasure;
    erasure = (await client.ask(path)) as Erasure;
    if (!isQuiet && erasure.step !== step && REACHED[erasure.step] !== undefined)
      process.stderr.write(`  ${erasure.step}: ${REACHED[erasure.step]}\n`);
  }
  return erasure;
}
