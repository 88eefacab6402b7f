/**
 * The command line: `holdfast <command>`. What each command does is in its own file; here they are put together, and
 * every way to end becomes a sentence and an exit status. docs/cli.md is the page about it.
 */

import { Command, CommanderError } from "commander";
import { addAppend } from "./append.ts";
import { CliError } from "./failure.ts";
import { addKeys } from "./keys.ts";
import { addLedgers } from "./ledgers.ts";
import { printNote, printOut } from "./output.ts";
import { addProve } from "./prove.ts";
import { addStatus } from "./status.ts";
import { addUpgrade } from "./upgrade.ts";
import { addVerify } from "./verify.ts";

/** Gets the exit status of a command that ended well in another way than 0. */
export type SetExit = (status: number) => void;

/**
 * Runs a command.
 * @param args without the names of the program and of this file
 * @returns the exit status: 0 well, 1 refused or failed, 2 wrong usage or something that is needed cannot be reached
 */
export async function run(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = makeProgram((wanted) => {
    status = wanted;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    return fail(error, args.includes("--json"));
  }
}

function makeProgram(setExit: SetExit): Command {
  const program = new Command("holdfast")
    .description("An audit log that nobody can quietly rewrite.")
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(see "holdfast help")');
  addStatus(program, setExit);
  addAppend(program);
  addProve(program);
  addVerify(program, setExit);
  addUpgrade(program, setExit);
  addLedgers(program);
  addKeys(program);
  return program;
}

function fail(error: unknown, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const known = error instanceof CliError;
  const message = error instanceof Error ? error.message : String(error);
  const code = known ? error.code : ((error as { code?: unknown }).code ?? "unexpected");
  if (asJson) printOut(`${JSON.stringify({ error: { code, message } })}\n`);
  else printNote(`holdfast: ${message}`);
  if (!known && process.env.HOLDFAST_LOG === "debug" && error instanceof Error) printNote(error.stack ?? "");
  return known ? error.exitStatus : 1;
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
