/** A store whose steps can fail on order: whether a step happens and what it reports are two different things. */

import type { Entry } from "../../src/entry/entry.ts";
import type { PackedEntry } from "../../src/entry/packed.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import type { Tile } from "../../src/merkle/tile.ts";
import type { Commit, RecordRange, RecordWrite, Store } from "../../src/store/store.ts";

export type Step = keyof Store;

/** `skip`: let so many calls of the step pass first. */
export type Fault = {
  readonly step: Step;
  readonly happens: boolean;
  /** A promise: it reports the truth, but only once that resolves. */
  readonly reports: "an error" | "nothing" | Promise<void>;
  readonly skip?: number;
  readonly error?: Error;
};

export class FaultyStore implements Store {
  readonly #inner: Store;
  #faults: { fault: Fault; skip: number }[] = [];
  /** Steps in the order they were called. */
  readonly calls: Step[] = [];

  constructor(inner: Store) {
    this.#inner = inner;
  }

  inject(...faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ fault, skip: fault.skip ?? 0 })));
  }

  /** Faults that have not struck yet. */
  get pending(): number {
    return this.#faults.length;
  }

  async #step<T>(step: Step, work: () => Promise<T>): Promise<T> {
    this.calls.push(step);
    const armed = this.#faults.find(({ fault }) => fault.step === step);
    if (armed === undefined || armed.skip-- > 0) return work();
    const { fault } = armed;
    this.#faults = this.#faults.filter((other) => other !== armed);
    const happened = fault.happens ? await work() : undefined;
    if (fault.reports instanceof Promise) {
      await fault.reports;
      return happened as T;
    }
    if (fault.reports === "nothing") return new Promise<never>(() => undefined);
    throw fault.error ?? new Error(`injected: ${step} failed`);
  }

  ledgers = () => this.#step("ledgers", () => this.#inner.ledgers());
  addLedger = (record: Parameters<Store["addLedger"]>[0]) =>
    this.#step("addLedger", () => this.#inner.addLedger(record));
  updateSigner = (id: Hex, signer: Hex) => this.#step("updateSigner", () => this.#inner.updateSigner(id, signer));
  head = (id: Hex) => this.#step("head", () => this.#inner.head(id));
  commit = (id: Hex, commit: Commit) => this.#step("commit", () => this.#inner.commit(id, commit));
  takeRecent = (...args: Parameters<Store["takeRecent"]>) => this.#inner.takeRecent(...args);
  ready = (...args: Parameters<Store["ready"]>) => this.#inner.ready(...args);
  entry = (id: Hex, index: number) => this.#step("entry", () => this.#inner.entry(id, index));
  tile = (id: Hex, level: number, n: number) => this.#step("tile", () => this.#inner.tile(id, level, n));
  replaceTile = (id: Hex, tile: Tile) => this.#step("replaceTile", () => this.#inner.replaceTile(id, tile));
  checkpoint = (id: Hex, size: number) => this.#step("checkpoint", () => this.#inner.checkpoint(id, size));
  claims = (id: Hex, keys: readonly Uint8Array[]) => this.#step("claims", () => this.#inner.claims(id, keys));
  replaceEntries = (...args: Parameters<Store["replaceEntries"]>) =>
    this.#step("replaceEntries", () => this.#inner.replaceEntries(...args));
  settleClaims = (...args: Parameters<Store["settleClaims"]>) =>
    this.#step("settleClaims", () => this.#inner.settleClaims(...args));
  compact = () => this.#step("compact", () => this.#inner.compact());
  record = (space: string, key: string) => this.#step("record", () => this.#inner.record(space, key));
  close = () => this.#step("close", () => this.#inner.close());

  checkpointCovering = (id: Hex, index: number) =>
    this.#step("checkpointCovering", () => this.#inner.checkpointCovering(id, index));

  writeRecords = (writes: readonly RecordWrite[], options: { readonly durable: boolean }) =>
    this.#step("writeRecords", () => this.#inner.writeRecords(writes, options));

  async *entries(id: Hex, from: number, to: number): AsyncIterable<Entry> {
    await this.#step("entries", async () => undefined);
    yield* this.#inner.entries(id, from, to);
  }

  async *packedEntries(id: Hex, from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    await this.#step("entries", async () => undefined);
    yield* this.#inner.packedEntries(id, from, to);
  }

  async *records(space: string, range?: RecordRange): AsyncIterable<readonly [string, string]> {
    await this.#step("records", async () => undefined);
    yield* this.#inner.records(space, range);
  }
}
