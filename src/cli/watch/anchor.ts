/**
 * Anchoring by a watcher: the checkpoint is signed and the proof is at hand, so whoever pays can anchor it. It does so when
 * the service has had its time, never more than a budget a day, and never what it has a doubt about.
 */

import type { Chain } from "../../chain/chain.ts";
import type { ChainAccount } from "../../chain/chain-account.ts";
import { type AnchorCall, encodeAnchor } from "../../chain/contract/contract.ts";
import { fromHex } from "../../merkle/bytes.ts";
import { recoverSigner } from "../../merkle/checkpoint.ts";
import { isLinked } from "../../watch/chain-checks.ts";
import type { JudgedChecks } from "../../watch/checks.ts";
import type { WatchState } from "../../watch/memory/state.ts";
import type { ChainSeen } from "../../watch/round-observations.ts";
import { type SendOptions, sendAndWait } from "../remote/transaction.ts";
import { CliError } from "../terminal/failure.ts";

export type SelfAnchoring = {
  readonly account: ChainAccount;
  readonly chain: Chain;
  readonly send: SendOptions;
  /** How long a checkpoint waits for the service before the watcher anchors it. */
  readonly afterMs: number;
  /** Most that a day (UTC) may cost, in wei. */
  readonly budgetWei: bigint;
};

/** What became of it; `wei` is what it cost, or may have cost. */
export type SelfAnchored = { readonly transactionHash?: string; readonly wei: bigint; readonly trouble?: string };

/** Checks that speak against the history itself; a service that is gone or late is what anchoring is for. */
const DOUBTS = ["identity", "size", "root", "consistency", "chain", "block", "agreement"] as const;

/** The call that anchors the believed checkpoint; undefined when there is nothing to do or something speaks against it. */
export function planAnchor(
  state: WatchState,
  { head, signer }: ChainSeen,
  checks: JudgedChecks,
  afterMs: number,
): AnchorCall | undefined {
  const { checkpoint, extension, waiting, roundAt } = state;
  if (checkpoint === undefined || head.superseded || head.size >= checkpoint.size) return undefined;
  // To anchor one of two histories would help whoever made them.
  if (checks.fork.mark !== 1 || DOUBTS.some((name) => checks[name].mark === -1)) return undefined;
  const oldest = waiting.find(({ size }) => size > head.size);
  if (oldest === undefined || roundAt - oldest.since < afterMs) return undefined;
  if (recoverSigner(checkpoint) !== signer) return undefined;
  if (head.size > 0 && !isLinked(state, { head }, checkpoint)) return undefined;
  const proof = head.size === 0 ? [] : (extension?.path ?? []).map((node) => fromHex(node, 32));
  return { ...checkpoint, prevSize: head.size, proof };
}

/** Most that the next anchor may cost, so that the budget of the day holds; 0 when it is used up. */
export function costLeft({ send, budgetWei }: SelfAnchoring, state: WatchState): bigint {
  const leftWei = budgetWei - spentOn(state, dayOf(state.roundAt));
  if (leftWei <= 0n) return 0n;
  return leftWei < send.costMaxWei ? leftWei : send.costMaxWei;
}

/** Anchors for at most so much; it never throws. */
export async function anchorOnce(
  { account, chain, send }: SelfAnchoring,
  call: AnchorCall,
  costMaxWei: bigint,
): Promise<SelfAnchored> {
  try {
    const wanted = { to: chain.contract, data: encodeAnchor(call) };
    const { transactionHash, feeWei } = await sendAndWait(chain, account, wanted, { ...send, costMaxWei });
    return { transactionHash, wei: feeWei };
  } catch (error) {
    const mayBeSent = error instanceof CliError && error.code.startsWith("transaction_");
    return { wei: mayBeSent ? costMaxWei : 0n, trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** The state with what a round spent. */
export function addSpent(state: WatchState, wei: bigint): WatchState {
  if (wei === 0n) return state;
  const day = dayOf(state.roundAt);
  return { ...state, spent: { day, wei: String(spentOn(state, day) + wei) } };
}

function spentOn({ spent }: WatchState, day: string): bigint {
  // A day that is still to come is one of a clock that was set back.
  return spent !== undefined && spent.day >= day && /^\d+$/.test(spent.wei) ? BigInt(spent.wei) : 0n;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
