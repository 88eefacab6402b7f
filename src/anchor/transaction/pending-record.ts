/**
 * Pending transactions, and what is kept of an account, as records of the store, read with distrust: what is sent again must be the transaction of its nonce.
 * What cannot be read is not needed: the chain tells what became of a nonce, and what is to be anchored is planned anew.
 */

import { readSigned } from "../../chain/ethers.ts";
import { readJson } from "../../json/read.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { addSpend, NOTHING_SPENT, type Spend } from "../spending/spent.ts";
import type { Attempt } from "./attempt.ts";
import type { MinedPlace, PendingTransaction } from "./pending.ts";

export type AccountRecord = {
  /** The nonce after the highest that was ever used here. */
  readonly nonce: number;
  readonly spend: Spend;
  readonly bumps: number;
  readonly reorgs: number;
  /** Ledgers whose transactions failed in a row: how often, and when last (milliseconds since 1970). */
  readonly reverts: Readonly<Record<Hex, { readonly count: number; readonly at: number }>>;
  /** Every nonce below is in `spend`, is not ours, or is in `forgotten`; missing in what an older version wrote. */
  readonly settledBelow?: number;
  /** Nonces of transactions of which nothing is left, while they may cost something yet (lost-transactions.ts). */
  readonly forgotten?: readonly number[];
  /** A day (UTC) of which nobody knows any more what was spent. */
  readonly unknownDay?: string;
};

const STAGES: ReadonlySet<unknown> = new Set(["signed", "broadcast", "mined", "safe", "final", "displaced"]);
const MINED: ReadonlySet<unknown> = new Set(["mined", "safe", "final"]);
const PURPOSES: ReadonlySet<unknown> = new Set(["anchor", "open", "rotate", "nothing"]);
const DECIMAL = /^-?[0-9]{1,80}$/;
const HASH = /^0x[0-9a-f]{64}$/;

/** A transaction of a nonce; undefined when the text is of none. */
export function readPending(text: string, nonce: number): PendingTransaction | undefined {
  const pending = objectIn(text) as Partial<PendingTransaction>;
  const { stage, attempts, landing } = pending;
  if (pending.nonce !== nonce || !STAGES.has(stage) || !isCount(pending.missed) || !isCount(pending.sentAt))
    return undefined;
  if (!Array.isArray(attempts) || attempts.length === 0) return undefined;
  if (!attempts.every((attempt) => isAttempt(attempt, nonce))) return undefined;
  if (pending.missedAt !== undefined && !isCount(pending.missedAt)) return undefined;
  if (pending.held !== undefined && !isHeld(pending.held)) return undefined;
  if (MINED.has(stage) ? !isMinedPlace(landing) : landing !== undefined && !isMinedPlace(landing)) return undefined;
  return pending as PendingTransaction;
}

function isAttempt(value: unknown, nonce: number): boolean {
  const { hash, raw, purpose, offer, signedAt, signedAtBlock } = objectOf(value) as Partial<Attempt>;
  if (typeof raw !== "string" || !PURPOSES.has(purpose?.kind) || !isCount(signedAt)) return false;
  if (purpose?.kind === "anchor" && !Array.isArray(purpose.items)) return false;
  if (!Number.isSafeInteger(signedAtBlock) || !isCount(offer?.gasMax)) return false;
  if (![offer?.feeMax, offer?.tipMax, offer?.dataFee].every(isDecimal)) return false;
  try {
    const signed = readSigned(raw);
    return signed.hash === hash && signed.draft.nonce === nonce;
  } catch {
    return false;
  }
}

function isHeld(value: unknown): boolean {
  const { day, wei } = objectOf(value) as Partial<NonNullable<PendingTransaction["held"]>>;
  return typeof day === "string" && isDecimal(wei);
}

function isMinedPlace(value: unknown): boolean {
  const { hash, blockNumber, blockHash, blockTime, gasUsed, feeWei, succeeded } = objectOf(
    value,
  ) as Partial<MinedPlace>;
  return (
    HASH.test(String(hash)) &&
    HASH.test(String(blockHash)) &&
    [blockNumber, blockTime, gasUsed].every(isCount) &&
    isDecimal(feeWei) &&
    typeof succeeded === "boolean"
  );
}

/** An account; undefined when the text is of none. */
export function readAccount(text: string): AccountRecord | undefined {
  const account = objectIn(text) as Partial<AccountRecord>;
  const { day, dayWei, totalWei } = objectOf(account.spend) as Partial<Spend>;
  const isSpend = typeof day === "string" && isDecimal(dayWei) && isDecimal(totalWei);
  if (!isSpend || ![account.nonce, account.bumps, account.reorgs].every(isCount)) return undefined;
  const { settledBelow = 0, forgotten = [], unknownDay = "" } = account;
  if (!isCount(settledBelow) || !Array.isArray(forgotten) || !forgotten.every(isCount)) return undefined;
  if (typeof unknownDay !== "string") return undefined;
  return typeof account.reverts === "object" && account.reverts !== null ? (account as AccountRecord) : undefined;
}

/** What the transactions that are left say of an account: which nonces were used, and what those cost that were mined. */
export function accountFrom(transactions: readonly PendingTransaction[]): AccountRecord {
  let spend = NOTHING_SPENT;
  for (const { landing, sentAt } of transactions) {
    // Paid by our clock when it was seen to be mined, which is after it was sent.
    const at = Math.max(sentAt, (landing?.blockTime ?? 0) * 1000);
    if (landing !== undefined) spend = addSpend(spend, at, BigInt(landing.feeWei));
  }
  const nonce = transactions.reduce((next, pending) => Math.max(next, pending.nonce + 1), 0);
  return { nonce, spend, bumps: 0, reorgs: 0, reverts: {} };
}

function objectIn(text: string): object {
  try {
    return objectOf(readJson(text));
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function objectOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDecimal(value: unknown): boolean {
  return typeof value === "string" && DECIMAL.test(value);
}
