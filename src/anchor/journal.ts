/**
 * What an account's flights leave in the store: the lane (next nonce, what was spent, what went wrong) and one record
 * for each flight. A write is durable before the step that needs it, and memory changes only after it.
 */

import { readJson } from "../json/read.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { RecordWrite, Store } from "../store/store.ts";
import { type Flight, isOpen, isUnmined } from "./flight.ts";
import { NOTHING_SPENT, type Spend } from "./spend.ts";

export type LaneRecord = {
  /** The nonce after the highest that was ever used here. */
  readonly nonce: number;
  readonly spend: Spend;
  readonly bumps: number;
  readonly reorgs: number;
  /** Ledgers whose transactions failed in a row: how often, and when last (milliseconds since 1970). */
  readonly reverts: Readonly<Record<Hex, { readonly count: number; readonly at: number }>>;
};

export type Change = {
  readonly lane?: Partial<LaneRecord>;
  readonly flights?: readonly Flight[];
  /** Nonces of flights to forget. */
  readonly forget?: readonly number[];
  /** Other records that become true at the same moment. */
  readonly also?: readonly RecordWrite[];
};

const EMPTY: LaneRecord = { nonce: 0, spend: NOTHING_SPENT, bumps: 0, reorgs: 0, reverts: {} };
const NONCE_DIGITS = 16;

export class Journal {
  readonly #store: Store;
  readonly #space: string;
  #lane: LaneRecord;
  readonly #flights: Map<number, Flight>;

  static async open(store: Store, chainId: number, account: Hex): Promise<Journal> {
    const space = `anchoring/${chainId}/${account}`;
    const lane = await store.record(space, "lane");
    const flights = new Map<number, Flight>();
    for await (const [, value] of store.records(space, { gte: "flight/", lt: "flight0" })) {
      const flight = readJson(value) as Flight;
      flights.set(flight.nonce, flight);
    }
    return new Journal(store, space, lane === undefined ? EMPTY : (readJson(lane) as LaneRecord), flights);
  }

  private constructor(store: Store, space: string, lane: LaneRecord, flights: Map<number, Flight>) {
    this.#store = store;
    this.#space = space;
    this.#lane = lane;
    this.#flights = flights;
  }

  get lane(): LaneRecord {
    return this.#lane;
  }

  /** All flights that are kept, by nonce. */
  get flights(): Flight[] {
    return [...this.#flights.values()].sort((a, b) => a.nonce - b.nonce);
  }

  get unmined(): Flight[] {
    return this.flights.filter(isUnmined);
  }

  get open(): Flight[] {
    return this.flights.filter(isOpen);
  }

  flight(nonce: number): Flight | undefined {
    return this.#flights.get(nonce);
  }

  /** Makes a change durable, then visible. */
  async save({ lane, flights = [], forget = [], also = [] }: Change): Promise<void> {
    const next = { ...this.#lane, ...lane };
    const writes: RecordWrite[] = [
      ...flights.map((flight) => this.#write(flightKey(flight.nonce), JSON.stringify(flight))),
      ...forget.map((nonce) => this.#write(flightKey(nonce), undefined)),
      ...also,
    ];
    if (lane !== undefined) writes.push(this.#write("lane", JSON.stringify(next)));
    if (writes.length === 0) return;
    await this.#store.writeRecords(writes, { durable: true });
    this.#lane = next;
    for (const flight of flights) this.#flights.set(flight.nonce, flight);
    for (const nonce of forget) this.#flights.delete(nonce);
  }

  /** Forgets everything but what was spent: another chain begins. */
  async reset(): Promise<void> {
    const { spend } = this.#lane;
    await this.save({ lane: { ...EMPTY, spend }, forget: [...this.#flights.keys()] });
  }

  #write(key: string, value: string | undefined): RecordWrite {
    return { space: this.#space, key, value };
  }
}

function flightKey(nonce: number): string {
  return `flight/${String(nonce).padStart(NONCE_DIGITS, "0")}`;
}
