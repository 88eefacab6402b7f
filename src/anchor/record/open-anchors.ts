/**
 * The anchors of one chain: how far each ledger is anchored there, and which anchors are not final yet. Those are kept in
 * a space of their own, so that a start does not read all anchors that ever were.
 */

import { readJson } from "../../json/read.ts";
import type { Hex } from "../../merkle/bytes.ts";
import {
  type AnchorKey,
  type AnchorRecord,
  anchorRemoval,
  anchorWrite,
  listAnchors,
  passOver,
  removalOf,
} from "../../store/anchor-record.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import type { AnchorState } from "../../verify/bundle/bundle.ts";

/** An anchor that may still be reorganised, with the state proof that was taken while nodes had the state. */
export type OpenAnchor = { readonly anchor: AnchorRecord; readonly state?: AnchorState };

/** What is missing among a ledger's anchors, from the newest back to the newest that is final. */
export type MissingAnchors = {
  /** Not final, and not in the list of those. */
  readonly forgotten: readonly AnchorRecord[];
  readonly damaged: readonly AnchorKey[];
};

type Extent = { readonly newest: AnchorRecord | undefined; readonly final: AnchorRecord | undefined };

export class OpenAnchors {
  readonly #store: Store;
  readonly #chainId: number;
  readonly #space: string;
  readonly #open = new Map<string, OpenAnchor>();
  readonly #extents = new Map<Hex, Extent>();
  #changes = 0;

