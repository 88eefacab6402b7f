/**
 * Damaged records of anchors, made again from each other and from the chain. Those that are not final yet, and the newest, are
 * needed to go on, so a start waits for them; older ones are looked for behind it, some at each step.
 */

import type { Log } from "../../log.ts";
import type { AnchorKey } from "../../store/anchor-record.ts";
import type { ChainWatch } from "../chain-identity.ts";
import type { AnchoredLedger } from "../ledgers.ts";
import { adopt } from "./adopt.ts";

/** Older anchors that are read at one step: a record with its proofs is some kilobytes. */
const LOOKED_AT = 256;

/** The one mending of a chain's anchors in the life of a process. */
export class AnchorMending {
  readonly #watch: ChainWatch;
  readonly #log: Log;
  /** Ledgers whose older anchors are still to be looked at, and below which size. */
  #left: { readonly ledger: AnchoredLedger; readonly below: number }[] | undefined;

  constructor(watch: ChainWatch, log: Log) {
    this.#watch = watch;
    this.#log = log;
  }

  /**
   * Mends what is next. What throws is tried again at the next step.
   * @param ledgers those that there are
   */
  async step(ledgers: Iterable<AnchoredLedger>): Promise<void> {
    if (this.#left === undefined) {
      const all = [...ledgers];
      for (const ledger of all) await mendRecent(this.#watch, ledger, this.#log);
      this.#left = all.map((ledger) => ({ ledger, below: Number.MAX_SAFE_INTEGER }));
      return;
    }
    const [next, ...others] = this.#left;
    if (next === undefined) return;
    const { ledger, below } = next;
    const { damaged, from } = await this.#watch.openAnchors.damagedBelow(ledger.record.id, below, LOOKED_AT);
    for (const key of damaged) await mendAnchor(this.#watch, ledger, key, this.#log);
    this.#left = from === undefined ? others : [{ ledger, below: from }, ...others];
  }
}

/** Makes the records of a ledger's anchors whole again that are not final yet, from each other and from the chain. */
async function mendRecent(watch: ChainWatch, ledger: AnchoredLedger, log: Log): Promise<void> {
  const { openAnchors, name } = watch;
  const { id } = ledger.record;
  const { forgotten, damaged } = await openAnchors.missing(id);
  if (forgotten.length > 0) {
    await openAnchors.apply(openAnchors.keep(forgotten.map((anchor) => ({ anchor }))), { written: false });
    const sizes = forgotten.map(({ size }) => size);
    log.warn({ ledger: id, sizes }, `${name}: anchors that are not final had been forgotten, and are watched again`);
  }
  for (const key of damaged) await mendAnchor(watch, ledger, key, log);
}

async function mendAnchor(
  watch: ChainWatch,
  ledger: AnchoredLedger,
  { size, key }: AnchorKey,
  log: Log,
): Promise<void> {
  const { chain, openAnchors, name } = watch;
  const { id } = ledger.record;
  const root = size === undefined ? undefined : await chain.rootAt(id, size);
  if (size === undefined || root === undefined) {
    await openAnchors.apply([openAnchors.removalOf(id, key)], { written: false });
    log.warn(
      { ledger: id, key },
      `${name}: the record of an anchor is damaged and removed: the chain has no such anchor`,
    );
  } else if (await adopt(watch, ledger, size, root)) {
    log.warn({ ledger: id, size }, `${name}: the record of an anchor was damaged and is made again from the chain`);
  } else {
    const way = "a start with an endpoint that searches events makes it again; later anchors prove the same entries";
    log.warn(
      { ledger: id, size },
      `${name}: the record of an anchor is damaged, and the chain did not tell of it: ${way}`,
    );
  }
}
