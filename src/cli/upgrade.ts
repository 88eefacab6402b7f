/**
 * `holdfast upgrade`: adds anchors to a bundle that somebody kept since its event was only recorded. The event, the
 * path and the checkpoint stay what they were; what links that checkpoint to a chain comes from a service of the
 * ledger, or from the chain alone, and what comes out is verified before it is written. No API key is needed.
 */

import type { Command } from "commander";
import { readersOf } from "../verify/anchors.ts";
import type { Bundle, BundleAnchor } from "../verify/bundle.ts";
import { verifyBundle } from "../verify/verify.ts";
import { readBundleFile } from "./bundle-file.ts";
import { CliError, type SetExit, usageError } from "./failure.ts";
import { openOutput, printResult } from "./output.ts";
import { type ServiceOptions, withServiceOptions } from "./service-client.ts";
import { linkByChain } from "./upgrade-chain.ts";
import { linkByService } from "./upgrade-service.ts";
import { describeVerdict, type VerifyFlags, verifyOptionsOf, waysOn, withVerifyFlags } from "./verify.ts";

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
  const { anchors, status } = isByChainAlone(flags)
    ? await linkByChain(bundle, { ...flags, urls: flags.rpc ?? [], wantsState: flags.state, file }, options)
    : await linkByService(bundle, flags);
  if (bundle.status === "final" && status !== "final") {
    const message = `${file} says final already, and what was found is only ${status}: it was left as it is. To check it, use "holdfast verify".`;
    throw new CliError(message, { code: "not_final", exitStatus: 2 });
  }
  const upgraded: Bundle = { ...bundle, anchors: merge(bundle.anchors, anchors), status };
  const asksNobody = readersOf(options).length === 0 && options.trustedBlocks?.length === 0;
  const isOffline = asksNobody && options.requireChain !== true;
  const verdict = await verifyBundle(upgraded, isOffline ? { ...options, offline: true } : options);
  const target = flags.out ?? file;
  // What holds is worth keeping, also where it takes a chain or a signer that somebody vouches for to call it proved.
  const isWritten = verdict.checks === "passed";
  if (isWritten) {
    const output = openOutput(target);
    output.write(`${JSON.stringify(upgraded, null, 2)}\n`);
    output.close();
  }
  const written = isWritten ? `Wrote ${target}, which says ${status}.` : `${target} was not written.`;
  const text = [...describeVerdict(verdict, flags.explorer), ...waysOn(verdict.cell), written];
  printResult({ json: verdict, text }, flags.json === true);
  return verdict.cell.exitStatus;
}

/** A service that was named is asked, for it knows paths that no chain has; the usual one may be gone for ever. */
function isByChainAlone({ rpc, url }: UpgradeFlags, env: NodeJS.ProcessEnv = process.env): boolean {
  return rpc !== undefined && url === undefined && !env.HOLDFAST_URL;
}

/** What was in the bundle stays, unless its block is not the chain's any more or the same anchor now has more. */
function merge(own: readonly BundleAnchor[], found: readonly BundleAnchor[]): BundleAnchor[] {
  const isSame = (a: BundleAnchor, b: BundleAnchor) => a.chainId === b.chainId && a.blockHash === b.blockHash;
  const kept = own.filter((mine) => found.every((theirs) => theirs.chainId !== mine.chainId));
  const better = found.map((theirs) => own.find((m) => isSame(m, theirs) && theirs.state === undefined) ?? theirs);
  return [...kept, ...better];
}
