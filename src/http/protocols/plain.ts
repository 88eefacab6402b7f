/** Answers for senders that look at nothing but the status: receipts, and problems as the rest of the API has them. */

import { toHex } from "../../merkle/bytes.ts";
import { bundleLedger } from "../../prove/make-bundle.ts";
import { titleOf } from "../problem.ts";
import type { Protocol, Recorded } from "./protocol.ts";

export const plain: Protocol = {
  recorded: (recorded) => ({ body: JSON.stringify(recorded.answer ?? answerOf(recorded)) }),
  refused: ({ status, code, detail }) => ({
    type: "application/problem+json",
    body: JSON.stringify({ type: `urn:holdfast:problem:${code}`, title: titleOf(code), status, detail, code }),
  }),
};

function answerOf({ ledger, items, receipts, checkpoint, duplicates, quarantined }: Recorded): object {
  return {
    ledger: bundleLedger(ledger.record),
    ...(checkpoint !== undefined && { checkpoint: spellCheckpoint(checkpoint) }),
    recorded: items - duplicates,
    duplicates,
    quarantined,
    receipts: receipts.map(({ index, recordedAt, leafHash, duplicate }) => {
      return { index, recordedAt, leafHash: toHex(leafHash), duplicate };
    }),
  };
}

function spellCheckpoint({ size, root, signedAt, signature }: NonNullable<Recorded["checkpoint"]>): object {
  return { size, root, signedAt, signature };
}
