/** How many may follow at once, of one key and in all, and what those of one ledger share. */

import type { Ledger } from "../../../ledger/ledger.ts";
import { EntryTail } from "../../../query/entry-tail.ts";
import { Problem } from "../../problem.ts";
import type { Services } from "../../services.ts";

const RETRY = { "Retry-After": "10" };

type Shared = { readonly recent: EntryTail; readers: number };

export class TailPlaces {
  readonly #limits: Services["limits"]["tails"];
  readonly #byKey = new Map<string, number>();
  readonly #byLedger = new Map<Ledger, Shared>();
  #all = 0;

  constructor({ limits, metrics }: Pick<Services, "limits" | "metrics">) {
    this.#limits = limits.tails;
    metrics.gauge({ name: "tails", help: "Clients that follow a ledger", labels: [] }, () => [
      { labels: {}, value: this.#all },
    ]);
  }

  /**
   * @returns what gives the place back, which may be called more than once
   * @throws Problem tails_of_key_max, tails_max
   */
  take(key: string, ledger: Ledger): { readonly recent: EntryTail; readonly leave: () => void } {
    const { max, eachMax } = this.#limits;
    const ofKey = this.#byKey.get(key) ?? 0;
    if (ofKey >= eachMax) {
      const detail = `expected at most ${eachMax} tails of one API key, got ${ofKey} already; end one of them`;
      throw new Problem("tails_of_key_max", detail, { headers: RETRY });
    }
    if (this.#all >= max) {
      throw new Problem("tails_max", `expected at most ${max} tails in all, got ${this.#all}; come again later`, {
        headers: RETRY,
      });
    }
    this.#byKey.set(key, ofKey + 1);
    this.#all++;
    const shared = this.#byLedger.get(ledger) ?? { recent: new EntryTail(ledger), readers: 0 };
    this.#byLedger.set(ledger, shared);
    shared.readers++;
    let isGone = false;
    const leave = (): void => {
      if (isGone) return;
      isGone = true;
      this.#all--;
      const left = (this.#byKey.get(key) ?? 1) - 1;
      if (left > 0) this.#byKey.set(key, left);
      else this.#byKey.delete(key);
      shared.readers--;
      if (shared.readers === 0) this.#byLedger.delete(ledger);
    };
    return { recent: shared.recent, leave };
  }
}
