/**
 * The anchors that a service knows, as records of its store: one for each checkpoint that a chain has taken. They
 * are derived from the chain and could be read from it again.
 * Why: docs/decisions/0105.
 */

import { readJson } from "../json/read.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { AnchorState } from "../verify/bundle/bundle.ts";
import { DamagedStoreError, type Store } from "./store.ts";

/** How sure an anchor is: in a block, in a block the chain calls safe, in one that it calls final. */
export type AnchorStage = "mined" | "safe" | "final";

/** A checkpoint recorded by the contract. */
export type AnchorRecord = {
  readonly ledgerId: Hex;
  readonly chainId: number;
  /** EIP-55 spelling. */
  readonly contract: string;
  readonly size: number;
  readonly root: Hex;
  /** Seconds since 1970. */
  readonly signedAt: number;
  readonly signature: Hex;
  readonly stage: AnchorStage;
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly gasUsed: number;
  /** Whole fee of the transaction in wei, decimal. */
  readonly feeWei: string;
  readonly state?: AnchorState;
};

/** Which anchors to list; sizes are inclusive. */
export type AnchorQuery = {
  readonly chainId?: number;
  readonly fromSize?: number;
  readonly toSize?: number;
  readonly reverse?: boolean;
  readonly limit?: number;
  /** Ends behind the first size of which there is one. */
  readonly ofOneSize?: boolean;
  /** Gets each record that is damaged, which is then passed over: later anchors prove the same entries. */
  readonly onDamaged?: (key: AnchorKey) => void;
};

/** Where the record of an anchor is; size and chain are undefined in a key that is none. */
export type AnchorKey = {
  readonly key: string;
  readonly size: number | undefined;
  readonly chainId: number | undefined;
};

const SIZE_DIGITS = 16;

/** For those who need no more than some anchor that covers an entry. */
export function passOver(): undefined {
  return undefined;
}

function spaceOf(ledgerId: Hex): string {
  return `anchors/${ledgerId}`;
}

function sizeKey(size: number): string {
  return String(size).padStart(SIZE_DIGITS, "0");
}

/** Anchors of a ledger by size, on every chain or on one. */
export async function listAnchors(store: Store, ledgerId: Hex, query: AnchorQuery = {}): Promise<AnchorRecord[]> {
  const found: AnchorRecord[] = [];
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  const range = {
    gte: sizeKey(query.fromSize ?? 0),
    lte: `${sizeKey(query.toSize ?? Number.MAX_SAFE_INTEGER)}/~`,
    reverse: query.reverse ?? false,
  };
  if (limit <= 0) return found;
  const { onDamaged } = query;
  const passOver = onDamaged && ((key: string) => onDamaged(readKey(key)));
  const records = store.records(spaceOf(ledgerId), passOver === undefined ? range : { ...range, onDamaged: passOver });
  for await (const [key, value] of records) {
    const anchor = readJson(value) as AnchorRecord;
    if (keyOf(anchor) !== key) {
      const message = `record ${JSON.stringify(key)} of ${spaceOf(ledgerId)} is damaged: it is of size ${anchor.size}`;
      if (passOver === undefined) throw new DamagedStoreError(message);
      passOver(key);
      continue;
    }
    if (query.chainId !== undefined && anchor.chainId !== query.chainId) continue;
    if (query.ofOneSize === true && found.length > 0 && anchor.size !== found[0]?.size) break;
    found.push(anchor);
    if (found.length >= limit) break;
  }
  return found;
}

/** The write that keeps an anchor; one of the same ledger, size and chain is replaced. */
export function anchorWrite(anchor: AnchorRecord): { space: string; key: string; value: string } {
  return { space: spaceOf(anchor.ledgerId), key: keyOf(anchor), value: JSON.stringify(anchor) };
}

function keyOf({ size, chainId }: AnchorRecord): string {
  return `${sizeKey(size)}/${chainId}`;
}

function readKey(key: string): AnchorKey {
  const [, size, chainId] = /^([0-9]{16})\/([0-9]+)$/.exec(key) ?? [];
  const isKey = size !== undefined && Number.isSafeInteger(Number(size));
  return { key, size: isKey ? Number(size) : undefined, chainId: isKey ? Number(chainId) : undefined };
}

/** The write that removes an anchor whose block the chain no longer has. */
export function anchorRemoval(anchor: AnchorRecord): { space: string; key: string; value: undefined } {
  return removalOf(anchor.ledgerId, keyOf(anchor));
}

/** The write that removes whatever is under a key. */
export function removalOf(ledgerId: Hex, key: string): { space: string; key: string; value: undefined } {
  return { space: spaceOf(ledgerId), key, value: undefined };
}
