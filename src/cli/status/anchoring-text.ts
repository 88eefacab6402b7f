/** What `holdfast status` says of anchoring: the answer of GET /v1/status as lines for people. */

import { explorerUrl, type OwnExplorers } from "../../verify/evm/explorers.ts";
import { table } from "../terminal/output.ts";

type Note = { readonly code: string; readonly message: string };

/** A chain as GET /v1/status describes it, as far as it is shown. */
export type ChainAnchoring = {
  readonly name: string;
  readonly chainId: number;
  readonly contract: string;
  readonly latestBlock?: number;
  readonly finalBlock?: number;
  readonly note?: Note;
  readonly accounts: readonly {
    readonly address: string;
    readonly balanceWei?: string;
    readonly spentTodayWei: string;
    readonly spentTotalWei: string;
    readonly bumps: number;
    readonly flights: readonly { readonly nonce: number; readonly stage: string; readonly hashes: readonly string[] }[];
    readonly note?: Note;
  }[];
  readonly ledgers: readonly {
    readonly name: string;
    readonly size: number;
    readonly anchoredSize: number;
    readonly finalSize: number;
    readonly oldestUnanchoredS: number;
    readonly state: string;
    readonly note?: Note;
  }[];
};

const ETHER_DIGITS = 18;
const SHOWN_DIGITS = 6;

/** Lines about each chain: its ledgers, then its accounts. */
export function anchoringLines(chains: readonly ChainAnchoring[], explorers: OwnExplorers = {}): string[] {
  return chains.flatMap((chain) => [
    "",
    `Chain ${chain.name} (id ${chain.chainId}, contract ${chain.contract}): ${blocks(chain)}${because(chain.note)}`,
    ...explorerLines(chain, explorers),
    ...table([
      ["  ledger", "events", "anchored", "final", "oldest not anchored", "state"],
      ...chain.ledgers.map((ledger) => [
        `  ${ledger.name}`,
        ...[ledger.size, ledger.anchoredSize, ledger.finalSize].map(String),
        ledger.oldestUnanchoredS === 0 ? "-" : `${Math.ceil(ledger.oldestUnanchoredS)} s`,
        `${ledger.state}${because(ledger.note)}`,
      ]),
    ]),
    ...table([
      ["  account", "ether", "fees today", "fees so far", "sent again", "transactions not final yet"],
      ...chain.accounts.map((account) => [
        `  ${account.address}`,
        account.balanceWei === undefined ? "?" : spellEther(account.balanceWei),
        spellEther(account.spentTodayWei),
        spellEther(account.spentTotalWei),
        times(account.bumps),
        `${flights(account.flights)}${because(account.note)}`,
      ]),
    ]),
  ]);
}

/** Wei as ether with six digits behind the point, rounded up, so that what was spent never shows as nothing. */
export function spellEther(wei: string): string {
  const unit = 10n ** BigInt(ETHER_DIGITS - SHOWN_DIGITS);
  const shown = (BigInt(wei) + unit - 1n) / unit;
  const digits = shown.toString().padStart(SHOWN_DIGITS + 1, "0");
  return `${digits.slice(0, -SHOWN_DIGITS)}.${digits.slice(-SHOWN_DIGITS)}`;
}

/** Only an explorer that the service was set to: those of the table are known to everybody. */
function explorerLines({ chainId, contract }: ChainAnchoring, explorers: OwnExplorers): string[] {
  const url = explorers[chainId] && explorerUrl(chainId, "read", contract, explorers);
  return url === undefined ? [] : [`  explorer  ${url}`];
}

function blocks({ latestBlock, finalBlock }: ChainAnchoring): string {
  return latestBlock === undefined ? "not reached yet" : `block ${latestBlock}, final ${finalBlock ?? "?"}`;
}

/** How far a transaction is, for people. */
const STAGES: Readonly<Record<string, string>> = {
  signed: "signed and not sent yet",
  broadcast: "sent, in no block yet",
  mined: "in a block",
  safe: "in a block that is safe",
  final: "final",
  displaced: "replaced by another of this account",
};

/** How often a transaction was sent again, with a higher fee, because no block took it. */
function times(count: number): string {
  return count === 0 ? "never" : count === 1 ? "once" : `${count} times`;
}

function flights(list: ChainAnchoring["accounts"][number]["flights"]): string {
  if (list.length === 0) return "none";
  return list
    .map(({ nonce, stage, hashes }) => `nonce ${nonce}, ${STAGES[stage] ?? stage} ${hashes.at(-1) ?? ""}`.trimEnd())
    .join("; ");
}

function because(note: Note | undefined): string {
  return note === undefined ? "" : ` (${note.code}: ${note.message})`;
}
