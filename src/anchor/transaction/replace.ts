/**
 * Replaces a transaction that waits too long: another attempt under its nonce that pays more, and carries what is newest. When
 * one is wanted is decided in follow.ts.
 */

import { readSigned } from "../../chain/ethers.ts";
import { raisedFeeLimits, worstCost } from "../../chain/fees.ts";
import type { ChainView } from "../chain-identity.ts";
import { isAffordable } from "../spending/affordable.ts";
import { readFeeLimits } from "./attempt.ts";
import { broadcast } from "./broadcast.ts";
import { lastAttempt, type PendingTransaction, transition } from "./pending.ts";
import { aboveCap, measure, sign } from "./send.ts";
import type { PlannedCall, SendingAccount } from "./sending-account.ts";

/**
 * Replaces the last attempt of a transaction by one that pays more.
 * @param renewed what to carry instead of the same call
 * @returns whether it was; the account's obstacle says why not
 */
export async function replace(
  sender: SendingAccount,
  pending: PendingTransaction,
  renewed: PlannedCall | undefined,
  view: ChainView,
): Promise<boolean> {
  const { chain, policy } = sender.watch;
  const last = lastAttempt(pending);
  const same = readSigned(last.raw).draft;
  const wanted = renewed ?? { purpose: last.purpose, to: same.to, data: same.data };
  const previous = readFeeLimits(last.offer);
  // The same call may revert by now, and is then as expensive as it was.
  const measured = renewed === undefined ? previous : await measure(sender, wanted);
  const limits = { capWei: policy.feeMaxWei, mempool: policy.mempool };
  const feeLimits = raisedFeeLimits(previous, await chain.fees(), measured, limits);
  if (feeLimits === undefined) {
    sender.obstacles.set(
      sender.scope,
      "fee_above_cap",
      `${aboveCap(sender)}; what was sent last is sent again as it is`,
    );
    return false;
  }
  if (!(await isAffordable(sender, feeLimits, pending.nonce))) return false;
  const attempt = await sign(sender, pending.nonce, wanted, feeLimits, view);
  if (attempt === undefined) return false;
  const next = transition(pending, { type: "replaced", attempt });
  await sender.pendingStore.save({ account: { bumps: sender.pendingStore.account.bumps + 1 }, transactions: [next] });
  const fee = String(worstCost(feeLimits));
  sender.log.info(
    { nonce: pending.nonce, hash: attempt.hash, fee },
    `${sender.watch.name}: the transaction is sent again with a higher fee`,
  );
  await broadcast(sender, next);
  return true;
}
