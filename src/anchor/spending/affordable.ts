/** Whether a transaction may be sent: the day's budget and the account's balance, with everything that is under way. */

import { type FeeLimits, worstCost } from "../../chain/fees.ts";
import { readFeeLimits } from "../transaction/attempt.ts";
import { lastAttempt } from "../transaction/pending.ts";
import type { SendingAccount } from "../transaction/sending-account.ts";
import { costUnder, heldBack } from "./held-back.ts";
import { spentToday } from "./spent.ts";

/** Whether budget and balance allow a transaction under a nonce; it takes the place of the worst case of what is there. */
export async function isAffordable(sender: SendingAccount, feeLimits: FeeLimits, nonce: number): Promise<boolean> {
  const { chain, policy, name } = sender.watch;
  const cost = costUnder(sender, nonce, worstCost(feeLimits));
  const others = sender.pendingStore.unmined.filter((pending) => pending.nonce !== nonce);
  const reserved = others.reduce((sum, pending) => sum + worstCost(readFeeLimits(lastAttempt(pending).offer)), 0n);
  const spent = spentToday(sender.pendingStore.account.spend, sender.now());
  const held = heldBack(sender, nonce);
  if (spent + reserved + held + cost > policy.budgetPerDayWei) {
    const message = `${name}: expected to spend at most ${policy.budgetPerDayWei} wei a day, ${spent} are spent`;
    const lost = held === 0n ? "" : `, ${held} are held back for transactions whose records are lost,`;
    sender.obstacles.set(
      sender.scope,
      "budget_used_up",
      `${message}${lost} and the next transaction may cost ${cost}; it goes on tomorrow (UTC), or raise budgetPerDayWei`,
    );
    return false;
  }
  const balance = await chain.balance(sender.account.address);
  if (balance < reserved + cost) {
    const message = `${name}: expected ${reserved + cost} wei on account ${sender.account.address}, got ${balance}`;
    sender.obstacles.set(sender.scope, "funds_insufficient", `${message}; fund it, and anchoring goes on by itself`);
    return false;
  }
  sender.obstacles.clear(sender.scope, "fee_above_cap", "budget_used_up", "funds_insufficient");
  return true;
}
