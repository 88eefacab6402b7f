/**
 * Block explorers by chain id: where a reader can look at a transaction, a block or a contract without believing what told
 * him; and the forms that their addresses have. To add a chain, add a line. docs/explorer.md has the same tables.
 */

/** Where an explorer has a page about each of these; `{}` stands for what it is about. */
const FORMS = {
  etherscan: {
    tx: "/tx/{}",
    logs: "/tx/{}#eventlog",
    block: "/block/{}",
    address: "/address/{}",
    read: "/address/{}#readContract",
  },
  blockscout: {
    tx: "/tx/{}",
    logs: "/tx/{}?tab=logs",
    block: "/block/{}",
    address: "/address/{}",
    read: "/address/{}?tab=read_write_contract",
  },
  otterscan: {
    tx: "/tx/{}",
    logs: "/tx/{}/logs",
    block: "/block/{}",
    address: "/address/{}",
    read: "/address/{}/readContract",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<ExplorerPage, string>>>>;

export type ExplorerForm = keyof typeof FORMS;
export const EXPLORER_FORMS = Object.keys(FORMS) as readonly ExplorerForm[];

/** What an explorer shows: a transaction, its logs, a block, an account or contract, and where a contract is asked. */
export type ExplorerPage = "tx" | "logs" | "block" | "address" | "read";

/** An explorer; its address has no slash at the end. */
export type Explorer = { readonly form: ExplorerForm; readonly url: string };

/** Explorers of a reader's own by chain id: for chains that are not in the table, and instead of those that are. */
export type OwnExplorers = Readonly<Record<number, Explorer>>;

type KnownChain = { readonly name: string; readonly url?: string };

/** Chains by id; those without an address are developers' own, which prove nothing to others. */
export const EXPLORERS: Readonly<Record<number, KnownChain>> = {
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

/** Name of a chain for people. */
export function chainName(chainId: number): string {
  return EXPLORERS[chainId]?.name ?? `chain ${chainId}`;
}

/** Whether a chain is one that a developer runs, which proves nothing to others. */
export function isDevelopmentChain(chainId: number): boolean {
  return EXPLORERS[chainId] !== undefined && EXPLORERS[chainId].url === undefined;
}

/** Form, scheme, host, port and path: nothing of it leads out of an address, and there is neither user nor password. */
const EXPLORER =
  /^(?:([a-z]+)\+)?(https?):\/\/((?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?((?:\/[\w.~!$&'()*+,;=:@%-]*)*)$/;
const PORT_MAX = 65_535;

/** What an explorer is written like. */
export const EXPLORER_EXPECTED = `an explorer such as https://basescan.org or otterscan+http://localhost:5100 (${EXPLORER_FORMS.join(", ")})`;

/**
 * Reads an explorer as people write it: its address, with its form in front, as in `blockscout+https://scan.example`. Where
 * no form is said, it is the one that the name of the host has in it, or else Etherscan's.
 * @returns undefined when it is none
 */
export function readExplorer(text: string): Explorer | undefined {
  const match = EXPLORER.exec(text);
  if (match === null) return undefined;
  const [, said, scheme = "", host = "", port, path = ""] = match;
  if (Number(port ?? 0) > PORT_MAX) return undefined;
  const form = said ?? EXPLORER_FORMS.find((each) => host.includes(each)) ?? "etherscan";
  if (!isForm(form)) return undefined;
  return { form, url: `${scheme}://${host}${port === undefined ? "" : `:${port}`}${path.replace(/\/+$/, "")}` };
}

/**
 * Explorers by chain id as people write several: `8453=https://base.blockscout.com 31337=otterscan+http://localhost:5100`.
 * @returns undefined when one of them is none
 */
export function readExplorers(text: string): OwnExplorers | undefined {
  const found: Record<number, Explorer> = {};
  for (const each of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const [, chainId, spelled = ""] = /^([1-9]\d{0,15})=(.+)$/.exec(each) ?? [];
    const explorer = readExplorer(spelled);
    if (chainId === undefined || explorer === undefined) return undefined;
    found[Number(chainId)] = explorer;
  }
  return found;
}

/** The text that {@link readExplorers} reads. */
export function spellExplorers(own: OwnExplorers): string {
  return Object.entries(own)
    .map(([chainId, { form, url }]) => `${chainId}=${form}+${url}`)
    .join(" ");
}

function isForm(name: string): name is ExplorerForm {
  return Object.hasOwn(FORMS, name);
}

/** An explorer's page; undefined when no explorer of the chain is known. */
export function explorerUrl(
  chainId: number,
  page: ExplorerPage,
  value: string | number,
  own: OwnExplorers = {},
): string | undefined {
  const known = EXPLORERS[chainId]?.url;
  const explorer = own[chainId] ?? (known === undefined ? undefined : { form: "etherscan" as const, url: known });
  return explorer === undefined
    ? undefined
    : `${explorer.url}${FORMS[explorer.form][page].replace("{}", String(value))}`;
}
