/**
 * What an account's transactions leave in the store: one record of the account (next nonce, what was spent, what went wrong)
 * and one for each transaction. A write is durable before the step that needs it, and memory changes only after it.
 * Why: docs/decisions/0040.
 */

import type { Log } from "../../log.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import { findForgotten, isDayUnknown, settledBelow } from "../spending/lost-transactions.ts";
import { dayOf, NOTHING_SPENT } from "../spending/spent.ts";
import { isOpen, isUnmined, type PendingTransaction } from "./pending.ts";
import { type AccountRecord, accountFrom, readAccount, readPending } from "./pending-record.ts";

export type PendingChange = {
  readonly account?: Partial<AccountRecord>;
  readonly transactions?: readonly PendingTransaction[];
  /** Nonces of transactions to forget. */
  readonly forget?: readonly number[];
  /** Other records that become true at the same moment. */
  readonly also?: readonly RecordWrite[];
};

const EMPTY: AccountRecord = { nonce: 0, spend: NOTHING_SPENT, bumps: 0, reorgs: 0, reverts: {} };
const NONCE_DIGITS = 16;

export class PendingStore {
  readonly #store: Store;
  readonly #space: string;
  #account: AccountRecord;
  readonly #transactions: Map<number, PendingTransaction>;

  /**
   * Reads what an account has under way; records that are damaged are forgotten, made again as far as can be, and told.
   * @param now milliseconds since 1970
   */
  static async open(store: Store, chainId: number, address: Hex, log: Log, now: number): Promise<PendingStore> {
    const space = `anchoring/${chainId}/${address}`;
    const transactions = new Map<number, PendingTransaction>();
    const damaged: string[] = [];
    const onDamaged = (key: string) => damaged.push(key);
    for await (const [key, value] of store.records(space, { gte: "flight/", lt: "flight0", onDamaged })) {
      const pending = readPending(value, nonceOf(key));
      if (pending === undefined) damaged.push(key);
      else transactions.set(pending.nonce, pending);
    }
    let account: AccountRecord | undefined;
    for await (const [key, value] of store.records(space, { gte: "lane", lte: "lane", onDamaged })) {
      account = readAccount(value);
      if (account === undefined) damaged.push(key);
    }
    const isNew = account === undefined && transactions.size === 0 && damaged.length === 0;
    if (isNew) return new PendingStore(store, space, EMPTY, transactions);
    const nonces = damaged.map(nonceOf).filter((nonce) => Number.isSafeInteger(nonce));
    const forgotten = findForgotten(account, transactions, nonces);
    const isUnknown = account === undefined && isDayUnknown(transactions, nonces, now);
    const whole = account ?? {
      ...accountFrom([...transactions.values()]),
      ...(isUnknown && { unknownDay: dayOf(now) }),
    };
    const pendingStore = new PendingStore(store, space, { ...whole, forgotten }, transactions);
    if (account === undefined) damaged.push("lane");
    if (damaged.length > 0 || forgotten.length > (account?.forgotten?.length ?? 0))
      await pendingStore.#mend(damaged, log);
    return pendingStore;
  }

  /**
   * Goes on without records: the chain tells whether a nonce was used (nonce-gap.ts), and an anchor that it holds is
   * adopted (anchor/record/adopt.ts). A transaction of which the bytes are lost may still be mined, once, as it would
   * have been.
   */
  async #mend(damaged: readonly string[], log: Log): Promise<void> {
    const writes = damaged.map((key) => this.#write(key, undefined));
    this.#account = { ...this.#account, settledBelow: settledBelow(this.#transactions.values(), this.#account.nonce) };
    writes.push(this.#write("lane", JSON.stringify(this.#account)));
    await this.#store.writeRecords(writes, { durable: true });
    const records = [...new Set(damaged)];
    const { forgotten: nonces, unknownDay } = this.#account;
    const hint =
      "what became of their transactions is asked of the chain, and the budget of the day counts each as the most expensive one";
    const day =
      unknownDay === undefined
        ? ""
        : `; what was spent on ${unknownDay} is not known, and nothing more is until it is over`;
    log.warn({ space: this.#space, records, nonces }, `records of anchoring are damaged and forgotten: ${hint}${day}`);
  }

  private constructor(
    store: Store,
    space: string,
    account: AccountRecord,
    transactions: Map<number, PendingTransaction>,
  ) {
    this.#store = store;
    this.#space = space;
    this.#account = account;
    this.#transactions = transactions;
  }

  get account(): AccountRecord {
    return this.#account;
  }

  /** All transactions that are kept, by nonce. */
  get transactions(): PendingTransaction[] {
    return [...this.#transactions.values()].sort((a, b) => a.nonce - b.nonce);
  }

  get unmined(): PendingTransaction[] {
    return this.transactions.filter(isUnmined);
  }

  get open(): PendingTransaction[] {
    return this.transactions.filter(isOpen);
  }

  at(nonce: number): PendingTransaction | undefined {
    return this.#transactions.get(nonce);
  }

  /** Makes a change durable, then visible. */
  async save({ account, transactions = [], forget = [], also = [] }: PendingChange): Promise<void> {
    const next = this.#accountAfter(account, transactions, forget);
    const writes: RecordWrite[] = [
      ...transactions.map((pending) => this.#write(pendingKey(pending.nonce), JSON.stringify(pending))),
      ...forget.map((nonce) => this.#write(pendingKey(nonce), undefined)),
      ...also,
    ];
    const isMoved = next.settledBelow !== this.#account.settledBelow;
    if (account !== undefined || isMoved) writes.push(this.#write("lane", JSON.stringify(next)));
    if (writes.length === 0) return;
    await this.#store.writeRecords(writes, { durable: true });
    this.#account = next;
    for (const pending of transactions) this.#transactions.set(pending.nonce, pending);
    for (const nonce of forget) this.#transactions.delete(nonce);
  }

  /** Forgets everything but what was spent: another chain begins. */
  async reset(): Promise<void> {
    const { spend } = this.#account;
    await this.save({ account: { ...EMPTY, spend, forgotten: [] }, forget: [...this.#transactions.keys()] });
  }

  #accountAfter(
    account: PendingChange["account"],
    transactions: readonly PendingTransaction[],
    forget: readonly number[],
  ): AccountRecord {
    const after = new Map(this.#transactions);
    for (const pending of transactions) after.set(pending.nonce, pending);
    for (const nonce of forget) after.delete(nonce);
    const next = { ...this.#account, ...account };
    return { ...next, settledBelow: settledBelow(after.values(), next.nonce) };
  }

  #write(key: string, value: string | undefined): RecordWrite {
    return { space: this.#space, key, value };
  }
}

function nonceOf(key: string): number {
  const digits = key.slice("flight/".length);
  return /^[0-9]{16}$/.test(digits) ? Number(digits) : Number.NaN;
}

function pendingKey(nonce: number): string {
  return `flight/${String(nonce).padStart(NONCE_DIGITS, "0")}`;
}
