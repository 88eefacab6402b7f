/**
 * Block explorers by chain id: where a reader can look at a transaction, a block or a contract without believing what told
 * him. To add a chain, add a line; all of them follow the same three addresses. docs/explorer.md has the same table.
 */

type Explorer = { readonly name: string; readonly url?: string };

/** Explorers of a reader's own by chain id: for chains that are not in the table, and instead of those that are. */
export type OwnExplorers = Readonly<Record<number, string>>;

/** Chains by id; those without an address are developers' own, which prove nothing to others. */
export const EXPLORERS: Readonly<Record<number, Explorer>> = {
  1: { name: "Ethereum", url: "https://etherscan.io" },
  10: { name: "OP Mainnet", url: "https://optimistic.etherscan.io" },
  56: { name: "BNB Smart Chain", url: "https://bscscan.com" },
  100: { name: "Gnosis", url: "https://gnosisscan.io" },
  137: { name: "Polygon", url: "https://polygonscan.com" },
  8453: { name: "Base", url: "https://basescan.org" },
  42161: { name: "Arbitrum One", url: "https://arbiscan.io" },
  43114: { name: "Avalanche", url: "https://snowtrace.io" },
  59144: { name: "Linea", url: "https://lineascan.build" },
  534352: { name: "Scroll", url: "https://scrollscan.com" },
  560048: { name: "Hoodi (test)", url: "https://hoodi.etherscan.io" },
  11155111: { name: "Sepolia (test)", url: "https://sepolia.etherscan.io" },
  84532: { name: "Base Sepolia (test)", url: "https://sepolia.basescan.org" },
  421614: { name: "Arbitrum Sepolia (test)", url: "https://sepolia.arbiscan.io" },
  1337: { name: "Development chain" },
  31337: { name: "Development chain" },
};

/** What an explorer shows: its page is url/kind/value. */
export type ExplorerPage = "tx" | "block" | "address";

/** Name of a chain for people. */
export function chainName(chainId: number): string {
  return EXPLORERS[chainId]?.name ?? `chain ${chainId}`;
}

/** Whether a chain is one that a developer runs, which proves nothing to others. */
export function isDevelopmentChain(chainId: number): boolean {
  return EXPLORERS[chainId] !== undefined && EXPLORERS[chainId].url === undefined;
}

/** Address of an explorer's page; undefined when no explorer of the chain is known. */
export function explorerUrl(
  chainId: number,
  page: ExplorerPage,
  value: string | number,
  own: OwnExplorers = {},
): string | undefined {
  const url = own[chainId] ?? EXPLORERS[chainId]?.url;
  return url === undefined ? undefined : `${url}/${page}/${value}`;
}

/** The tab of an explorer in which a contract can be asked. */
export function readTabUrl(chainId: number, contract: string, own: OwnExplorers = {}): string | undefined {
  const url = explorerUrl(chainId, "address", contract, own);
  return url === undefined ? undefined : `${url}#readContract`;
}
