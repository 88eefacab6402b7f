/**
 * `holdfast upgrade`: adds anchors to a bundle that somebody kept since its event was only recorded. The event, the
 * path and the checkpoint stay what they were; what links that checkpoint to a chain comes from a service of the
 * ledger, or from the chain alone, and what comes out is verified before it is written. No API key is needed.
 */

import type { Command } from "commander";
import type { Bundle } from "../../verify/bundle/bundle.ts";
import { verifyBundle } from "../../verify/verify.ts";
import { type ServiceOptions, withServiceOptions } from "../remote/service-client.ts";
import { readBundleFile } from "../terminal/bundle-file.ts";
import { CliError, type SetExit, usageError } from "../terminal/failure.ts";
import { openOutput, printNote, printResult } from "../terminal/output.ts";
import { describeVerdict, type VerifyFlags, verifyOptionsOf, withVerifyFlags } from "../verify.ts";
import { linkByChain } from "./from-chain.ts";
import { linkByService } from "./from-service.ts";
import { asksAnybody, type Merged, mergeAnchors } from "./merge.ts";

type UpgradeFlags = ServiceOptions &
  VerifyFlags & { readonly ledger?: string; readonly out?: string; readonly state: boolean };

export function addUpgrade(program: Command, setExit: SetExit): void {
  const command = program
    .command("upgrade")
    .description("Add the anchors that came since to a bundle you kept, and verify the result.")
    .argument("<file>", 'the bundle; "-" is standard input, with --out');
  withVerifyFlags(withServiceOptions(command))
    .option("--ledger <name>", "name of the ledger at the service, when the bundle does not tell it")
    .option("--no-state", "from the chain alone: leave state proofs out, for a chain whose headers are not Ethereum's")
    .option("-o, --out <file>", "write it there; else the file itself is replaced")
    .option("--json", "print the verdict as JSON")
    .addHelpText("after", "\nWith --rpc and no service named (--url, HOLDFAST_URL) it goes by the chain alone.")
    .action(async (file: string, flags: UpgradeFlags) => setExit(await upgrade(file, flags)));
}

async function upgrade(file: string, flags: UpgradeFlags): Promise<number> {
  if (file === "-" && flags.out === undefined) throw usageError("Expected --out with standard input, got none.");
  const bundle = readBundleFile(file);
  const options = verifyOptionsOf(flags);
  const found = isByChainAlone(flags)
    ? await linkByChain(bundle, { ...flags, urls: flags.rpc ?? [], wantsState: flags.state, file }, options)
    : await linkByService(bundle, flags);
  if (bundle.status === "final" && found.status !== "final") {
    const message = `${file} says final already, and what was found is only ${found.status}: it was left as it is. To check it, use "holdfast verify".`;
    throw new CliError(message, { code: "not_final", exitStatus: 2 });
  }
  const { anchors, status, notes } = await mergeAnchors(bundle, found, options);
  for (const note of notes) printNote(note);
  const isAsking = asksAnybody(options);
  const isUnchanged = isEqual({ anchors, status }, bundle);
  if (!isAsking && notes.length > 0 && isUnchanged) {
    const message = `Nothing was added to ${file}: no chain was asked about what was found.`;
    throw new CliError(message, { code: "not_proved", exitStatus: 2 });
  }
  const upgraded: Bundle = { ...bundle, anchors, status };
  const isOffline = !isAsking && options.requireChain !== true;
  const verdict = await verifyBundle(upgraded, isOffline ? { ...options, offline: true } : options);
  const target = flags.out ?? file;
  // What holds is worth keeping, also where it takes a chain or a signer that somebody vouches for to call it proved.
  const isWritten = verdict.checks === "passed";
  if (isWritten) {
    const output = openOutput(target);
    output.write(`${JSON.stringify(upgraded, null, 2)}\n`);
    output.close();
  }
  const bySay = isAsking ? "" : "; that is what the service says, and no chain was asked";
  const written = isWritten ? `Wrote ${target}, which says ${status}${bySay}.` : `${target} was not written.`;
  const text = describeVerdict(verdict, { explorers: flags.explorer, more: [written] });
  printResult({ json: verdict, text }, flags.json === true);
  return verdict.cell.exitStatus;
}

/** A service that was named is asked, for it knows paths that no chain has; the usual one may be gone for ever. */
function isByChainAlone({ rpc, url }: UpgradeFlags, env: NodeJS.ProcessEnv = process.env): boolean {
  return rpc !== undefined && url === undefined && !env.HOLDFAST_URL;
}

function isEqual(a: Omit<Merged, "notes">, b: Omit<Merged, "notes">): boolean {
  return JSON.stringify([a.anchors, a.status]) === JSON.stringify([b.anchors, b.status]);
}
