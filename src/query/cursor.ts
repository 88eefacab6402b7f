/**
 * Cursors: where the next page begins, and a digest of what was asked, so that a cursor cannot be used with another
 * query by mistake. It is an index, so it stays good when the ledger grows and when the index is built again. It
 * gives no rights: a forged one is only another place to begin at.
 *
 *     cursor = base64url( 0x01 || boundary[8, big-endian] || digest[12] )
 *
 * For desc the boundary is the index that the next page stays below, for asc the one it begins at.
 */

import { createHash } from "node:crypto";
import { concat, encodeUint64, equal, type Hex, readUint64 } from "../merkle/bytes.ts";
import { QueryError, quote } from "./query-error.ts";
import type { Order, Plan } from "./request.ts";

const VERSION = 0x01;
const DIGEST_LENGTH = 12;
const TEXT_LENGTH = 28;

/** Digest of everything that must be the same on the next page; the limit need not be. */
export function queryDigest(ledgerId: Hex, order: Order, plan: Plan): Uint8Array {
  const { terms, recorded, occurred, from, to, text } = plan;
  // JSON spells both infinities null; the place in the list tells them apart.
  const parts = [ledgerId, order, terms, recorded, occurred, from, to];
  const asked = JSON.stringify(text === undefined ? parts : [...parts, text.text]);
  return new Uint8Array(createHash("sha256").update(asked).digest()).subarray(0, DIGEST_LENGTH);
}

export function encodeCursor(boundary: number, digest: Uint8Array): string {
  return Buffer.from(concat(Uint8Array.of(VERSION), encodeUint64(boundary), digest)).toString("base64url");
}

/** @throws QueryError when the text is no cursor or one of another query */
export function decodeCursor(text: string, digest: Uint8Array): number {
  const bytes = new Uint8Array(Buffer.from(text, "base64url"));
  const spelled = Buffer.from(bytes).toString("base64url") === text;
  if (text.length !== TEXT_LENGTH || !spelled || bytes[0] !== VERSION) throw noCursor(text);
  if (!equal(bytes.subarray(9), digest)) {
    const expected = "the cursor of a page with the same ledger, filter and order";
    throw new QueryError("cursor_mismatch", "after", expected, quote(text));
  }
  try {
    return readUint64(bytes, 1);
  } catch (error) {
    if (error instanceof RangeError) throw noCursor(text);
    throw error;
  }
}

function noCursor(text: string): QueryError {
  return new QueryError("cursor_invalid", "after", "a cursor, `next` of the page before", quote(text));
}