  static async open(store: Store, chainId: number): Promise<OpenAnchors> {
    const openAnchors = new OpenAnchors(store, chainId);
    const lost: string[] = [];
    const range = { onDamaged: (key: string) => lost.push(key) };
    for await (const [key, value] of store.records(openAnchors.#space, range)) {
      const open = readOpen(value);
      if (open === undefined || keyOf(open.anchor) !== key) lost.push(key);
      else openAnchors.#open.set(key, open);
    }
    // What they were about is still among the anchors, where missing() finds it.
    const writes = lost.map((key) => ({ space: openAnchors.#space, key, value: undefined }));
    if (writes.length > 0) await store.writeRecords(writes, { durable: true });
    return openAnchors;
  }

  private constructor(store: Store, chainId: number) {
    this.#store = store;
    this.#chainId = chainId;
    this.#space = `anchoring/${chainId}/open`;
  }

  get all(): OpenAnchor[] {
    return [...this.#open.values()];
  }

  /** Newest anchor of a ledger, final or not. */
  async newest(ledgerId: Hex): Promise<AnchorRecord | undefined> {
    return (await this.#extent(ledgerId)).newest;
  }

  /** What is to be mended of a ledger's anchors on this chain. */
  async missing(ledgerId: Hex): Promise<MissingAnchors> {
    const damaged: AnchorKey[] = [];
    const onDamaged = (key: AnchorKey) => {
      if (key.chainId === undefined || key.chainId === this.#chainId) damaged.push(key);
    };
    for (let limit = this.#open.size + 1; ; limit *= 2) {
      damaged.length = 0;
      const query = { chainId: this.#chainId, reverse: true, limit, onDamaged };
      const anchors = await listAnchors(this.#store, ledgerId, query);
      const final = anchors.findIndex(({ stage }) => stage === "final");
      if (final < 0 && anchors.length === limit) continue;
      const recent = final < 0 ? anchors : anchors.slice(0, final);
      return { forgotten: recent.filter((anchor) => !this.#open.has(keyOf(anchor))), damaged };
    }
  }

  /**
   * Damaged records among so many older anchors.
   * @param below the size under which they are looked for
   * @returns also the size under which to go on; undefined when there is nothing more
   */
  async damagedBelow(
    ledgerId: Hex,
    below: number,
    limit: number,
  ): Promise<{ readonly damaged: readonly AnchorKey[]; readonly from: number | undefined }> {
    const damaged: AnchorKey[] = [];
    const onDamaged = (key: AnchorKey) => {
      if (key.chainId === undefined || key.chainId === this.#chainId) damaged.push(key);
    };
    const query = { chainId: this.#chainId, toSize: below - 1, reverse: true, limit, onDamaged };
    const anchors = await listAnchors(this.#store, ledgerId, query);
    return { damaged, from: anchors.length < limit ? undefined : anchors.at(-1)?.size };
  }

  /** The write that removes a record of an anchor that cannot be read. */
  removalOf(ledgerId: Hex, key: string): RecordWrite {
    return removalOf(ledgerId, key);
  }

  async newestFinal(ledgerId: Hex): Promise<AnchorRecord | undefined> {
    return (await this.#extent(ledgerId)).final;
  }

  /** Writes that keep anchors which are not final, or not any more. */
  keep(anchors: readonly OpenAnchor[]): RecordWrite[] {
    return anchors.flatMap((open) => [
      anchorWrite(open.anchor),
      { space: this.#space, key: keyOf(open.anchor), value: JSON.stringify(open) },
    ]);
  }

  /** Writes that make anchors final. */
  finalize(anchors: readonly AnchorRecord[]): RecordWrite[] {
    return anchors.flatMap((anchor) => [anchorWrite(anchor), this.#closing(anchor)]);
  }

  /** Writes that forget anchors whose blocks are gone. */
  remove(anchors: readonly AnchorRecord[]): RecordWrite[] {
    return anchors.flatMap((anchor) => [anchorRemoval(anchor), this.#closing(anchor)]);
  }

  /** Makes writes of them durable unless that was done together with others, and then visible. */
  async apply(writes: readonly RecordWrite[], options: { readonly written: boolean }): Promise<void> {
    if (writes.length === 0) return;
    if (!options.written) await this.#store.writeRecords(writes, { durable: true });
    this.#changes += 1;
    for (const { space, key, value } of writes) {
      if (space !== this.#space) continue;
      if (value === undefined) this.#open.delete(key);
      else this.#open.set(key, readJson(value) as OpenAnchor);
      this.#extents.delete(key.slice(0, key.indexOf("/")) as Hex);
    }
  }

  /** The anchor of a ledger at a size on this chain, as the store has it. */
  async at(ledgerId: Hex, size: number): Promise<AnchorRecord | undefined> {
    const [found] = await listAnchors(this.#store, ledgerId, {
      chainId: this.#chainId,
      fromSize: size,
      toSize: size,
      onDamaged: passOver,
    });
    return found;
  }

  /** Forgets all anchors of these ledgers on this chain: another chain begins. */
  async reset(ledgerIds: readonly Hex[]): Promise<void> {
    for (const ledgerId of ledgerIds) {
      const damaged: RecordWrite[] = [];
      const onDamaged = ({ key, chainId }: AnchorKey) => {
        if (chainId === this.#chainId) damaged.push(removalOf(ledgerId, key));
      };
      const anchors = await listAnchors(this.#store, ledgerId, { chainId: this.#chainId, onDamaged });
      await this.#store.writeRecords([...this.remove(anchors), ...damaged], { durable: true });
    }
    this.#changes += 1;
    this.#open.clear();
    this.#extents.clear();
  }

  #closing(anchor: AnchorRecord): RecordWrite {
    return { space: this.#space, key: keyOf(anchor), value: undefined };
  }

  async #extent(ledgerId: Hex): Promise<Extent> {
    const known = this.#extents.get(ledgerId);
    if (known !== undefined) return known;
    const open = this.all.filter(({ anchor }) => anchor.ledgerId === ledgerId).length;
    // Everything above the newest final anchor is open, so one more than those is enough.
    const changes = this.#changes;
    const query = { chainId: this.#chainId, reverse: true, limit: open + 1, onDamaged: passOver };
    const anchors = await listAnchors(this.#store, ledgerId, query);
    const extent = { newest: anchors[0], final: anchors.find(({ stage }) => stage === "final") };
    // What was read before a change must not outlive it.
    if (changes === this.#changes) this.#extents.set(ledgerId, extent);
    return extent;
  }
}

function keyOf({ ledgerId, size }: AnchorRecord): string {
  return `${ledgerId}/${size}`;
}

function readOpen(text: string): OpenAnchor | undefined {
  try {
    const open = readJson(text) as OpenAnchor | null;
    return typeof open?.anchor?.blockNumber === "number" ? open : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
