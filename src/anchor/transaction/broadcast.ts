/** Sends the bytes of a flight, for the first time or again, and reads what the endpoints say about them. */

import { ChainError } from "../../chain/chain.ts";
import { type Flight, lastAttempt } from "./pending.ts";
import type { Lane } from "./sending-account.ts";

/** Sends the last attempt. Whatever comes back, the flight stays under way: only a receipt or its nonce ends it. */
export async function transmit(lane: Lane, flight: Flight): Promise<void> {
  const { nonce } = flight;
  const { hash, raw } = lastAttempt(flight);
  const sent: Flight = { ...flight, sentAt: lane.now() };
  try {
    await lane.site.chain.broadcast(raw);
    const { refused: _, ...rest } = sent;
    lane.notes.clear(lane.scope, "transaction_refused", "funds_insufficient");
    if (flight.stage !== "broadcast") lane.log.debug({ nonce, hash }, `${lane.site.name}: sent`);
    await lane.journal.save({ flights: [{ ...rest, stage: "broadcast" }] });
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    await lane.journal.save({ flights: [refusedAs(lane, sent, error)] });
  }
}

function refusedAs(lane: Lane, flight: Flight, error: ChainError): Flight {
  const { name } = lane.site;
  switch (error.kind) {
    case "nonce_low":
      // Perhaps one of its own attempts is mined: the receipts tell.
      return { ...flight, missed: Math.max(1, flight.missed) };
    case "nonce_high":
      lane.notes.set(lane.scope, "waits_for_block", `${name}: nonce ${flight.nonce} waits for a lower one`);
      return flight;
    case "fee_low":
    case "underpriced":
    case "rejected":
      lane.notes.set(lane.scope, "transaction_refused", `nonce ${flight.nonce}: ${error.message}`);
      return { ...flight, refused: error.kind };
    case "funds": {
      const message = `${name}: account ${lane.account.address} cannot pay nonce ${flight.nonce}: ${error.message}`;
      lane.notes.set(lane.scope, "funds_insufficient", `${message}; fund it, and anchoring goes on by itself`);
      return flight;
    }
    default:
      // Nobody knows whether it arrived: it counts as sent, and is sent again.
      lane.notes.set(lane.scope, "transaction_refused", `nonce ${flight.nonce}: ${error.message}`);
      return { ...flight, stage: "broadcast" };
  }
}
