/** One event of a ledger, and what proves it. */

import { readMembers } from "../../../entry/prepare.ts";
import type { LeafEntry, Ledger } from "../../../ledger/ledger.ts";
import { type Hex, toHex } from "../../../merkle/bytes.ts";
import { makeBundle } from "../../../prove/make-bundle.ts";
import { prunedError } from "../../../prove/pruned-error.ts";
import { listAnchors, passOver } from "../../../store/anchor-record.ts";
import type { Store } from "../../../store/store.ts";
import type { Status } from "../../../verify/bundle/bundle.ts";
import type { Answering } from "../../admit.ts";
import type { ApiKey } from "../../auth/api-keys.ts";
import { allows } from "../../auth/roles.ts";
import { Problem } from "../../problem.ts";
import { json } from "../../reply.ts";
import type { Services } from "../../services.ts";

/** Anchors that are looked at: the first ones that cover an entry are the oldest, and so the first to be final. */
const ANCHORS_MAX = 64;

/** GET …/events/{index} */
export function readEvent({ store }: Services): Answering<"readEvent"> {
  return async ({ key, ledger, path: { index } }) => {
    const { entry, leafHash, event } = await eventFor(store, { key, ledger, index });
    const status = await statusOf(store, ledger.record.id, index);
    return json(200, { index, recordedAt: entry.recordedAt, leafHash: toHex(leafHash), event, status }, "revalidate");
  };
}

/** GET …/events/{index}/bundle */
export function proveEvent({ store, hash }: Services): Answering<"proveEvent"> {
  return async ({ key, ledger, path: { index }, query: { size, omit, prefer } }) => {
    const { entry, leafHash } = await eventFor(store, { key, ledger, index });
    const bundle = await makeBundle({
      proven: { entry, leafHash },
      ledger,
      store,
      hash,
      index,
      ...(size !== undefined && { size }),
      ...(omit !== undefined && { omit }),
      ...(prefer !== undefined && { prefer }),
    });
    return json(200, bundle, "revalidate");
  };
}

type Asked = { readonly key: ApiKey; readonly ledger: Ledger; readonly index: number };
type Found = LeafEntry & { readonly event: object };

/** The event at an index, when the key may read it: a key that only writes, when it came from the key's source. */
async function eventFor(store: Store, { key, ledger, index }: Asked): Promise<Found> {
  const proven = await ledger.provenEntry(index);
  if (proven === undefined) {
    throw new Problem("event_unknown", `expected an index below ${ledger.size}, got ${index}`);
  }
  const { pruned } = proven.entry;
  // Whose it was cannot be told any more; its leaf hash is in the tree for everybody to see.
  if (pruned !== undefined) throw await prunedError(store, index, pruned);
  const event = readMembers(proven.entry);
  const { source } = (event._source ?? {}) as { readonly source?: unknown };
  if (!allows(key.roles, "read") && source !== key.source) {
    throw new Problem("event_forbidden", `expected an event from the source ${key.source}, got one from another`);
  }
  return { ...proven, event };
}

async function statusOf(store: Store, ledgerId: Hex, index: number): Promise<Status> {
  const anchors = await listAnchors(store, ledgerId, { fromSize: index + 1, limit: ANCHORS_MAX, onDamaged: passOver });
  if (anchors.some(({ stage }) => stage === "final")) return "final";
  return anchors.length > 0 ? "anchored" : "recorded";
}
