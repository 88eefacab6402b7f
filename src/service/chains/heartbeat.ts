/** What anchoring has a service record and sign: that nothing happened, and that what holds was signed before. */

import { checkEvent } from "../../entry/event.ts";
import { OF_THE_SERVICE, ownMembers, prepareEntry } from "../../entry/prepare.ts";
import { createSalts } from "../../ingest/intake/salts.ts";
import type { CheckpointSigner } from "../../keys/signer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Checkpoint, SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";

/** Records that nothing happened, so that it can be anchored, and silence is not taken for a stopped service. */
export async function beat(ledger: Ledger, hash: Hash, now: number): Promise<void> {
  const actor = { type: "system", id: OF_THE_SERVICE } as const;
  const event = checkEvent({ action: "holdfast.heartbeat", time: new Date(now).toISOString(), actor });
  const own = ownMembers({ _source: { format: OF_THE_SERVICE, source: OF_THE_SERVICE } });
  const entry = prepareEntry(event, { hash, salts: createSalts(), own });
  await ledger.append({ entries: [entry], source: OF_THE_SERVICE });
}

/** A checkpoint of now. */
export async function signNow(
  signer: CheckpointSigner,
  tree: Omit<Checkpoint, "signedAt">,
  now: number,
): Promise<SignedCheckpoint> {
  const checkpoint = { ...tree, signedAt: Math.floor(now / 1000) };
  return { ...checkpoint, signature: await signer.sign(checkpoint) };
}
