/** Flags of commands that find events: the parameters of the API's filter, each under its own name. */

import type { Command } from "commander";

/** What follows each flag, and what it finds; the service says what is wrong with a value. */
const FILTERS: readonly (readonly [flag: string, what: string])[] = [
  ["--action <action>", "exactly this one, or all that begin so: k8s.*"],
  ["--actor <party>", "an id, type:id, or type:*"],
  ["--on-behalf-of <party>", "for whom it was done"],
  ["--target <party>", "any of the targets"],
  ["--outcome <outcome>", "success, failure, denied or unknown"],
  ["--source <source>", "who sent it"],
  ["--key <id>", "the API key that it came with"],
  ["--format <format>", "the format that it came in"],
  ["--quarantined", "only what could not be read, or broke a rule, and was recorded all the same"],
  ["--text <text>", "stands in the message, an id, a name or the text that came"],
  ["--tenant <tenant>", "whose data it is about"],
  ["--id <id>", "the id that its sender gave it"],
  ["--intent <intent>", "the name of an intent, or *"],
  ["--result-of <intent>", "results of an intent"],
  ["--since <time>", "recorded at or after"],
  ["--until <time>", "recorded before"],
  ["--occurred-since <time>", "the event's own time is at or after"],
  ["--occurred-until <time>", "the event's own time is before"],
  ["--from <index>", "from this index on"],
  ["--to <index>", "up to this index, itself not included"],
];

/** Values by the names that the API has for them. */
export type FilterFlags = Readonly<Record<string, unknown>>;

export function withFilterOptions(command: Command): Command {
  for (const [flag, what] of FILTERS) command.option(flag, what);
  return command;
}

/** The filter of some flags, as the API takes it. */
export function filterOf(flags: FilterFlags): Record<string, string> {
  const filter: Record<string, string> = {};
  for (const [flag] of FILTERS) {
    const name = nameOf(flag);
    const value = flags[name];
    if (value !== undefined) filter[name] = String(value);
  }
  return filter;
}

function nameOf(flag: string): string {
  const [name = ""] = flag.slice(2).split(" ");
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
