/**
 * `holdfast calldata`: a bundle as a call of the contract, for explorers, cast and dapps (docs/on-chain.md). It asks
 * nobody; whether the contract holds the root is what the call finds out. Exit status 2: no anchor to call about.
 */

import { type Command, Option } from "commander";
import { CONTRACT_ADDRESS } from "../chain/contract/contract.ts";
import { PROOF_CALLS } from "../chain/contract/proof-calls.ts";
import type { Bundle, BundleAnchor } from "../verify/bundle/bundle.ts";
import { verifyBundle } from "../verify/verify.ts";
import { describeCall } from "./remote/send-call.ts";
import { readBundleFile } from "./terminal/bundle-file.ts";
import { CliError, usageError } from "./terminal/failure.ts";
import { readCount } from "./terminal/numbers.ts";
import { printResult } from "./terminal/output.ts";

type FunctionName = keyof typeof PROOF_CALLS;
type CalldataFlags = { readonly function: FunctionName; readonly chainId?: number; readonly json?: boolean };

export function addCalldata(program: Command): void {
  program
    .command("calldata")
    .description("Print the call by which the contract itself says whether a bundle holds. Asks nobody.")
    .argument("[file]", 'the bundle; "-" is standard input', "-")
    .addOption(
      new Option("--function <name>", "what to ask the contract")
        .choices(Object.keys(PROOF_CALLS))
        .default("verifyEvent"),
    )
    .addOption(new Option("--chain-id <number>", "the anchor on this chain").argParser(readCount))
    .option("--json", "print the call as JSON")
    .action(printCall);
}

async function printCall(file: string, flags: CalldataFlags): Promise<void> {
  const bundle = readBundleFile(file);
  const { checks, summary } = await verifyBundle(bundle, { offline: true });
  if (checks !== "passed") throw new CliError(summary, { code: "bundle_invalid", exitStatus: 1 });
  const anchor = anchorOf(bundle, flags.chainId);
  const { contract, chainId } = anchor;
  const call = PROOF_CALLS[flags.function](bundle, anchor);
  const notes =
    contract === CONTRACT_ADDRESS
      ? []
      : [`Note: elsewhere the contract is at ${CONTRACT_ADDRESS}; ask another only if the ledger's owner named it.`];
  const text = ["Answers true if the contract holds the root that this leads to:", ""];
  printResult(
    { json: { contract, chainId, ...call }, text: [...text, ...describeCall(call, { contract, chainId }), ...notes] },
    flags.json === true,
  );
}

/** The earliest anchor, which is the first to be final. */
function anchorOf({ anchors, entry }: Bundle, wanted: number | undefined): BundleAnchor {
  const chains = [...new Set(anchors.map(({ chainId }) => chainId))];
  if (chains.length === 0) {
    const message = `The bundle of event ${entry.index} has no anchor yet; "holdfast upgrade" adds those that came since.`;
    throw new CliError(message, { code: "not_anchored", exitStatus: 2 });
  }
  const chainId = wanted ?? chains[0];
  const [first] = anchors.filter((anchor) => anchor.chainId === chainId).sort((a, b) => a.size - b.size);
  if (first !== undefined && (wanted !== undefined || chains.length === 1)) return first;
  throw usageError(`Expected one of the chains ${chains.join(", ")} as --chain-id, got ${wanted ?? "none"}.`);
}
