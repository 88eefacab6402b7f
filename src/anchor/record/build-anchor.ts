/**
 * Makes the records of anchors, and nothing else does: whoever finds one (a receipt, a search, a reorganisation that moved
 * it) says which checkpoint it is of and where it is, and gets the record with its state proof.
 */

import { type Chain, ChainError } from "../../chain/chain.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { AnchorRecord, AnchorStage } from "../../store/anchor-record.ts";
import type { AnchorState } from "../../verify/bundle/bundle.ts";
import type { OpenAnchor } from "./open-anchors.ts";

/** The checkpoint that was anchored. */
export type AnchoredCheckpoint = Pick<AnchorRecord, "ledgerId" | "size" | "root" | "signedAt" | "signature">;

/** The transaction that anchored it, and its block. */
export type AnchorTransaction = {
  readonly transactionHash: Hex;
  readonly block: { readonly number: number; readonly hash: Hex; readonly time: number };
  readonly gasUsed: number;
  /** Whole fee in wei, decimal. */
  readonly feeWei: string;
};

/** The record of an anchor that was found in a block, with its state proof as far as it can be had now. */
export async function buildAnchor(
  chain: Chain,
  checkpoint: AnchoredCheckpoint,
  { transactionHash, block, gasUsed, feeWei }: AnchorTransaction,
): Promise<OpenAnchor> {
  const anchor: AnchorRecord = {
    ledgerId: checkpoint.ledgerId,
    chainId: chain.chainId,
    contract: checksumAddress(chain.contract),
    size: checkpoint.size,
    root: checkpoint.root,
    signedAt: checkpoint.signedAt,
    signature: checkpoint.signature,
    stage: "mined",
    transactionHash,
    blockNumber: block.number,
    blockHash: block.hash,
    blockTime: block.time,
    gasUsed,
    feeWei,
  };
  const state = await proofOf(chain, anchor);
  return state === undefined ? { anchor } : { anchor, state };
}

/** An anchor that is as sure as its block is now, and not final. */
export function surerAnchor(open: OpenAnchor, stage: Exclude<AnchorStage, "final">): OpenAnchor {
  return { ...open, anchor: { ...open.anchor, stage } };
}

/** The record that is kept for ever; its state proof is asked for once more where there was none. */
export async function finalAnchor(chain: Chain, open: OpenAnchor): Promise<AnchorRecord> {
  const state = open.state ?? (await proofOf(chain, open.anchor));
  const anchor: AnchorRecord = { ...open.anchor, stage: "final" };
  return state === undefined ? anchor : { ...anchor, state };
}

/** The state proof of an anchor, taken early because nodes forget old states; undefined when it cannot be had now. */
async function proofOf(chain: Chain, anchor: AnchorRecord): Promise<AnchorState | undefined> {
  try {
    return await chain.proof(anchor);
  } catch (error) {
    if (error instanceof ChainError) return undefined;
    throw error;
  }
}
