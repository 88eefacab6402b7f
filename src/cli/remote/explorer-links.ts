/** Where a reader can look for himself: pages of a block explorer about what was proved or done. */

import { Option } from "commander";
import {
  EXPLORER_EXPECTED,
  type ExplorerPage,
  explorerUrl,
  type OwnExplorers,
  readExplorers,
} from "../../verify/evm/explorers.ts";
import { withPages } from "../about/pages.ts";
import { usageError } from "../terminal/failure.ts";

/** Option that names explorers of chains that are not known here. */
export function explorerOption(): Option {
  const option = new Option(
    "--explorer <id=url>",
    "explorer of a chain, such as 8453=https://basescan.org or 31337=otterscan+http://localhost:5100; repeatable",
  );
  return option.argParser(readExplorerOf);
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
  const lines = [
    ...page("transaction", "tx", transactionHash),
    ...page("its logs   ", "logs", transactionHash),
    ...page("block      ", "block", blockNumber),
    ...page("contract   ", "read", contract),
  ];
  return lines.length === 0 ? [] : [withPages("Look for yourself (docs/explorer.md):"), ...lines];
}

function readExplorerOf(value: string, before: OwnExplorers = {}): OwnExplorers {
  const read = readExplorers(value);
  if (read === undefined || value === "") {
    throw usageError(`Expected a chain id, "=" and ${EXPLORER_EXPECTED}, got ${value}.`);
  }
  return { ...before, ...read };
}
