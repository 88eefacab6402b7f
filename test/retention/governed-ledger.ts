/** A ledger that remembers what it was told, and fails when it is to. */

import type { Member } from "../../src/entry/entry.ts";
import { unpackMembers } from "../../src/entry/packed.ts";
import { readMembers } from "../../src/entry/prepare.ts";
import type { OwnEvent } from "../../src/ledger/own-event.ts";
import type { GovernedLedger } from "../../src/retention/policy-book.ts";
import type { PrunedLedger } from "../../src/retention/pruning/due-entries.ts";

export const LEDGER_ID = `0x${"ab".repeat(32)}` as const;

export type ToldLedger = GovernedLedger &
  Pick<PrunedLedger, "size" | "packedEntries" | "leafHash"> & {
    readonly told: OwnEvent[];
    /** The events it was told, as their members. */
    events(): Record<string, unknown>[];
    fails: boolean;
  };

async function* nothing(): AsyncGenerator<never> {
  // It has no entries.
}

export function toldLedger(): ToldLedger {
  const told: OwnEvent[] = [];
  return {
    told,
    fails: false,
    size: 0,
    packedEntries: () => nothing(),
    leafHash: async () => new Uint8Array(32),
    record: { id: LEDGER_ID, name: "main" },
    events() {
      return told.map(({ entries }) => {
        const members: Member[] = unpackMembers(entries[0]?.members ?? new Uint8Array(0));
        return readMembers({ members });
      });
    },
    async append(event) {
      if (this.fails) throw new Error("the queue is full");
      const isKnown = told.some(({ idempotencyKey }) => idempotencyKey === event.idempotencyKey);
      if (!isKnown) told.push(event);
    },
  };
}
