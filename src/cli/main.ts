/**
 * The command line: `holdfast <command>`. What each command does is in its own file; here they are put together, and
 * every way to end becomes a sentence and an exit status. docs/cli.md is the page about it.
 */

import { Command, CommanderError } from "commander";
import { withPages } from "./about/pages.ts";
import { CliError, type SetExit, usageError } from "./terminal/failure.ts";
import { printNote, printResult } from "./terminal/output.ts";
import { prepareProcess } from "./terminal/process.ts";
import { readVersion } from "./terminal/version.ts";

type AddCommand = (program: Command, setExit: SetExit) => void;

/** Only the command that is called is loaded: the mathematics of one costs the start of all others. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  serve: async () => (await import("./serve.ts")).addServe,
  status: async () => (await import("./status/command.ts")).addStatus,
  append: async () => (await import("./append/command.ts")).addAppend,
  search: async () => (await import("./search/command.ts")).addSearch,
  tail: async () => (await import("./tail/command.ts")).addTail,
  prove: async () => (await import("./prove.ts")).addProve,
  export: async () => (await import("./export/command.ts")).addExport,
  import: async () => (await import("./import.ts")).addImport,
  verify: async () => (await import("./verify.ts")).addVerify,
  upgrade: async () => (await import("./upgrade/command.ts")).addUpgrade,
  calldata: async () => (await import("./calldata.ts")).addCalldata,
  check: async () => (await import("./check.ts")).addCheck,
  schemas: async () => (await import("./schemas.ts")).addSchemas,
  requirements: async () => (await import("./requirements.ts")).addRequirements,
  retention: async () => (await import("./retention.ts")).addRetention,
  erase: async () => (await import("./erase.ts")).addErase,
  hold: async () => (await import("./hold.ts")).addHold,
  ledgers: async () => (await import("./ledgers.ts")).addLedgers,
  archive: async () => (await import("./archive/command.ts")).addArchive,
  backup: async () => (await import("./backup/command.ts")).addBackup,
  restore: async () => (await import("./restore/command.ts")).addRestoreBackup,
  audit: async () => (await import("./audit/command.ts")).addAudit,
  recover: async () => (await import("./recover.ts")).addRecover,
  encryption: async () => (await import("./encryption/command.ts")).addEncryption,
  marks: async () => (await import("./marks.ts")).addMarks,
  deploy: async () => (await import("./deploy.ts")).addDeploy,
  contract: async () => (await import("./contract.ts")).addContract,
  owner: async () => (await import("./owner.ts")).addOwner,
  keystore: async () => (await import("./keystore.ts")).addKeystore,
  keys: async () => (await import("./keys.ts")).addKeys,
  sources: async () => (await import("./sources/command.ts")).addSources,
  alerts: async () => (await import("./alerts.ts")).addAlerts,
  watch: async () => (await import("./watch/command.ts")).addWatch,
  about: async () => (await import("./about/command.ts")).addAbout,
  "fork-proof": async () => (await import("./fork-proof/command.ts")).addForkProof,
};

/**
 * Runs a command.
 * @param args without the names of the program and of this file
 * @returns the exit status: 0 well, 1 refused or failed, 2 wrong usage or something that is needed cannot be reached
 */
export async function run(args: readonly string[]): Promise<number> {
  let status = 0;
  const setExit: SetExit = (wanted) => {
    status = wanted;
  };
  prepareProcess(args[0]);
  try {
    const program = await makeProgram(args[0], setExit);
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    return fail(error, args.includes("--json"));
  }
}

/** All commands, or the one that is named. */
export async function makeProgram(name: string | undefined, setExit: SetExit): Promise<Command> {
  const program = new Command("holdfast")
    .description("An audit log that nobody can quietly rewrite.")
    .version(readVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => void process.stdout.write(withPages(text)) })
    .showHelpAfterError('(see "holdfast help")');
  const named = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  const wanted = named === undefined ? Object.values(COMMANDS) : [named];
  for (const load of wanted) (await load())(program, setExit);
  for (const command of program.commands) explainErrors(command, `holdfast ${command.name()}`);
  return program;
}

/** What is wrong with a value says of which option it is, and every error where its own command is explained. */
function explainErrors(command: Command, path: string): void {
  command.showHelpAfterError(`(see "${path} --help")`);
  for (const option of command.options) {
    const { parseArg, long } = option;
    if (parseArg === undefined) continue;
    option.parseArg = <T>(value: string, before: T): T => {
      try {
        return parseArg(value, before);
      } catch (error) {
        throw error instanceof CliError && error.code === "usage" ? usageError(`${long}: ${error.message}`) : error;
      }
    };
  }
  for (const each of command.commands) explainErrors(each, `${path} ${each.name()}`);
}

function fail(error: unknown, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const known = error instanceof CliError;
  const message = error instanceof Error ? error.message : String(error);
  const code = known ? error.code : ((error as { code?: unknown }).code ?? "unexpected");
  const details = known ? error.details : [];
  const told = { code, message, ...(details.length > 0 && { details }) };
  if (asJson) printResult({ json: { error: told }, text: [] }, true);
  else for (const line of [`holdfast: ${withPages(message)}`, ...details]) printNote(line);
  if (!known && process.env.HOLDFAST_LOG === "debug" && error instanceof Error) error.stack?.split("\n").map(printNote);
  return known ? error.exitStatus : 1;
}

// Undefined on an older Node, where scripts/holdfast.mjs calls run().
const { main: isMain } = import.meta as { readonly main?: boolean };
if (isMain === true) process.exitCode = await run(process.argv.slice(2));
