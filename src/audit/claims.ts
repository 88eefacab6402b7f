/**
 * Whether the idempotency claims of entries are there: without its claim, the same event, sent again, would be recorded twice.
 * An event's claim follows from its `id`, or what `_source` says it is known by, and its source, as long as they are shown.
 */

import type { Entry } from "../entry/entry.ts";
import { readMembers } from "../entry/prepare.ts";
import { eventKey, knownKey } from "../ledger/append/idempotency.ts";
import type { Hash } from "../merkle/hash.ts";
import { DamagedStoreError, type FoundClaim, type LedgerRecord, type Store } from "../store/store.ts";

export type ClaimFault = {
  readonly kind: "claim_missing" | "claim_other" | "claim_damaged";
  readonly index: number;
  readonly detail: string;
};

type Place = { readonly store: Store; readonly record: LedgerRecord; readonly hash: Hash };
type SourceMember = { readonly source?: unknown; readonly claim?: unknown };
type Claiming = { readonly index: number; readonly id: string; readonly key: Uint8Array };

/** Compares the claims of entries from `start` on with the store; those that are undefined could not be read. */
export async function findClaimFaults(
  { store, record, hash }: Place,
  start: number,
  entries: readonly (Entry | undefined)[],
): Promise<ClaimFault[]> {
  const claiming = entries.flatMap((entry, i) => claimOf(hash, start + i, entry));
  if (claiming.length === 0) return [];
  const keys = claiming.map(({ key }) => key);
  const found = await store.claims(record.id, keys);
  return claiming.flatMap((each, i) => judge(each, found[i]));
}

function claimOf(hash: Hash, index: number, entry: Entry | undefined): Claiming[] {
  if (entry === undefined) return [];
  const { id, _source } = readMembers(entry) as { id?: unknown; _source?: SourceMember };
  const { source, claim } = _source ?? {};
  if (typeof source !== "string") return [];
  if (typeof claim === "string") return [{ index, id: claim, key: knownKey(hash, source, claim) }];
  if (typeof id !== "string") return [];
  return [{ index, id, key: eventKey(hash, source, id) }];
}

function judge({ index, id }: Claiming, found: FoundClaim): ClaimFault[] {
  const event = `entry ${index}, id ${JSON.stringify(id.slice(0, 60))},`;
  if (found instanceof DamagedStoreError) {
    return [
      {
        kind: "claim_damaged",
        index,
        detail: `the claim of ${event} is damaged: the event is refused when it is sent again`,
      },
    ];
  }
  if (found === undefined) {
    return [
      {
        kind: "claim_missing",
        index,
        detail: `the claim of ${event} is missing: the event is recorded again when it is sent again`,
      },
    ];
  }
  const [first, count] = found.ranges[0] ?? [];
  if (first === index && count === 1 && found.ranges.length === 1) return [];
  return [{ kind: "claim_other", index, detail: `the claim of ${event} stands for entry ${first ?? "none"}` }];
}
