/**
 * The next step of a flight that is not mined, as far as we know: look for a receipt of any of its attempts; if there is
 * none, send the same bytes again, or offer more.
 */

import { ChainError } from "../../chain/chain.ts";
import { isRecent } from "../../clock.ts";
import type { View } from "../chain-watch.ts";
import { transmit } from "./broadcast.ts";
import { findLanding, land } from "./mined.ts";
import { type Flight, lastAttempt, transition } from "./pending.ts";
import { replace } from "./send.ts";
import type { Lane, Wanted } from "./sending-account.ts";

export type Situation = {
  readonly view: View;
  /** The account's nonce in the newest block. */
  readonly nonce: number;
  /** Whether no flight before this one waits; only then may it be replaced. */
  readonly isLowest: boolean;
};

/** Looks that find a nonce used and nothing mined before the flight is given up: receipts lag behind nonces. */
const MISSED_MAX = 3;

export async function pursue(lane: Lane, flight: Flight, situation: Situation): Promise<void> {
  if (situation.nonce > flight.nonce || flight.missed > 0) {
    const landing = await findLanding(lane, flight);
    if (landing !== undefined) return land(lane, flight, landing);
  }
  if (situation.nonce > flight.nonce) return missed(lane, flight);
  const current = flight.missed > 0 ? transition(flight, { type: "nonce_free" }) : flight;
  if (situation.isLowest && (await wantsReplacement(lane, current, situation.view))) {
    if (await replace(lane, current, await renew(lane, current), situation.view)) return;
  }
  if (isSendDue(lane, current)) await transmit(lane, current);
}

/** The nonce is used, and by none of the attempts as far as this look can tell. */
async function missed(lane: Lane, flight: Flight): Promise<void> {
  const counted = transition(flight, { type: "nonce_used" });
  const { name, policy } = lane.site;
  if (counted.missed < MISSED_MAX || isRecent(flight.sentAt, lane.now(), policy.pollMs)) {
    await lane.journal.save({ flights: [counted] });
    return;
  }
  const message = `${name}: nonce ${flight.nonce} of ${lane.account.address} was used by a transaction that is not ours`;
  lane.notes.set(lane.scope, "nonce_displaced", `${message}; nothing else may use this key`);
  await lane.journal.save({ flights: [transition(counted, { type: "displaced" })] });
}

async function wantsReplacement(lane: Lane, flight: Flight, view: View): Promise<boolean> {
  const { attemptsMax, bumpMs } = lane.site.policy;
  if (flight.attempts.length >= attemptsMax) return false;
  const { signedAt, signedAtBlock } = lastAttempt(flight);
  const isLate = !isRecent(signedAt, lane.now(), bumpMs);
  if (flight.refused !== undefined) return isLate || flight.refused !== "rejected";
  return isLate && view.latest.number > signedAtBlock;
}

/** What to carry now, or undefined for the same call: also when what is newer cannot be had at the moment. */
async function renew(lane: Lane, flight: Flight): Promise<Wanted | undefined> {
  for (const errand of lane.errands) {
    try {
      const wanted = await errand.renew(lane, flight);
      if (wanted !== undefined) return wanted;
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind !== "reverted") throw error;
    }
  }
  return undefined;
}

function isSendDue(lane: Lane, flight: Flight): boolean {
  const wait = flight.stage === "signed" ? lane.site.policy.pollMs : lane.site.policy.resendMs;
  return !isRecent(flight.sentAt, lane.now(), wait);
}
