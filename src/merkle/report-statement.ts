/**
 * What a ledger's signer says of an audit: that a report with this digest is its own. EIP-712 typed data in the domain of
 * checkpoints, under a type of its own, so that neither signature can pass for the other. docs/format.md §12.
 */

import { concat, fromHex, type Hex, utf8 } from "./bytes.ts";
import { recoverAddress, typedDigest, word } from "./checkpoint.ts";
import { type Hash, keccak256 } from "./hash.ts";
import { ProofError } from "./proof.ts";

/** `digest` of the report over the first `size` entries of a ledger, which was finished at `finishedAt` seconds since 1970. */
export type ReportStatement = {
  readonly ledgerId: Hex;
  readonly size: number;
  readonly digest: Hex;
  readonly finishedAt: number;
};

export const REPORT_TYPE = "AuditReport(bytes32 ledgerId,uint64 size,bytes32 digest,uint64 finishedAt)";
const REPORT_TYPE_HASH = keccak256(utf8(REPORT_TYPE));

/** Digest that the signer signs. @throws TypeError or RangeError when a field has the wrong form */
export function reportDigest(
  { ledgerId, size, digest, finishedAt }: ReportStatement,
  hash: Hash = keccak256,
): Uint8Array {
  return typedDigest(
    concat(REPORT_TYPE_HASH, fromHex(ledgerId, 32), word(size), fromHex(digest, 32), word(finishedAt)),
    hash,
  );
}

/** Address whose key signed it, in lower case. @throws ProofError when the signature is not one */
export function recoverReportSigner(statement: ReportStatement, signature: Hex): Hex {
  try {
    return recoverAddress(reportDigest(statement), signature);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProofError(`expected a signed report: ${reason}`, { cause });
  }
}
