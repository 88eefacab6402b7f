/**
 * `holdfast deploy`: puts the contract on a chain, at the address that it has on every chain, and opens a ledger there.
 * What is done already is found and not done again, so that the command can be repeated until it says so.
 */

import { type Command, Option } from "commander";
import type { Chain } from "../chain/chain.ts";
import type { ChainAccount } from "../chain/chain-account.ts";
import { DEPLOYED, encodeOpen, FACTORY } from "../chain/contract/contract.ts";
import { makeSourceInput, SOURCE_FACTS } from "../chain/contract/sources.ts";
import { codecOf } from "../chain/ethers.ts";
import { connectChain as connectAnchorChain } from "../chain/evm-chain.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../merkle/checkpoint.ts";
import type { OwnExplorers } from "../verify/evm/explorers.ts";
import {
  type AccountFlags,
  explainChain,
  openAccountOf,
  type SendFlags,
  sendOptionsOf,
  withAccountOptions,
} from "./remote/account-flags.ts";
import { describeLinks } from "./remote/explorer-links.ts";
import { knownCodeHashes } from "./remote/known-contract.ts";
import { connectChain } from "./remote/node.ts";
import { type SendOptions, sendAndWait } from "./remote/transaction.ts";
import { CliError, usageError } from "./terminal/failure.ts";
import { printNote, printResult } from "./terminal/output.ts";
import { writeOutputFile } from "./terminal/output-file.ts";
import { readAddress, readHash } from "./terminal/parse-flag-value.ts";

const FACTORY_ABI = codecOf(["function deployCreate2(bytes32 salt, bytes initCode) payable returns (address)"]);

type DeployFlags = AccountFlags &
  SendFlags & {
    readonly rpc: string;
    readonly contract?: string;
    readonly ledger?: string;
    readonly label?: string;
    readonly signer?: string;
    readonly sourceFile?: string;
    readonly json?: boolean;
  };

export function addDeploy(program: Command): void {
  const command = program
    .command("deploy")
    .description("Put the contract on a chain, and with --ledger and --signer open a ledger there.")
    .requiredOption("--rpc <url>", "JSON-RPC endpoint of the chain");
  withAccountOptions(command, "who pays and owns the ledger", { isRequired: true })
    .addOption(new Option("--contract <address>", "use the contract that is there already").argParser(readAddress))
    .option("--ledger <name>", "open the ledger of this name")
    .addOption(new Option("--label <hash>", "label of a name that nobody shall guess").argParser(readHash))
    .addOption(new Option("--signer <address>", "who signs the ledger's checkpoints").argParser(readAddress))
    .option("--source-file <file>", "write what an explorer needs to verify the source: the compiler's JSON input")
    .option("--json", "print the result as JSON")
    .action(deploy);
}

async function deploy(flags: DeployFlags): Promise<void> {
  const wantsLedger = flags.ledger !== undefined || flags.label !== undefined;
  if (wantsLedger !== (flags.signer !== undefined)) {
    throw usageError("Expected --signer together with --ledger or --label, got only one of them.");
  }
  try {
    const opened = await openAccountOf(flags);
    const account = opened.on(await connectChain(flags.rpc, "finalized").chainId());
    const { chainId } = account;
    const contract = flags.contract ?? DEPLOYED.address;
    const chain = connectAnchorChain({ urls: [flags.rpc], chainId, contract });
    const options = sendOptionsOf(flags);
    const isNew = await ensureContract(chain, account, flags, options);
    const ledger = wantsLedger ? await ensureLedger(chain, account, flags, options) : undefined;
    const { sourceFile } = flags;
    if (sourceFile !== undefined) writeOutputFile(sourceFile, makeSourceInput());
    const source = sourceFile === undefined ? undefined : { file: sourceFile, ...SOURCE_FACTS };
    const address = checksumAddress(contract);
    const found = {
      chainId,
      contract: address,
      deployed: isNew,
      ...(ledger && { ledger }),
      ...(source && { source }),
    };
    printResult({ json: found, text: describe(found, flags.explorer) }, flags.json === true);
    chain.close();
  } catch (error) {
    throw explainChain(error);
  }
}

