/**
 * Who signs the checkpoints of a ledger. The key may be in this process, in a key store or in another machine, so
 * the port takes the whole statement, not a digest: a remote signer shall see what it signs.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { Checkpoint } from "../merkle/checkpoint.ts";
import type { ReportStatement } from "../merkle/report-statement.ts";
import type { WordStatement } from "../merkle/word-statement.ts";

export interface CheckpointSigner {
  /** Address that checkpoint signatures recover to, lower case. */
  readonly address: Hex;
  /** EIP-712 signature of a checkpoint, 65 bytes r || s || v with low s and v 27 or 28. */
  sign(checkpoint: Checkpoint): Promise<Hex>;
}

/** Signs reports of audits as well, with the same key and another type of statement. */
export interface LedgerSigner extends CheckpointSigner {
  /** EIP-712 signature of what is said of a report, of the same form. */
  signReport(statement: ReportStatement): Promise<Hex>;
}

/** Signs what a watcher says, with the watcher's own key. */
export interface WordSigner {
  /** Address that its signatures recover to, lower case. */
  readonly address: Hex;
  signWord(statement: WordStatement): Promise<Hex>;
}
