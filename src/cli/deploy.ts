/**
 * `holdfast deploy`: puts the contract on a chain, at the address that it has on every chain, and opens a ledger there.
 * What is done already is found and not done again, so that the command can be repeated until it says so.
 */

import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Account } from "../anchor/account.ts";
import { type Chain, ChainError } from "../anchor/chain.ts";
import { DEPLOYED, encodeOpen, FACTORY } from "../anchor/contract.ts";
import { codecOf } from "../anchor/ethers.ts";
import { KeyError, type KeyPlace, openAccount } from "../anchor/keys.ts";
import { connectChain as connectAnchorChain } from "../anchor/rpc-chain.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../merkle/checkpoint.ts";
import { CliError, unreachable, usageError } from "./failure.ts";
import { knownCodeHashes } from "./known-contract.ts";
import { readCount } from "./numbers.ts";
import { printNote, printResult } from "./output.ts";
import { connectChain } from "./rpc.ts";
import { type SendOptions, sendAndWait } from "./transaction.ts";

const COST_MAX_ETHER = "0.05";
const TIMEOUT_S = 300;
const FACTORY_ABI = codecOf(["function deployCreate2(bytes32 salt, bytes initCode) payable returns (address)"]);

type DeployFlags = {
  readonly rpc: string;
  readonly account: string;
  readonly passwordFile?: string;
  readonly contract?: string;
  readonly ledger?: string;
  readonly label?: string;
  readonly signer?: string;
  readonly costMax: bigint;
  readonly timeout: number;
  readonly json?: boolean;
};

export function addDeploy(program: Command): void {
  program
    .command("deploy")
    .description("Put the contract on a chain, and with --ledger and --signer open a ledger there.")
    .requiredOption("--rpc <url>", "JSON-RPC endpoint of the chain")
    .requiredOption("--account <file>", "who pays and owns the ledger: a private key in hex, or a JSON key store")
    .option("--password-file <file>", "password of the key store")
    .addOption(new Option("--contract <address>", "use the contract that is there already").argParser(readAddress))
    .option("--ledger <name>", "open the ledger of this name")
    .addOption(new Option("--label <hash>", "label of a name that nobody shall guess").argParser(readLabel))
    .addOption(new Option("--signer <address>", "who signs the ledger's checkpoints").argParser(readAddress))
    .addOption(
      new Option("--cost-max <ether>", "most that a transaction may cost")
        .argParser(readEther)
        .default(readEther(COST_MAX_ETHER), COST_MAX_ETHER),
    )
    .addOption(
      new Option("--timeout <seconds>", "how long to wait for a block").argParser(readCount).default(TIMEOUT_S),
    )
    .option("--json", "print the result as JSON")
    .action(deploy);
}

async function deploy(flags: DeployFlags): Promise<void> {
  const wantsLedger = flags.ledger !== undefined || flags.label !== undefined;
  if (wantsLedger !== (flags.signer !== undefined)) {
    throw usageError("Expected --signer together with --ledger or --label, got only one of them.");
  }
  try {
    const account = await openAccount(keyPlaceOf(flags));
    const chainId = await connectChain(flags.rpc, "finalized").chainId();
    const contract = flags.contract ?? DEPLOYED.address;
    const chain = connectAnchorChain({ urls: [flags.rpc], chainId, contract });
    const options = { costMaxWei: flags.costMax, timeoutMs: flags.timeout * 1000 };
    const isNew = await ensureContract(chain, account, flags, options);
    const opened = wantsLedger ? await ensureLedger(chain, account, flags, options) : undefined;
    const found = { chainId, contract: checksumAddress(contract), deployed: isNew, ...(opened && { ledger: opened }) };
    printResult({ json: found, text: describe(found) }, flags.json === true);
    chain.close();
  } catch (error) {
    throw explain(error);
  }
}

/** @returns whether the contract was put there now */
async function ensureContract(
  chain: Chain,
  account: Account,
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
    const way = "deploy CreateX, or deploy src/anchor/artifact.json with another tool and give --contract";
    throw wrongContract(`Chain ${chain.chainId} has no CreateX factory at ${address}; ${way}.`);
  }
  printNote(`Deploying the contract to chain ${chain.chainId} at ${chain.contract} ...`);
  const data = FACTORY_ABI.encode("deployCreate2", [salt, code]);
  await sendAndWait(chain, account, { to: address, data }, options);
  requireKnown(await reader.codeHash(chain.contract), chain.contract);
  return true;
}

type Opened = { readonly id: Hex; readonly owner: string; readonly signer: string; readonly opened: boolean };

async function ensureLedger(chain: Chain, account: Account, flags: DeployFlags, options: SendOptions): Promise<Opened> {
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

function describe(found: { chainId: number; contract: string; deployed: boolean; ledger?: Opened }): string[] {
  const { chainId, contract, deployed, ledger } = found;
  const lines = [`The contract ${deployed ? "is now" : "was already"} on chain ${chainId} at ${contract}.`];
  if (ledger === undefined) return lines;
  const state = ledger.opened ? "is now" : "was already";
  return [...lines, `Ledger ${ledger.id} ${state} open, owner ${ledger.owner}, signer ${ledger.signer}.`];
}

function keyPlaceOf({ account, passwordFile }: DeployFlags): KeyPlace {
  let text: string;
  try {
    text = readFileSync(account, "utf8");
  } catch (cause) {
    throw usageError(`The account cannot be read: ${(cause as Error).message}.`);
  }
  return text.trimStart().startsWith("{") ? { keystore: account, passwordFile } : { file: account };
}

function requireKnown(codeHash: Hex | undefined, contract: string): void {
  if (codeHash !== undefined && knownCodeHashes().includes(codeHash)) return;
  throw wrongContract(`Expected the contract at ${contract}, got other code with hash ${codeHash ?? "none"}.`);
}

function wrongContract(message: string): CliError {
  return new CliError(message, { code: "contract_unknown", exitStatus: 1 });
}

function explain(error: unknown): unknown {
  if (error instanceof KeyError) return usageError(`${capitalize(error.message)}.`);
  if (!(error instanceof ChainError)) return error;
  if (error.kind === "unavailable") return unreachable(`The chain cannot be reached: ${error.message}.`, error);
  return new CliError(`The chain refused: ${error.message}.`, { code: error.code, exitStatus: 1, cause: error });
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function readAddress(value: string): string {
  if (!/^0x[0-9a-f]{40}$/i.test(value)) throw usageError(`Expected an address, 20 bytes of hex with 0x, got ${value}.`);
  return value;
}

function readLabel(value: string): string {
  if (!/^0x[0-9a-f]{64}$/.test(value)) throw usageError(`Expected 32 bytes of lower-case hex with 0x, got ${value}.`);
  return value;
}

function readEther(value: string): bigint {
  const match = /^(\d{1,9})(?:\.(\d{1,18}))?$/.exec(value);
  if (match === null) throw usageError(`Expected an amount of ether such as 0.05, got ${value}.`);
  return BigInt(match[1] ?? "0") * 10n ** 18n + BigInt((match[2] ?? "").padEnd(18, "0"));
}
