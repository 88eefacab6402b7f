/**
 * Whether the idempotency claims of entries are there: without its claim, the same event, sent again, would be recorded twice.
 * An event's claim follows from its `id`, or what `_source` says it is known by, and its source, as long as they are shown.
 */

import { DamagedStoreError, type FoundClaim } from "../../store/store.ts";
import type { AuditCheck, ExpectedClaim, Ground, Stretch } from "./check.ts";

type Claiming = ExpectedClaim & { readonly index: number };

export class ClaimsCheck implements AuditCheck {
  readonly name = "claims";
  readonly skipped = undefined;
  readonly #ground: Ground;
  #looked: number;

  constructor(ground: Ground, kept?: unknown) {
    this.#ground = ground;
    this.#looked = typeof kept === "number" ? kept : 0;
  }

  get looked(): number {
    return this.#looked;
  }

  async look({ start, digests, claimsSeen = 0 }: Stretch): Promise<void> {
    this.#looked += claimsSeen;
    const claiming: Claiming[] = [];
    for (const [i, digest] of digests.entries()) {
      if (digest === undefined || typeof digest === "string" || digest.claim === undefined) continue;
      claiming.push({ index: start + i, id: digest.claim.id, key: digest.claim.key });
    }
    if (claiming.length === 0) return;
    const { store, record } = this.#ground;
    const found = await store.claims(
      record.id,
      claiming.map(({ key }) => key),
    );
    for (const [i, each] of claiming.entries()) this.#judge(each, found[i]);
    this.#looked += claiming.length;
  }

  keep(): unknown {
    return this.#looked;
  }

  #judge({ index, id }: Claiming, found: FoundClaim): void {
    const { add } = this.#ground;
    const event = `the claim of entry ${index}, id ${JSON.stringify(id.slice(0, 60))},`;
    if (found instanceof DamagedStoreError) {
      add("claim_damaged", index, index + 1, `${event} is damaged: the event is refused when it is sent again`);
      return;
    }
    // Nothing is recorded in a ledger that is to be read, so that archives bring no claims along.
    if (found === undefined && this.#ground.record.readOnly === true) return;
    if (found === undefined) {
      add("claim_missing", index, index + 1, `${event} is missing: the event is recorded again when it is sent again`);
      return;
    }
    const [first, count] = found.ranges[0] ?? [];
    if (first === index && count === 1 && found.ranges.length === 1) return;
    add("claim_other", index, index + 1, `${event} stands for entry ${first ?? "none"}`);
  }
}
