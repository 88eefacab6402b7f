/** Where a reader can look for himself: pages of a block explorer about what was proved or done. */

import { Option } from "commander";
import { type ExplorerPage, explorerUrl, type OwnExplorers, readTabUrl } from "../../verify/evm/explorers.ts";
import { usageError } from "../terminal/failure.ts";

/** Option that names explorers of chains that are not known here. */
export function explorerOption(): Option {
  const option = new Option(
    "--explorer <id=url>",
    "explorer of a chain, such as 8453=https://basescan.org; repeatable",
  );
  return option.argParser(readExplorer);
}

/** What can be looked at; a transaction, a block and a contract, as far as they are known. */
export type Sight = {
  /** Undefined where nobody checked it: then there is no explorer to send anybody to. */
  readonly chainId: number | undefined;
  readonly contract: string;
  readonly transactionHash?: string | undefined;
  readonly blockNumber?: number | undefined;
};

/** Lines with the pages of an explorer; none when no explorer of the chain is known. */
export function describeLinks(
  { chainId, contract, transactionHash, blockNumber }: Sight,
  own?: OwnExplorers,
): string[] {
  if (chainId === undefined) return [];
  const page = (name: string, kind: ExplorerPage, value: string | number | undefined): string[] => {
    const url = value === undefined ? undefined : explorerUrl(chainId, kind, value, own);
    return url === undefined ? [] : [`  ${name}  ${url}`];
  };
  const readTab = readTabUrl(chainId, contract, own);
  const lines = [
    ...page("transaction", "tx", transactionHash),
    ...page("block      ", "block", blockNumber),
    ...(readTab === undefined ? [] : [`  contract     ${readTab}`]),
  ];
  return lines.length === 0 ? [] : ["Look for yourself (docs/explorer.md):", ...lines];
}

function readExplorer(value: string, before: OwnExplorers = {}): OwnExplorers {
  const match = /^([1-9]\d{0,15})=(https?:\/\/\S+?)\/*$/.exec(value);
  if (match === null || !URL.canParse(match[2] ?? "")) {
    throw usageError(`Expected a chain id and a URL such as 8453=https://basescan.org, got ${value}.`);
  }
  return { ...before, [Number(match[1])]: match[2] as string };
}
