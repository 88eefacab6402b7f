/** What is to be told about anchoring: how far, since when not, what is on its way, what it costs, and why not. */

import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { ChainLoop } from "./chain-loop.ts";
import type { AnchoredLedger } from "./ledgers.ts";
import { isAlarm, type Obstacle, type Obstacles } from "./obstacles.ts";
import { intervalOf } from "./policy.ts";
import { spentToday } from "./spending/spent.ts";
import { ledgersOf } from "./transaction/attempt.ts";
import { isOpen, isUnmined, lastAttempt, type PendingTransaction } from "./transaction/pending.ts";
import { ledgerScope, type SendingAccount } from "./transaction/sending-account.ts";

/** A transaction that is not final: every hash that its nonce ever had. */
export type PendingStatus = {
  readonly nonce: number;
  readonly stage: PendingTransaction["stage"];
  readonly attempts: number;
  readonly hashes: readonly Hex[];
  /** Milliseconds since 1970. */
  readonly firstSignedAt: number;
  readonly refused?: string;
};

export type AccountStatus = {
  readonly address: string;
  /** Undefined until the chain was asked. Wei as decimal text, here and below. */
  readonly balanceWei?: string;
  readonly spentTodayWei: string;
  readonly spentTotalWei: string;
  readonly bumps: number;
  readonly reorgs: number;
  readonly flights: readonly PendingStatus[];
  readonly note?: Obstacle;
};

export type LedgerAnchorStatus = {
  readonly ledgerId: Hex;
  readonly name: string;
  readonly size: number;
  /** Size of the newest anchor that is in a block, final or not. */
  readonly anchoredSize: number;
  readonly finalSize: number;
  /** Age of the oldest entry that no mined anchor covers; 0 when all are covered. */
  readonly oldestUnanchoredS: number;
  readonly state: "anchored" | "waiting" | "in_flight" | "halted";
  /** Why it waits or halts. */
  readonly note?: Obstacle;
};

export type AnchoringStatus = {
  readonly name: string;
  readonly chainId: number;
  readonly contract: string;
  /** An entry is anchored at the latest this long after it was recorded. */
  readonly intervalMs: number;
  /** Undefined while the chain cannot be used. */
  readonly latestBlock?: number;
  readonly finalBlock?: number;
  readonly note?: Obstacle;
  readonly accounts: readonly AccountStatus[];
  readonly ledgers: readonly LedgerAnchorStatus[];
};

export async function chainStatus(
  loop: ChainLoop,
  obstacles: Obstacles,
  ledgers: readonly AnchoredLedger[],
  now: number,
): Promise<AnchoringStatus> {
  const { watch, senders } = loop;
  const note = obstacles.get(watch.name);
  return {
    name: watch.name,
    chainId: watch.chain.chainId,
    contract: checksumAddress(watch.chain.contract),
    intervalMs: Math.round(intervalOf(watch.policy)),
    ...(watch.view !== undefined && { latestBlock: watch.view.latest.number, finalBlock: watch.view.final }),
    ...(note !== undefined && { note }),
    accounts: senders.map((sender) => accountStatus(loop, sender, obstacles, now)),
    ledgers: await Promise.all(ledgers.map((ledger) => ledgerStatus(loop, obstacles, ledger))),
  };
}

function accountStatus(loop: ChainLoop, sender: SendingAccount, obstacles: Obstacles, now: number): AccountStatus {
  const { pendingStore, account, scope } = sender;
  const { spend, bumps, reorgs } = pendingStore.account;
  const balance = loop.balances.get(account.address);
  const note = obstacles.get(scope);
  return {
    address: checksumAddress(account.address),
    ...(balance !== undefined && { balanceWei: String(balance.wei) }),
    spentTodayWei: String(spentToday(spend, now)),
    spentTotalWei: spend.totalWei,
    bumps,
    reorgs,
    flights: pendingStore.transactions.filter((pending) => isUnmined(pending) || isOpen(pending)).map(pendingStatus),
    ...(note !== undefined && { note }),
  };
}

function pendingStatus({ nonce, stage, attempts, refused }: PendingTransaction): PendingStatus {
  const hashes = attempts.map(({ hash }) => hash);
  const firstSignedAt = attempts[0]?.signedAt ?? 0;
  return { nonce, stage, attempts: attempts.length, hashes, firstSignedAt, ...(refused !== undefined && { refused }) };
}

async function ledgerStatus(
  loop: ChainLoop,
  obstacles: Obstacles,
  ledger: AnchoredLedger,
): Promise<LedgerAnchorStatus> {
  const { watch, schedule, senders } = loop;
  const { id, name } = ledger.record;
  const [newest, final, age] = await Promise.all([
    watch.openAnchors.newest(id),
    watch.openAnchors.newestFinal(id),
    schedule.oldestAgeMs(ledger),
  ]);
  const inFlight = senders.some(({ pendingStore }) =>
    pendingStore.unmined.some((pending) => ledgersOf(lastAttempt(pending).purpose).includes(id)),
  );
  const note =
    obstacles.get(ledgerScope(watch, id)) ??
    obstacles.get(watch.name) ??
    senders.map((sender) => obstacles.get(sender.scope)).find((each) => each !== undefined);
  const anchoredSize = newest?.size ?? 0;
  const isWaiting = anchoredSize < ledger.size;
  const isHalted = note !== undefined && isAlarm(note);
  return {
    ledgerId: id,
    name,
    size: ledger.size,
    anchoredSize,
    finalSize: final?.size ?? 0,
    oldestUnanchoredS: (age ?? 0) / 1000,
    state: isHalted ? "halted" : inFlight ? "in_flight" : isWaiting ? "waiting" : "anchored",
    ...(note !== undefined && { note }),
  };
}
