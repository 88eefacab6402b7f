/**
 * One step of a lane: look at what is, take the next step of each pending transaction, and start a new one when nothing waits. So one
 * transaction is on its way at a time, and those that are mined and not final follow behind.
 */

import type { View } from "../chain-watch.ts";
import { settleForgotten } from "../spending/held-back.ts";
import { settleFlights } from "./confirm.ts";
import { pursue } from "./follow.ts";
import { closeGap } from "./nonce-gap.ts";
import { isUnmined } from "./pending.ts";
import { launch } from "./send.ts";
import type { Lane } from "./sending-account.ts";

export async function stepLane(lane: Lane, view: View): Promise<void> {
  const nonce = await lane.site.chain.nonce(lane.account.address);
  await settleFlights(lane, view);
  await settleForgotten(lane, nonce);
  if (await closeGap(lane, view, nonce)) return;
  let isLowest = true;
  for (const pending of lane.journal.unmined) {
    await pursue(lane, pending, { view, nonce, isLowest });
    const after = lane.journal.at(pending.nonce);
    isLowest &&= after === undefined || !isUnmined(after);
  }
  if (lane.journal.unmined.length === 0) await startNext(lane, view, nonce);
}

async function startNext(lane: Lane, view: View, nonce: number): Promise<void> {
  const open = lane.journal.open.length;
  if (open >= lane.site.policy.openMax) {
    const message = `${lane.site.name}: ${open} transactions are mined and not final; new ones wait`;
    lane.notes.set(lane.scope, "waits_for_finality", message);
    return;
  }
  for (const errand of lane.errands) {
    const wanted = await errand.next(lane);
    if (wanted === undefined) continue;
    // Behind a lagging endpoint the chain's nonce is too low; ours is when a stranger has the key too.
    await launch(lane, Math.max(nonce, lane.journal.lane.nonce), wanted, view);
    return;
  }
  lane.notes.clear(lane.scope, "waits_for_finality", "fee_above_cap", "budget_used_up", "funds_insufficient");
}
