/** What an audit of a stopped service looks at besides its store: chains that are named, the index for search, and archives. */

import { type Stats, statSync } from "node:fs";
import type { AnchorWitness } from "../../audit/checks/anchors.ts";
import type { AuditedArchives } from "../../audit/checks/archives.ts";
import { ChainError } from "../../chain/chain.ts";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { connectChain, type RpcChain } from "../../chain/evm-chain.ts";
import type { Hash } from "../../merkle/hash.ts";
import { type Config, readConfig } from "../../service/config.ts";
import { archiveSource } from "../../service/watching/auditing.ts";
import { knownCodeHashes } from "../remote/known-contract.ts";
import { connectChain as connectReader } from "../remote/node.ts";
import { CliError, fileReason, unreachable, usageError } from "../terminal/failure.ts";

export type OfflineFlags = {
  readonly rpc?: readonly string[];
  readonly contract?: string;
  readonly archives?: string;
};

export type OfflinePlaces = {
  readonly witnesses: readonly AnchorWitness[];
  readonly archives: AuditedArchives | undefined;
  readonly close: () => void;
};

/**
 * The chains of the options, else HOLDFAST_RPC, else those of the configuration; archives of the option, else of the configuration.
 * @throws CliError when a chain of the options does not answer, one has no contract that is known, or the folder of the options is none:
 *   that is found out before hours of reading
 */
export async function openPlaces(flags: OfflineFlags, data: string, hash: Hash): Promise<OfflinePlaces> {
  if (flags.archives !== undefined) requireFolder(flags.archives);
  const config = readConfig(process.env);
  const chains = await connectAll(flags, config);
  const archive = flags.archives === undefined ? config.archive : { folder: flags.archives };
  const signal = new AbortController().signal;
  return {
    witnesses: chains,
    archives: archiveSource({ archive, data }, { env: process.env, hash, signal }),
    close: () => {
      for (const chain of chains) chain.close();
    },
  };
}

/** A name that was mistyped would be a place in which nothing is wrong, as long as no entry names an archive. */
function requireFolder(folder: string): void {
  const expected = `Expected a folder with archives at ${JSON.stringify(folder)}`;
  let found: Stats;
  try {
    found = statSync(folder);
  } catch (error) {
    throw usageError(`${expected}, got nothing that can be looked at: ${fileReason(error)}; see --archives.`);
  }
  if (!found.isDirectory()) throw usageError(`${expected}, got a file; see --archives.`);
}

async function connectAll({ rpc, contract = CONTRACT_ADDRESS }: OfflineFlags, config: Config): Promise<RpcChain[]> {
  const urls = rpc ?? (process.env.HOLDFAST_RPC ? [process.env.HOLDFAST_RPC] : []);
  const chains: RpcChain[] = [];
  try {
    for (const url of urls) {
      const chainId = await connectReader(url, "finalized").chainId();
      chains.push(connectChain({ urls: [url], chainId, contract }));
    }
    if (urls.length === 0) {
      for (const { rpc: nodes, chainId, contract: own = contract } of config.chains)
        chains.push(connectChain({ urls: nodes, chainId, contract: own }));
    }
    // Those of the configuration are asked if they can be; what was not is said in the end.
    for (const chain of chains) await requireKnown(chain, urls.length > 0);
    return chains;
  } catch (error) {
    for (const chain of chains) chain.close();
    throw error;
  }
}

/** An answer of other code would prove nothing. */
async function requireKnown(chain: RpcChain, isNeeded: boolean): Promise<void> {
  const identity = await chain.identify().catch((error: unknown) => {
    if (!(error instanceof ChainError)) throw error;
    if (error.kind === "contract_missing") throw unknownContract(chain, "none there", error);
    if (!isNeeded && error.kind === "unavailable") return undefined;
    throw unreachable(
      `Chain ${chain.chainId} does not answer as it should: ${error.message}. See --rpc; without one the store alone is audited.`,
      error,
    );
  });
  if (identity !== undefined && !knownCodeHashes().includes(identity.codeHash))
    throw unknownContract(chain, "other code");
}

function unknownContract({ chainId, contract }: RpcChain, got: string, cause?: unknown): CliError {
  const message = `Expected the contract at ${contract} on chain ${chainId}, got ${got}; see --contract.`;
  return new CliError(message, { code: "contract_unknown", exitStatus: 2, cause });
}
