/**
 * Records of a store: small texts by space and key. In a encrypted store their texts are encrypted, and so are the keys of those
 * spaces whose keys people choose: a digest stands for such a key, and the key itself beside the text.
 */

import { readJson } from "../../json/read.ts";
import { utf8 } from "../../merkle/bytes.ts";
import * as keys from "../key-layout.ts";
import type { Database, LevelBatch } from "../leveldb/database.ts";
import { type Bounds, readingError } from "../leveldb/reading.ts";
import { DamagedStoreError, type RecordRange, type RecordWrite } from "../store.ts";
import type { StoredValues } from "./stored-values.ts";
import { isEncrypted } from "./value-layout.ts";

/** As names are spelled that are hidden. */
const DIGEST = /^[0-9a-f]{32}$/;

type Listed = readonly [key: string, value: string];

export class Records {
  readonly #db: Database;
  readonly #values: StoredValues;

  constructor(db: Database, values: StoredValues) {
    this.#db = db;
    this.#values = values;
  }

  async get(space: string, key: string): Promise<string | undefined> {
    const naming = () => `record ${JSON.stringify(key)} of ${space}`;
    const place = this.#place(space, key);
    const asked = this.#values.isMixed && place !== key ? [place, key] : [place];
    for (const each of asked) {
      const bytes = await this.#db.get(keys.recordKey(space, each)).catch((cause) => {
        throw readingError(cause, naming);
      });
      if (bytes !== undefined) return this.#open(space, each, bytes, naming)[1];
    }
    return undefined;
  }

  /** The same of several, in the order asked, in one read. */
  async getMany(space: string, asked: readonly string[]): Promise<(string | undefined)[]> {
    // Where one may stand under either of two keys, each is looked for by itself.
    if (this.#values.isMixed && this.#isHidden(space)) return Promise.all(asked.map((key) => this.get(space, key)));
    const places = asked.map((key) => this.#place(space, key));
    const found = await this.#db.getMany(places.map((place) => keys.recordKey(space, place))).catch((cause) => {
      throw readingError(cause, () => `${asked.length} records of ${space}`);
    });
    return found.map((bytes, i) => {
      const naming = () => `record ${JSON.stringify(asked[i])} of ${space}`;
      return bytes && this.#open(space, places[i] as string, bytes, naming)[1];
    });
  }

  async *list(space: string, range: RecordRange = {}): AsyncIterable<Listed> {
    if (!this.#isHidden(space)) {
      yield* this.#list(space, range);
      return;
    }
    const found = new Map<string, string>();
    for await (const [key, value] of this.#list(space, range.onDamaged ? { onDamaged: range.onDamaged } : {})) {
      found.set(key, value);
    }
    yield* within([...found], range);
  }

  async write(writes: readonly RecordWrite[], options: { readonly durable: boolean }): Promise<void> {
    await this.#db.write({ sync: options.durable }, (batch) => {
      for (const each of writes) this.put(batch, each);
    });
  }

  /** Puts one change into a batch. */
  put(batch: LevelBatch, { space, key, value }: RecordWrite): void {
    const place = this.#place(space, key);
    // Before the store was encrypted it stood under its own key; a damaged one is known by its digest alone.
    if (place !== key && (this.#values.isMixed || DIGEST.test(key))) batch.del(keys.recordKey(space, key));
    if (value === undefined) batch.del(keys.recordKey(space, place));
    else {
      const text = place === key ? value : JSON.stringify([key, value]);
      batch.put(keys.recordKey(space, place), this.#values.text(aboutOf(space, place), text));
    }
  }

  async *#list(space: string, range: RecordRange): AsyncIterable<Listed> {
    let at = "";
    const naming = () => `record ${JSON.stringify(at)} of ${space}`;
    const read = this.#db.range(recordBounds(space, range), (cause) => readingError(cause, naming));
    for await (const [key, value] of read) {
      at = Buffer.from(keys.keyInSpace(space, key)).toString();
      let listed: Listed;
      try {
        listed = this.#open(space, at, value, naming);
      } catch (error) {
        if (range.onDamaged === undefined || !(error instanceof DamagedStoreError)) throw error;
        range.onDamaged(at, error);
        continue;
      }
      yield listed;
    }
  }

  /** The key and the text of a record that stands under a key of the store. */
  #open(space: string, place: string, bytes: Uint8Array, naming: () => string): Listed {
    const text = this.#values.openText(aboutOf(space, place), bytes, naming);
    if (!this.#isHidden(space) || !isEncrypted(bytes)) return [place, text];
    const [key, value] = readJson(text) as [string, string];
    return [key, value];
  }

  #isHidden(space: string): boolean {
    return this.#values.cipher !== undefined && keys.isNamedByPeople(space);
  }

  #place(space: string, key: string): string {
    const { cipher } = this.#values;
    return cipher !== undefined && keys.isNamedByPeople(space) ? cipher.nameDigest(space, key) : key;
  }
}

function aboutOf(space: string, key: string): string {
  return `${space}\0${key}`;
}

function recordBounds(space: string, range: RecordRange): Bounds {
  const { gt, gte = "", lt, lte, limit, reverse = false } = range;
  const start = gt === undefined ? { gte: keys.recordKey(space, gte) } : { gt: keys.recordKey(space, gt) };
  const last = lt === undefined ? keys.recordSpaceEnd(space) : keys.recordKey(space, lt);
  const end = lte === undefined ? { lt: last } : { lte: keys.recordKey(space, lte) };
  return { ...start, ...end, reverse, ...(limit === undefined ? {} : { limit: Math.max(0, limit) }) };
}

/** What a range lists of records that were all read: by their keys as UTF-8 bytes. */
function within(listed: readonly Listed[], { gt, gte, lt, lte, limit, reverse }: RecordRange): readonly Listed[] {
  const isIn = (key: Uint8Array) =>
    (gt === undefined ? gte === undefined || Buffer.compare(key, utf8(gte)) >= 0 : Buffer.compare(key, utf8(gt)) > 0) &&
    (lt === undefined || Buffer.compare(key, utf8(lt)) < 0) &&
    (lte === undefined || Buffer.compare(key, utf8(lte)) <= 0);
  const found = listed
    .map((each) => ({ each, key: utf8(each[0]) }))
    .filter(({ key }) => isIn(key))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ each }) => each);
  if (reverse === true) found.reverse();
  return limit === undefined ? found : found.slice(0, Math.max(0, limit));
}
