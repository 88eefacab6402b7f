/**
 * The keyring: every key that values are encrypted with, wrapped by a key-encryption key, in a store of its own. It is backed up
 * apart from the events, so that a key that was destroyed is gone for older copies of them too.
 *
 *   ring       `system`      which ring this is, and the key of what belongs to no ledger
 *   ledgers    id            the key of a ledger
 *   keys/{id}  key id        the key of a subject of a ledger; its subject is a digest
 *   subjects/{id} digest     which key a subject has
 *   erased/{id}   index      what is left of an entry that was erased: digests
 *   retired/{id}  digest/key id   a key that its subject uses no more, and that waits to be destroyed
 *   erasures/{id} id         an erasure whose digests are kept
 *   rotations     version    when the key-encryption key went on to that version here
 *
 * Why: docs/decisions/0204.
 */

import { randomBytes } from "node:crypto";
import { fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { exists } from "../store/durable-file.ts";
import { LevelStore } from "../store/level-store.ts";
import { Turn } from "../store/mutex.ts";
import type { RecordWrite } from "../store/store.ts";
import type { ErasedEntry } from "../store/values/rewrite-erased.ts";
import { KekRefusedError, type KeyEncryptionKey, type WrappedBy } from "./key-encryption-key.ts";
import { type KeyRow, problemOf, readRow } from "./key-rows.ts";
import { RetiredKeys } from "./retired-keys.ts";

const KEY_BYTES = 32;
const RING_ID_BYTES = 16;
const KEY_ID_BYTES = 8;
const INDEX_DIGITS = 16;
/** Keys that are wrapped at once by a key-encryption key that may be far away. */
const WRAPPED_AT_ONCE = 16;
/** Keys that are wrapped again in one durable write. */
const REWRAP_BATCH = 64;
const DURABLE = { durable: true } as const;

/** How many keys a version of a key-encryption key wraps. */
export type WrapCount = WrappedBy & { readonly keys: number };

export type KeyringStatus = {
  readonly ringId: Hex;
  /** What new keys are wrapped by. */
  readonly wrappedBy: WrappedBy;
  /** When that version was gone on to; milliseconds since 1970, unknown of the first one. */
  readonly rotatedAt?: number;
  /** Keys of subjects. */
  readonly subjects: number;
  readonly wraps: readonly WrapCount[];
};

export type KeyringOptions = {
  readonly directory: string;
  /** The first one wraps; the others are there for what they wrapped before. */
  readonly keks: readonly [KeyEncryptionKey, ...KeyEncryptionKey[]];
  readonly now: () => number;
  /** Whether a ring is made where there is none. */
  readonly mayBegin: boolean;
  /** Told after each question to a key-encryption key how it ended; undefined when it answered. */
  readonly onAsked?: ((failure: Error | undefined) => void) | undefined;
};

/** A key of a subject, with its id. */
export type SubjectKey = { readonly id: Uint8Array; readonly key: Uint8Array };

/** There is no keyring where one has to be. */
class KeyringMissingError extends Error {
  override readonly name = "KeyringMissingError";
  readonly code = "keyring_missing";
}

export class Keyring {
  readonly #store: LevelStore;
  readonly #options: KeyringOptions;
  /** Writing keys again, and destroying them, is one thing after the other. */
  readonly #turn = new Turn();
  /** Keys that wait to be destroyed, and the erasures that they wait for. */
  readonly retired: RetiredKeys;
  #ringId: Uint8Array = new Uint8Array(0);
  #system: Uint8Array = new Uint8Array(0);

  /**
   * Opens the ring in a folder.
   * @throws KeyringMissingError, StoreLockedError, DamagedStoreError, KekUnavailableError, KekRefusedError
   */
  static async open(options: KeyringOptions): Promise<Keyring> {
    // Opened, it would be made, and its backup brought back into a folder that is not empty.
    if (!options.mayBegin && !(await exists(options.directory))) throw missing(options.directory);
    const ring = new Keyring(await LevelStore.open(options.directory), options);
    try {
      await ring.#load();
    } catch (error) {
      await ring.#store.close();
      throw error;
    }
    return ring;
  }

  private constructor(store: LevelStore, options: KeyringOptions) {
    this.#store = store;
    this.#options = options;
    this.retired = new RetiredKeys(store, this.#turn);
  }

  /** 16 bytes. */
  get ringId(): Uint8Array {
    return this.#ringId;
  }

  /** What new keys are wrapped by. */
  get wrappedBy(): WrappedBy {
    const { id, version } = this.#options.keks[0];
    return { id, version };
  }

  /** The key of what belongs to no ledger. */
  get systemKey(): Uint8Array {
    return this.#system;
  }

  /** The key of a ledger, made when it has none. */
  async ledgerKey(ledgerId: Hex): Promise<Uint8Array> {
    const row = await this.#row("ledgers", ledgerId);
    if (row !== undefined) return this.#unwrap(row, ledgerId);
    const key = freshKey();
    await this.#write([{ space: "ledgers", key: ledgerId, value: spell(await this.#wrap(key, ledgerId)) }]);
    return key;
  }

  /** The id of the key that a subject has; undefined when it has none. */
  async keyIdOf(ledgerId: Hex, subject: string): Promise<Uint8Array | undefined> {
    const id = await this.#store.record(`subjects/${ledgerId}`, subject);
    return id === undefined ? undefined : fromHex(id, KEY_ID_BYTES);
  }

  /** Keys by their ids, in the order asked; undefined where one was destroyed, or never was. */
  async subjectKeys(ledgerId: Hex, ids: readonly Uint8Array[]): Promise<(SubjectKey | undefined)[]> {
    const names = ids.map(toHex);
    const rows = await this.#store.recordsAt(`keys/${ledgerId}`, names);
    const found = new Array<SubjectKey | undefined>(ids.length).fill(undefined);
    await inParallel(ids, WRAPPED_AT_ONCE, async (id, i) => {
      const row = rows[i];
      if (row === undefined) return;
      found[i] = { id, key: await this.#unwrap(readRow(row), contextOf(ledgerId, names[i] as string)) };
    });
    return found;
  }

  /** Makes keys for subjects that have none, durably, in the order asked. */
  async makeSubjectKeys(ledgerId: Hex, subjects: readonly string[]): Promise<SubjectKey[]> {
    const made: SubjectKey[] = [];
    const writes: RecordWrite[] = [];
    await inParallel(subjects, WRAPPED_AT_ONCE, async (subject, i) => {
      const id = Uint8Array.from(randomBytes(KEY_ID_BYTES));
      const key = freshKey();
      const name = toHex(id);
      const row = { ...(await this.#wrap(key, contextOf(ledgerId, name))), subject };
      made[i] = { id, key };
      writes.push({ space: `keys/${ledgerId}`, key: name, value: spell(row) });
      writes.push({ space: `subjects/${ledgerId}`, key: subject, value: name });
    });
    await this.#write(writes);
    return made;
  }

  /** Keeps what is left of entries that are erased: packed members, by index. */
  keepErased(ledgerId: Hex, entries: readonly ErasedEntry[]): Promise<void> {
    const space = `erased/${ledgerId}`;
    return this.#write(
      entries.map(({ index, members }) => ({
        space,
        key: place(index),
        value: Buffer.from(members).toString("base64"),
      })),
    );
  }

  /** What is left of an erased entry. */
  async erased(ledgerId: Hex, index: number): Promise<Uint8Array | undefined> {
    const found = await this.#store.record(`erased/${ledgerId}`, place(index));
    return found === undefined ? undefined : Uint8Array.from(Buffer.from(found, "base64"));
  }

  /** Every erased entry of a ledger, in order. */
  async *allErased(ledgerId: Hex): AsyncIterable<ErasedEntry> {
    for await (const [key, value] of this.#store.records(`erased/${ledgerId}`)) {
      yield { index: Number(key), members: Uint8Array.from(Buffer.from(value, "base64")) };
    }
  }

  /**
   * Tries every key of a ledger: what is wrong with one, or with what says whose it is, in words, and undefined of each key that is
   * right. @throws KekUnavailableError
   */
  async *tryKeys(ledgerId: Hex): AsyncIterable<string | undefined> {
    yield* this.#tryAll("ledgers", (key) => (key === ledgerId ? ledgerId : undefined));
    yield* this.#tryAll(`keys/${ledgerId}`, (key) => contextOf(ledgerId, key));
    for (const space of [`subjects/${ledgerId}`, `erased/${ledgerId}`]) {
      const damaged: string[] = [];
      for await (const _ of this.#store.records(space, { onDamaged: (each) => void damaged.push(each) }));
      for (const key of damaged) yield `the record ${key} of ${space} cannot be read`;
    }
  }

  async *#tryAll(space: string, contextFor: (key: string) => string | undefined): AsyncIterable<string | undefined> {
    const damaged: string[] = [];
    for await (const [key, value] of this.#store.records(space, { onDamaged: (each) => void damaged.push(each) })) {
      const context = contextFor(key);
      if (context !== undefined) yield await problemOf(key, async () => this.#unwrap(readRow(value), context));
    }
    for (const key of damaged) yield `key ${key}: its record cannot be read`;
  }

  async status(): Promise<KeyringStatus> {
    const { id, version } = this.#options.keks[0];
    const wraps = new Map<string, WrapCount>();
    let subjects = 0;
    for await (const { space, row } of this.#rows()) {
      if (space.startsWith("keys/")) subjects++;
      const name = nameOf(row);
      wraps.set(name, { id: row.id, version: row.version, keys: (wraps.get(name)?.keys ?? 0) + 1 });
    }
    const rotatedAt = await this.#store.record("rotations", nameOf({ id, version }));
    return {
      ringId: toHex(this.#ringId),
      wrappedBy: { id, version },
      ...(rotatedAt !== undefined && { rotatedAt: Number(rotatedAt) }),
      subjects,
      wraps: [...wraps.values()],
    };
  }

  /** Goes on with a newer version of the key-encryption key: new keys are wrapped by it, those there are stay until `rewrap`. */
  async rotate(): Promise<WrappedBy> {
    const [kek] = this.#options.keks;
    await kek.rotate();
    const rotated = { id: kek.id, version: kek.version };
    await this.#write([{ space: "rotations", key: nameOf(rotated), value: String(this.#options.now()) }]);
    return rotated;
  }

  /**
   * Wraps every key again that is not under the version in force; interrupted, it goes on where it was.
   * @param onProgress told after each batch, and waited for, so that it can leave time to others
   * @returns how many it wrapped
   */
  async rewrap(onProgress: (done: number) => void | Promise<void> = () => undefined): Promise<number> {
    const { id, version } = this.#options.keks[0];
    let done = 0;
    let batch: Place[] = [];
    const flush = async () => {
      done += await this.#turn.take(() => this.#rewrapBatch(batch));
      batch = [];
      await onProgress(done);
    };
    for await (const { space, key, row } of this.#rows()) {
      if (row.id === id && row.version === version) continue;
      batch.push({ space, key });
      if (batch.length >= REWRAP_BATCH) await flush();
    }
    if (batch.length > 0) await flush();
    return done;
  }

  /** Takes keys that were destroyed off the disk. */
  compact(): Promise<void> {
    return this.#store.compact();
  }

  async close(): Promise<void> {
    await this.#store.close();
    for (const kek of this.#options.keks) await kek.close();
  }

  async #load(): Promise<void> {
    const row = (await this.#row("ring", "system")) as (KeyRow & { readonly ringId: Hex }) | undefined;
    if (row !== undefined) {
      this.#ringId = fromHex(row.ringId, RING_ID_BYTES);
      this.#system = await this.#unwrap(row, "system");
      return;
    }
    if (!this.#options.mayBegin) throw missing(this.#options.directory);
    this.#ringId = Uint8Array.from(randomBytes(RING_ID_BYTES));
    this.#system = freshKey();
    const made = { ...(await this.#wrap(this.#system, "system")), ringId: toHex(this.#ringId) };
    await this.#write([{ space: "ring", key: "system", value: spell(made) }]);
  }

  async #rewrapBatch(places: readonly Place[]): Promise<number> {
    const writes: RecordWrite[] = [];
    await inParallel(places, WRAPPED_AT_ONCE, async ({ space, key }) => {
      const row = await this.#row(space, key);
      // It may have been destroyed meanwhile.
      if (row === undefined) return;
      const context = space.startsWith("keys/") ? contextOf(space.slice("keys/".length) as Hex, key) : key;
      const { wrapped, id, version } = await this.#wrap(await this.#unwrap(row, context), context);
      writes.push({ space, key, value: spell({ ...row, wrapped, id, version }) });
    });
    await this.#write(writes);
    return writes.length;
  }

  /** Every wrapped key. */
  async *#rows(): AsyncIterable<Place & { readonly row: KeyRow }> {
    const ledgers: string[] = [];
    for await (const [key] of this.#store.records("ledgers")) ledgers.push(key);
    for (const space of ["ring", "ledgers", ...ledgers.map((id) => `keys/${id}`)]) {
      for await (const [key, value] of this.#store.records(space)) yield { space, key, row: readRow(value) };
    }
  }

  async #row(space: string, key: string): Promise<KeyRow | undefined> {
    const value = await this.#store.record(space, key);
    return value === undefined ? undefined : readRow(value);
  }

  async #wrap(key: Uint8Array, context: string): Promise<KeyRow> {
    const [kek] = this.#options.keks;
    // The version is taken before, so that one that comes meanwhile is not said of what an older one wrapped.
    const { id, version } = kek;
    const wrapped = await this.#asked(kek.wrap(key, this.#context(context)));
    return { id, version, wrapped: Buffer.from(wrapped).toString("base64"), madeAt: this.#options.now() };
  }

  async #unwrap({ id, version, wrapped }: KeyRow, context: string): Promise<Uint8Array> {
    const kek = this.#options.keks.find((each) => each.id === id);
    if (kek === undefined) {
      const known = this.#options.keks.map((each) => each.id).join(", ");
      throw new KekRefusedError(
        `expected the key-encryption key ${id}, which wrapped the keys of this store, got ${known}; name it in the settings as a former one`,
      );
    }
    const about = { version, context: this.#context(context) };
    const key = await this.#asked(kek.unwrap(Buffer.from(wrapped, "base64"), about));
    if (key.length === KEY_BYTES) return key;
    throw new KekRefusedError(`expected a key of ${KEY_BYTES} bytes from ${id}, got ${key.length}`);
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    const { onAsked } = this.#options;
    try {
      const found = await answer;
      onAsked?.(undefined);
      return found;
    } catch (error) {
      onAsked?.(error as Error);
      throw error;
    }
  }

  #context(of: string): string {
    return `holdfast ${toHex(this.#ringId)} ${of}`;
  }

  #write(writes: readonly RecordWrite[]): Promise<void> {
    return this.#store.writeRecords(writes, DURABLE);
  }
}

function missing(directory: string): KeyringMissingError {
  return new KeyringMissingError(
    `expected in ${directory} the keys that the store is encrypted with, got none; bring that folder back from its backup`,
  );
}

type Place = { readonly space: string; readonly key: string };

function freshKey(): Uint8Array {
  return Uint8Array.from(randomBytes(KEY_BYTES));
}

function contextOf(ledgerId: Hex, keyId: string): string {
  return `${ledgerId} ${keyId}`;
}

function place(index: number): string {
  return String(index).padStart(INDEX_DIGITS, "0");
}

function nameOf({ id, version }: WrappedBy): string {
  return `${id} ${version}`;
}

function spell(value: unknown): string {
  return JSON.stringify(value);
}

async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, i: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < items.length; from += atOnce) {
    await Promise.all(items.slice(from, from + atOnce).map((item, i) => work(item, from + i)));
  }
}