/** @returns whether the contract was put there now */
async function ensureContract(
  chain: Chain,
  account: ChainAccount,
  { rpc, contract }: DeployFlags,
  options: SendOptions,
): Promise<boolean> {
  const reader = connectChain(rpc, "finalized");
  const codeHash = await reader.codeHash(chain.contract);
  if (codeHash !== undefined) {
    requireKnown(codeHash, chain.contract);
    return false;
  }
  if (contract !== undefined) throw wrongContract(`Expected the contract at ${contract}, got no code there.`);
  const { address, salt, code } = FACTORY;
  if ((await reader.codeHash(address)) === undefined) {
    const way = "deploy CreateX, or deploy src/chain/contract/artifact.json with another tool and give --contract";
    throw wrongContract(`Chain ${chain.chainId} has no CreateX factory at ${address}; ${way}.`);
  }
  printNote(`Deploying the contract to chain ${chain.chainId} at ${chain.contract} ...`);
  const data = FACTORY_ABI.encode("deployCreate2", [salt, code]);
  await sendAndWait(chain, account, { to: address, data }, options);
  requireKnown(await reader.codeHash(chain.contract), chain.contract);
  return true;
}

type Opened = { readonly id: Hex; readonly owner: string; readonly signer: string; readonly opened: boolean };

async function ensureLedger(
  chain: Chain,
  account: ChainAccount,
  flags: DeployFlags,
  options: SendOptions,
): Promise<Opened> {
  const label = (flags.label as Hex | undefined) ?? labelOf(flags.ledger ?? "");
  const signer = (flags.signer ?? "").toLowerCase() as Hex;
  const id = deriveLedgerId(account.address, label);
  const found = { id, owner: checksumAddress(account.address), signer: checksumAddress(signer) };
  const known = await chain.ledger(id);
  if (known === undefined) {
    printNote(`Opening ledger ${id} ...`);
    await sendAndWait(chain, account, { to: chain.contract, data: encodeOpen(label, signer) }, options);
    return { ...found, opened: true };
  }
  if (known.signer === signer) return { ...found, opened: false };
  const message = `Ledger ${id} is open with the signer ${checksumAddress(known.signer)}; its owner ${checksumAddress(known.owner)} may rotate it.`;
  throw new CliError(message, { code: "signer_differs", exitStatus: 1 });
}

type Found = {
  readonly chainId: number;
  readonly contract: string;
  readonly deployed: boolean;
  readonly ledger?: Opened;
  readonly source?: { readonly file: string; readonly contract: string; readonly compiler: string };
};

function describe({ chainId, contract, deployed, ledger, source }: Found, own: OwnExplorers | undefined): string[] {
  const lines = [`The contract ${deployed ? "is now" : "was already"} on chain ${chainId} at ${contract}.`];
  const verify = source && `For explorers: ${source.file}, compiler ${source.compiler}, contract ${source.contract}.`;
  const links = [...describeLinks({ chainId, contract }, own), ...(verify === undefined ? [] : [verify])];
  if (ledger === undefined) return [...lines, ...links];
  const state = ledger.opened ? "is now" : "was already";
  return [...lines, `Ledger ${ledger.id} ${state} open, owner ${ledger.owner}, signer ${ledger.signer}.`, ...links];
}

function requireKnown(codeHash: Hex | undefined, contract: string): void {
  if (codeHash !== undefined && knownCodeHashes().includes(codeHash)) return;
  throw wrongContract(`Expected the contract at ${contract}, got other code with hash ${codeHash ?? "none"}.`);
}

function wrongContract(message: string): CliError {
  return new CliError(message, { code: "contract_unknown", exitStatus: 1 });
}
