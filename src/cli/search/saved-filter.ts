/** Searches that were saved under a name, on the command line: `--saved`, which other filters narrow. */

import type { Command } from "commander";
import { ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { CliError } from "../terminal/failure.ts";

export type SavedFlags = {
  readonly ledger: string;
  /** Name of a saved search. */
  readonly saved?: string;
};

type Parameters = Readonly<Record<string, string>>;

type Saved = {
  readonly name: string;
  readonly filter: string;
  readonly problems?: readonly { readonly path: string; readonly expected: string; readonly got: string }[];
};

export function withSavedOption(command: Command): Command {
  return command.option(
    "--saved <name>",
    "what a search finds that was saved under this name; other filters narrow it",
  );
}

/**
 * A filter with that of the saved search that the flags name.
 * @throws CliError when there is none, it is not understood, or both say something else of the same
 */
export async function wholeFilter(flags: SavedFlags & ServiceOptions, own: Parameters): Promise<Parameters> {
  if (flags.saved === undefined) return own;
  const path = `/v1/ledgers/${encodeURIComponent(flags.ledger)}/searches`;
  const { searches, damaged } = (await new ServiceClient(flags).ask(path)) as {
    readonly searches: readonly Saved[];
    readonly damaged: readonly string[];
  };
  const found = searches.find(({ name }) => name === flags.saved);
  const named = JSON.stringify(flags.saved);
  if (found === undefined && damaged.includes(flags.saved)) {
    const message = `The saved search ${named} cannot be read from the store: an administrator saves it again.`;
    throw new CliError(message, { code: "search_damaged", exitStatus: 1 });
  }
  if (found === undefined) {
    const names = searches.map(({ name }) => JSON.stringify(name)).join(", ");
    const message = `${flags.ledger} has no saved search ${named}; it has ${names === "" ? "none" : names}.`;
    throw new CliError(message, { code: "search_unknown", exitStatus: 1 });
  }
  const [problem] = found.problems ?? [];
  if (problem !== undefined) {
    const message = `The saved search ${named} is not understood: expected ${problem.expected} at ${problem.path}, got ${problem.got}. Save it again.`;
    throw new CliError(message, { code: "search_not_understood", exitStatus: 1 });
  }
  const saved = Object.fromEntries(new URLSearchParams(found.filter));
  const both = Object.keys(own).find((name) => Object.hasOwn(saved, name) && saved[name] !== own[name]);
  if (both !== undefined) {
    const message = `The saved search ${named} has ${both}=${saved[both]} already; expected no other ${both} beside it.`;
    throw new CliError(message, { code: "filter_twice", exitStatus: 2 });
  }
  return { ...saved, ...own };
}
