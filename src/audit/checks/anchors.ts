/**
 * Anchors against the chain: the record of each can be read, and the contract holds the root that it says. A chain that cannot be
 * asked is said to be skipped: its silence is no finding, and no success either.
 */

import type { Hex } from "../../merkle/bytes.ts";
import { type AnchorRecord, listAnchors } from "../../store/anchor-record.ts";
import { DamagedStoreError } from "../../store/store.ts";
import { readable } from "../walk/readable.ts";
import type { AuditCheck, Ground } from "./check.ts";

/** A chain that can be asked. */
export interface AnchorWitness {
  readonly chainId: number;
  /** Root that the contract holds for a size; undefined when it holds none. */
  rootAt(ledgerId: Hex, size: number): Promise<Hex | undefined>;
  head(ledgerId: Hex): Promise<{ readonly size: number; readonly anchoredAt: number }>;
}

export type AnchorsOptions = {
  readonly witnesses: readonly AnchorWitness[];
  /** Of the ledger, as it was when the audit began. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Waited for behind each question. */
  readonly rest?: () => Promise<void>;
};

/** A root that is on the chain for so long has a record by now. */
const RECORDED_S = 600;

export class AnchorsCheck implements AuditCheck {
  readonly name = "anchors";
  readonly #ground: Ground;
  readonly #options: AnchorsOptions;
  #looked = 0;
  #skipped: string | undefined = "it did not come to that";

  constructor(ground: Ground, options: AnchorsOptions) {
    this.#ground = ground;
    this.#options = options;
  }

  get looked(): number {
    return this.#looked;
  }

  get skipped(): string | undefined {
    return this.#skipped;
  }

  async finish(): Promise<void> {
    const { store, record, add } = this.#ground;
    const { witnesses, size } = this.#options;
    const anchors = await listAnchors(store, record.id, {
      onDamaged: ({ key, size: at = 0 }) =>
        add("anchor_damaged", 0, at, `the record ${key} of an anchor is damaged, and not compared`),
    });
    const reasons: string[] = [];
    for (const witness of witnesses) {
      const own = anchors.filter((anchor) => anchor.chainId === witness.chainId);
      reasons.push(...(await this.#ask(witness, own)));
    }
    const unasked = [...new Set(anchors.map(({ chainId }) => chainId))].filter((id) =>
      witnesses.every(({ chainId }) => chainId !== id),
    );
    for (const id of unasked) reasons.push(`no endpoint of chain ${id} was given`);
    if (reasons.length === 0 && this.#looked === 0 && size > 0) reasons.push("the ledger has no anchors yet");
    this.#skipped = reasons.length === 0 ? undefined : reasons.join("; ");
  }

  keep(): unknown {
    return null;
  }

  /** @returns why something could not be asked */
  async #ask(witness: AnchorWitness, anchors: readonly AnchorRecord[]): Promise<string[]> {
    const { record } = this.#ground;
    let asked = 0;
    try {
      for (const anchor of anchors) {
        this.#compare(anchor, await witness.rootAt(record.id, anchor.size));
        this.#looked++;
        asked++;
        await this.#options.rest?.();
      }
      await this.#compareHead(witness, anchors);
      return [];
    } catch (error) {
      if (!isOfChain(error)) throw error;
      return [
        `chain ${witness.chainId} could not be asked about ${anchors.length - asked} of ${anchors.length} anchors`,
      ];
    }
  }

  #compare({ chainId, size, root, stage }: AnchorRecord, held: Hex | undefined): void {
    if (held === root) return;
    // A block that is not final may have been taken back, which anchoring sees to.
    if (held === undefined && stage !== "final") return;
    const got = held === undefined ? "none" : held;
    const detail = `the anchor of size ${size} on chain ${chainId} has the root ${root}, the contract holds ${got}`;
    this.#ground.add("anchor_contradicted", 0, size, detail);
  }

  async #compareHead(witness: AnchorWitness, anchors: readonly AnchorRecord[]): Promise<void> {
    const { record, add } = this.#ground;
    const { size, now } = this.#options;
    const head = await witness.head(record.id);
    if (head.size > size && head.size > (await this.#newestSize())) {
      const detail = `chain ${witness.chainId} has an anchor of size ${head.size}, the store has ${size} entries`;
      add("entry_lost", size, head.size, detail);
    }
    const isOld = head.anchoredAt + RECORDED_S < now() / 1000;
    if (head.size === 0 || head.size > size || !isOld || anchors.some((each) => each.size === head.size)) return;
    const detail = `chain ${witness.chainId} has an anchor of size ${head.size}, of which there is no record`;
    add("anchor_missing", 0, head.size, detail);
  }

  /** Somebody may have appended since the audit began, and anchored it. */
  async #newestSize(): Promise<number> {
    const { store, record } = this.#ground;
    const newest = await readable(store.head(record.id));
    return newest === undefined || newest instanceof DamagedStoreError ? this.#options.size : newest.size;
  }
}

/** Whether a chain did not answer, or not as it should. */
function isOfChain(error: unknown): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return name === "ChainError" || (typeof code === "string" && (code.startsWith("chain_") || code.startsWith("rpc_")));
}
