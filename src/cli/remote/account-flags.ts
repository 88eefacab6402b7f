/**
 * Options of commands that send a transaction for a person: whose account, on which chain, what it may cost, how long to
 * wait. A key never stands in an argument, where others could read it; it is in a file, encrypted or not, or in a signer's
 * process. What is signed is valid on the chain that it names, so that is one the person names, not the node.
 */

import { type Command, Option } from "commander";
import type { Account } from "../../chain/account.ts";
import { ChainError } from "../../chain/chain.ts";
import { accountOn, type ChainAccount } from "../../chain/chain-account.ts";
import { KeyError, type KeyPlace, openAccount } from "../../keys/key-source.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { readTextFile } from "../../store/text-file.ts";
import { chainName, isDevelopmentChain, type OwnExplorers } from "../../verify/evm/explorers.ts";
import { CliError, fileReason, unreachable, usageError } from "../terminal/failure.ts";
import { readCount } from "../terminal/numbers.ts";
import { readAddress, readEther } from "../terminal/parse-flag-value.ts";
import { explorerOption } from "./explorer-links.ts";
import type { SendOptions } from "./transaction.ts";

const COST_MAX_ETHER = "0.05";
const TIMEOUT_S = 300;

/** The chain that a person means, who needs to say so when there is an account. */
export type ChainFlags = { readonly chainId?: number; readonly account?: string };
export type AccountFlags = ChainFlags & {
  readonly account: string;
  readonly from?: string;
  readonly passwordFile?: string;
};
export type SendFlags = { readonly costMax: bigint; readonly timeout: number; readonly explorer?: OwnExplorers };

/** An account whose chain is not known yet, so that it cannot sign. */
export type OpenedAccount = {
  readonly address: Hex;
  /**
   * The account on the chain that a node says it is.
   * @throws CliError when that is not the chain that the person means
   */
  readonly on: (said: number) => ChainAccount;
};

/** Adds the options of {@link AccountFlags} and {@link SendFlags}; `whose` says what the account is for. */
export function withAccountOptions(command: Command, whose: string, { isRequired = false } = {}): Command {
  const account = new Option(
    "--account <file|url>",
    `${whose}: a private key in hex, a JSON key store, or a signer's URL`,
  );
  return command
    .addOption(account.makeOptionMandatory(isRequired))
    .addOption(new Option("--from <address>", "the account at the signer's URL").argParser(readAddress))
    .option("--password-file <file>", "password of the key store")
    .addOption(
      new Option(
        "--chain-id <number>",
        "the chain must be this one; --account needs it, except on a development chain",
      ).argParser(readCount),
    )
    .addOption(
      new Option("--cost-max <ether>", "most that a transaction may cost")
        .argParser(readEther)
        .default(readEther(COST_MAX_ETHER), COST_MAX_ETHER),
    )
    .addOption(
      new Option("--timeout <seconds>", "how long to wait for a block").argParser(readCount).default(TIMEOUT_S),
    )
    .addOption(explorerOption());
}

/** @throws CliError when the key cannot be had */
export async function openAccountOf(flags: AccountFlags): Promise<OpenedAccount> {
  let account: Account;
  try {
    account = await openAccount(placeOf(flags));
  } catch (error) {
    if (error instanceof KeyError) throw usageError(`${capitalize(error.message)}.`);
    throw error;
  }
  return { address: account.address, on: (said) => accountOn(requireChain(flags, said), account) };
}

/**
 * The chain that a person means. What is signed for a development chain is worth nothing on any other, so that such a one
 * needs no name.
 * @param said the chain id that a node gives
 * @throws CliError when another one was named, or there is an account and none was named
 */
export function requireChain({ chainId, account }: ChainFlags, said: number): number {
  if (chainId === said) return said;
  if (chainId !== undefined) {
    throw chainWrong(
      `Expected ${describeChain(chainId)} as --chain-id says, got ${describeChain(said)} from the endpoint, and nothing was signed; give an endpoint of chain ${chainId}, or --chain-id ${said} if that is the chain that you mean.`,
    );
  }
  if (account === undefined || isDevelopmentChain(said)) return said;
  throw usageError(
    `Expected --chain-id with --account, got none: what is signed is valid on the chain that it names, and an endpoint can name any. This one is ${describeChain(said)}, as it says; give --chain-id ${said} if that is the chain that you mean.`,
  );
}

/** The chain is another one than is meant. */
export function chainWrong(message: string, cause?: unknown): CliError {
  return new CliError(message, { code: "chain_wrong", exitStatus: 2, cause });
}

/** A chain's id, and its name where it is known. */
export function describeChain(chainId: number): string {
  const name = chainName(chainId);
  return name === `chain ${chainId}` ? name : `chain ${chainId} (${name})`;
}

export function sendOptionsOf({ costMax, timeout }: SendFlags): SendOptions {
  return { costMaxWei: costMax, timeoutMs: timeout * 1000 };
}

function placeOf({ account, from, passwordFile }: AccountFlags): KeyPlace {
  if (/^https?:\/\//.test(account)) {
    if (from === undefined) throw usageError("Expected --from with the URL of a signer, got none.");
    return { remote: account, address: from };
  }
  let text: string;
  try {
    text = readTextFile(account);
  } catch (cause) {
    throw usageError(`The account cannot be read from ${account}: ${fileReason(cause)}.`);
  }
  return text.trimStart().startsWith("{") ? { keystore: account, passwordFile } : { file: account };
}

/** What a failure of a chain means for a command. */
export function explainChain(error: unknown): unknown {
  if (!(error instanceof ChainError)) return error;
  if (error.kind === "wrong_chain") {
    return chainWrong(`The chain is another one: ${error.message}; give an endpoint that stays on one chain.`, error);
  }
  if (error.kind === "unavailable") return unreachable(`The chain cannot be reached: ${error.message}.`, error);
  return new CliError(`The chain refused: ${error.message}.`, { code: error.code, exitStatus: 1, cause: error });
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
