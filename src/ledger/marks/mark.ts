/**
 * One mark: the newest signed checkpoint of a ledger as a file beside the store, or that the ledger has none yet. The
 * signature is its check value: a mark in which a digit has changed is damaged, and never taken for none.
 */

import { readJson } from "../../json/read.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { LedgerRecord } from "../../store/store.ts";
import { RecoveryError, requireSigner } from "../recovery.ts";

/** A ledger of which nothing was marked yet: written before its first entry, so that a mark that is missing was lost. */
export type EmptyMark = { readonly ledgerId: Hex; readonly size: 0 };
export type Mark = SignedCheckpoint | EmptyMark;

/** The store is older than what its ledger has signed. */
export class StoreOlderError extends Error {
  override readonly name = "StoreOlderError";
  readonly code = "store_older";
}

/** The mark of a ledger with entries is gone, or is not as it was written: an older copy of the store could not be told. */
export class MarkLostError extends Error {
  override readonly name = "MarkLostError";
  readonly code: "marks_missing" | "marks_damaged";

  constructor(code: MarkLostError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const HASH = /^0x[0-9a-f]{64}$/;
const SIGNATURE = /^0x[0-9a-f]{130}$/;
const WAY_OUT =
  'bring the folder "marks" back as it was; or, when this is certainly the newest copy of the store, say so with "holdfast marks renew"';

/** Name of a ledger's mark in the folder of marks. */
export function markFile(ledgerId: Hex): string {
  return `${ledgerId}.json`;
}

export function encodeMark(mark: Mark): string {
  return `${JSON.stringify(mark)}\n`;
}

/**
 * Reads a mark.
 * @param where its file, for messages
 * @throws MarkLostError marks_damaged unless it is as it was written, and of a signer that the ledger has or had
 */
export function decodeMark(text: string, record: LedgerRecord, hash: Hash, where: string): Mark {
  const fail = (why: string, cause?: unknown): never => {
    const message = `ledger ${record.name}: expected its mark in ${where} as it was written, ${why}; ${WAY_OUT}`;
    throw new MarkLostError("marks_damaged", message, { cause });
  };
  let found: Partial<SignedCheckpoint> | null;
  try {
    found = readJson(text) as Partial<SignedCheckpoint> | null;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return fail("got a text that is no JSON");
  }
  const { ledgerId, size, root, signedAt, signature } = found ?? {};
  if (ledgerId !== record.id) return fail("got one of another ledger, or none");
  if (size === 0 && encodeMark({ ledgerId, size }) === text) return { ledgerId, size };
  const isNumber = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!isNumber(size) || size === 0 || !isNumber(signedAt)) return fail("got a size or a time that is none");
  if (!HASH.test(String(root)) || !SIGNATURE.test(String(signature)))
    return fail("got a root or a signature that is none");
  const mark = { ledgerId, size, root: root as Hex, signedAt, signature: signature as Hex };
  try {
    requireSigner(record, mark, hash);
  } catch (cause) {
    if (!(cause instanceof RecoveryError)) throw cause;
    return fail("got one whose signature does not fit", cause);
  }
  return mark;
}

/** What is thrown for a mark that is not there although its ledger has entries. */
export function missingMark({ name }: LedgerRecord, size: number, where: string): MarkLostError {
  const message = `ledger ${name}: expected a mark in ${where}, got none although the store has ${size} entries; ${WAY_OUT}`;
  return new MarkLostError("marks_missing", message);
}

/** What of a ledger is compared with its mark. */
export type Marked = {
  readonly name: string;
  readonly size: number;
  readonly rootAt: (size: number) => Promise<Hex | undefined>;
};

/**
 * Compares a ledger with its mark.
 * @throws StoreOlderError when the ledger is shorter, or has another root at that size
 */
export async function requireReached({ name, size, rootAt }: Marked, mark: Mark, where: string): Promise<void> {
  if (!("root" in mark)) return;
  const wayOut = `bring back a newer copy of the store; or, to give up what came after, open another ledger instead (${where} is what remembers)`;
  if (size < mark.size) {
    throw new StoreOlderError(
      `ledger ${name}: expected at least the ${mark.size} entries that were signed, got ${size}; ${wayOut}`,
    );
  }
  const root = await rootAt(mark.size);
  if (root !== mark.root) {
    throw new StoreOlderError(
      `ledger ${name}: expected the root ${mark.root} that was signed for size ${mark.size}, got ${root ?? "no such checkpoint"}; ${wayOut}`,
    );
  }
}
