/**
 * What becomes of flights that were mined: they get surer, or a reorganisation takes their block away and they are sent
 * again.
 */

import { isRecent } from "../../clock.ts";
import type { View } from "../chain-watch.ts";
import { addSpend } from "../spending/spent.ts";
import { findLanding, land } from "./mined.ts";
import { type Flight, type FlightEvent, type Landing, landedAttempt, type Stage, transition } from "./pending.ts";
import type { Lane } from "./sending-account.ts";

/** Final and displaced flights that are kept, in case a chain takes back what it called final. */
const KEPT = 32;
/** How long receipts of a displaced flight are still asked for. */
const LATE_MS = 3_600_000;
/** Looks at every flight that may still be reorganised, and at the newest that should not. */
export async function settleFlights(lane: Lane, view: View): Promise<void> {
  const finals = lane.journal.flights.filter(({ stage }) => stage === "final");
  const newest = finals.at(-1);
  const suspects = newest !== undefined && (await isGone(lane, newest, view)) ? finals : [];
  if (suspects.length > 0) {
    lane.log.error(
      {
        nonce: newest?.nonce,
      },
      `${lane.site.name}: a block that was final is not in the chain any more`,
    );
  }
  for (const flight of [...suspects, ...lane.journal.open]) await settleFlight(lane, flight, view);
  for (const flight of lane.journal.flights.filter(({ stage }) => stage === "displaced")) {
    // Receipts may be late; a transaction that was ours after all is counted, and what it cost.
    const found = isRecent(flight.sentAt, lane.now(), LATE_MS) ? await findLanding(lane, flight) : undefined;
    if (found !== undefined) await land(lane, flight, found);
  }
  const kept = lane.journal.flights.filter(({ stage }) => stage === "final" || stage === "displaced");
  const forget = kept.slice(0, -KEPT).map(({ nonce }) => nonce);
  if (forget.length > 0) await lane.journal.save({ forget });
}

async function settleFlight(lane: Lane, flight: Flight, view: View): Promise<void> {
  if (await isGone(lane, flight, view)) return recover(lane, flight);
  const stage = stageIn(lane, flight, view);
  if (stage !== flight.stage) await lane.journal.save({ flights: [transition(flight, REACHED[stage])] });
}

const REACHED = {
  mined: { type: "not_safe" },
  safe: { type: "safe" },
  final: { type: "final" },
} as const satisfies Partial<Record<Stage, FlightEvent>>;

/** How sure a mined flight is; what it anchored is final first, which asks for the contract's word (record/finalize.ts). */
function stageIn({ site }: Lane, { landing }: Flight, view: View): keyof typeof REACHED {
  const number = landing?.blockNumber ?? Number.POSITIVE_INFINITY;
  const isHeld = !site.book.openAnchors.some(({ anchor }) => anchor.transactionHash === landing?.hash);
  if (number <= view.final && isHeld) return "final";
  return number <= Math.max(view.safe, view.final) ? "safe" : "mined";
}

/** Whether the chain has another block where this flight was mined; a chain that is not so far yet says nothing. */
export async function isGone(lane: Lane, { landing }: Flight, view: View): Promise<boolean> {
  if (landing === undefined || view.latest.number < landing.blockNumber) {
    return landing !== undefined && view.latest.number < landing.blockNumber && !(await isKnown(lane, landing));
  }
  const block = await lane.site.chain.block(landing.blockNumber);
  return block !== undefined && block.hash !== landing.blockHash;
}

/** A chain that got shorter: without a receipt for it, the transaction is not in it. */
async function isKnown(lane: Lane, landing: Landing): Promise<boolean> {
  const receipt = await lane.site.chain.receipt(landing.hash);
  return receipt !== undefined && receipt.blockHash === landing.blockHash;
}

/** The block is gone: the transaction is in another one, or is sent again. */
export async function recover(lane: Lane, flight: Flight): Promise<void> {
  const found = await findLanding(lane, flight);
  if (found !== undefined) return land(lane, flight, found);
  const { book, name } = lane.site;
  const purpose = landedAttempt(flight)?.purpose;
  const items = purpose?.kind === "anchor" ? purpose.items : [];
  const records = await Promise.all(items.map(({ ledgerId, size }) => book.at(ledgerId, size)));
  const gone = records.filter((record) => record?.transactionHash === flight.landing?.hash);
  const also = book.remove(gone.filter((record) => record !== undefined));
  const { lane: record } = lane.journal;
  const spend = addSpend(record.spend, lane.now(), -BigInt(flight.landing?.feeWei ?? 0));
  const again = transition(flight, { type: flight.stage === "displaced" ? "nonce_freed" : "reorganised" });
  await lane.journal.save({ lane: { spend, reorgs: record.reorgs + 1 }, flights: [again], also });
  await book.apply(also, { written: true });
  lane.log.warn({ nonce: flight.nonce }, `${name}: a reorganisation took a transaction back; it is sent again`);
}
