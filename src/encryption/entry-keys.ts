/**
 * Keys that are at hand: those of ledgers as long as the service runs, those of subjects as they are used. A subject's key
 * encrypts nothing itself; keys for stretches of the ledger are derived from it, so that none comes near the 2^32 random
 * nonces that AES-GCM allows a key (NIST SP 800-38D §8.3).
 */

import { createHmac, type KeyObject } from "node:crypto";
import { equal, fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash, hashParts } from "../merkle/hash.ts";
import type { PlainEntry } from "../store/values/value-cipher.ts";
import { deriveKey } from "./aead.ts";
import { KeyCache } from "./key-cache.ts";
import type { Keyring, SubjectKey } from "./keyring.ts";
import { SubjectFinder, type SubjectMember, spellSubject, subjectOf } from "./subject.ts";

/** Keys of subjects that are kept unwrapped. */
const KEYS_KEPT = 65_536;
/** Entries that one derived key encrypts. */
const STRETCH = 2 ** 24;
/** Id of the key of events that name no subject. */
const OWN_KEY_ID = new Uint8Array(8);

/** Which stretch an entry is in: within one, a subject's entries have one key. */
export function stretchOf(index: number): number {
  return Math.floor(index / STRETCH);
}

/** A key that encrypts entries of one subject. */
export class EntryKey {
  /** 8 bytes. */
  readonly id: Uint8Array;
  readonly #root: Uint8Array;
  readonly #derived = new Map<number, KeyObject>();

  constructor(id: Uint8Array, root: Uint8Array) {
    this.id = id;
    this.#root = root;
  }

  /** The key for the stretch that an entry is in. */
  at(index: number): KeyObject {
    const stretch = stretchOf(index);
    let key = this.#derived.get(stretch);
    if (key === undefined) {
      key = deriveKey(this.#root, `holdfast entries ${stretch}`);
      this.#derived.set(stretch, key);
    }
    return key;
  }
}

/** What is derived from the key of a ledger. */
export type LedgerKeys = {
  readonly ledgerId: Hex;
  /** Of events that name no subject. */
  readonly own: EntryKey;
  /** What digests of subjects are keyed with. */
  readonly subjects: KeyObject;
  /** What digests of claims are keyed with, 32 bytes. */
  readonly claims: Uint8Array;
  /** Of the search index. */
  readonly index: KeyObject;
};

export type EntryKeysOptions = {
  readonly keyring: Keyring;
  /** Which members name the subject, the first that an event has. */
  readonly subjectMembers: readonly SubjectMember[];
};

export class EntryKeys {
  readonly #options: EntryKeysOptions;
  readonly #ledgers = new Map<Hex, LedgerKeys>();
  readonly #finder: SubjectFinder;
  /** By ledger and the text of the member that names the subject. */
  readonly #byText = new KeyCache<EntryKey>(KEYS_KEPT);
  /** By ledger and key id. */
  readonly #byId = new KeyCache<EntryKey>(KEYS_KEPT);
  /** Keys that are being made or unwrapped, by ledger and digest of the subject. */
  readonly #coming = new Map<string, Promise<EntryKey>>();
  /** How many keys were forgotten so far. */
  #forgotten = 0;

  constructor(options: EntryKeysOptions) {
    this.#options = options;
    this.#finder = new SubjectFinder(options.subjectMembers);
  }

  async openLedger(ledgerId: Hex): Promise<void> {
    if (this.#ledgers.has(ledgerId)) return;
    const root = await this.#options.keyring.ledgerKey(ledgerId);
    this.#ledgers.set(ledgerId, {
      ledgerId,
      own: new EntryKey(OWN_KEY_ID, deriveKey(root, "holdfast own entries").export()),
      subjects: deriveKey(root, "holdfast subjects"),
      claims: Uint8Array.from(deriveKey(root, "holdfast claims").export()),
      index: deriveKey(root, "holdfast index"),
    });
  }

  of(ledgerId: Hex): LedgerKeys {
    const keys = this.#ledgers.get(ledgerId);
    if (keys === undefined) throw new RangeError(`expected a ledger whose keys were opened, got ${ledgerId}`);
    return keys;
  }

  /** The key of each entry; a promise where one has to be got first. */
  forEntries(ledgerId: Hex, entries: readonly PlainEntry[]): readonly EntryKey[] | Promise<readonly EntryKey[]> {
    const keys = this.of(ledgerId);
    const found: EntryKey[] = [];
    const missing = new Map<string, Missing>();
    const finder = this.#finder;
    for (let i = 0; i < entries.length; i++) {
      const { members } = entries[i] as PlainEntry;
      const key = finder.find(members) ? this.#byText.get(ledgerId, members, finder.start, finder.end) : keys.own;
      if (key !== undefined) found[i] = key;
      else addMissing(missing, members.slice(finder.start, finder.end), i);
    }
    return missing.size === 0 ? found : this.#complete(keys, found, [...missing.values()]);
  }

  /** A key by its id; undefined when it was destroyed. */
  byId(ledgerId: Hex, id: Uint8Array): EntryKey | Promise<EntryKey | undefined> {
    if (isOwn(id)) return this.of(ledgerId).own;
    const known = this.#byId.get(ledgerId, id, 0, id.length);
    return known ?? this.#unwrap(ledgerId, [Uint8Array.from(id)]).then(([key]) => key);
  }

  /** Gets keys by their ids together, as far as they are not at hand; undefined where all are. */
  gather(ledgerId: Hex, ids: readonly Uint8Array[]): Promise<void> | undefined {
    const missing = new Map<string, Uint8Array>();
    for (const id of ids) {
      if (isOwn(id) || this.#byId.get(ledgerId, id, 0, id.length) !== undefined) continue;
      missing.set(toHex(id), Uint8Array.from(id));
    }
    if (missing.size === 0) return undefined;
    // Whoever needs the one that failed asks for it alone, and is told.
    const nothing = () => undefined;
    return this.#unwrap(ledgerId, [...missing.values()]).then(nothing, nothing);
  }

  /** Digest of a subject: HMAC-SHA256 under a key of the ledger. */
  digest(ledgerId: Hex, subject: string): string {
    return createHmac("sha256", this.of(ledgerId).subjects).update(subject).digest("hex");
  }

  /** Takes its key from a subject: whoever gets one from now on gets another. @returns ids of all keys it had that are not destroyed */
  async retire(ledgerId: Hex, digest: string): Promise<Hex[]> {
    const { keyring } = this.#options;
    await keyring.retired.retire(ledgerId, digest);
    // Whoever asked for it before has it by then, and has put it among those at hand.
    await this.#coming.get(`${ledgerId} ${digest}`)?.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    const ids = await keyring.retired.of(ledgerId, digest);
    for (const id of ids) this.forget(fromHex(id));
    return ids;
  }

  /** Forgets a key that was destroyed. */
  forget(id: Uint8Array): void {
    this.#forgotten++;
    for (const cache of [this.#byText, this.#byId]) cache.deleteAll((key) => equal(key.id, id));
  }

  async #complete(
    { ledgerId }: LedgerKeys,
    found: EntryKey[],
    missing: readonly Missing[],
  ): Promise<readonly EntryKey[]> {
    const digests = missing.map(({ text }) => this.digest(ledgerId, spellSubject(subjectOf(text))));
    const coming = await this.#get(ledgerId, [...new Set(digests)]);
    for (const [n, { text, positions }] of missing.entries()) {
      const key = coming.get(digests[n] as string) as EntryKey;
      this.#byText.set(ledgerId, text, key);
      for (const i of positions) found[i] = key;
    }
    return found;
  }

  /** Keys of subjects, made where there are none: each once, however many ask at the same time. */
  async #get(ledgerId: Hex, digests: readonly string[]): Promise<Map<string, EntryKey>> {
    const nameOfSubject = (digest: string) => `${ledgerId} ${digest}`;
    const begun = digests.filter((digest) => !this.#coming.has(nameOfSubject(digest)));
    if (begun.length > 0) {
      const all = this.#load(ledgerId, begun);
      for (const digest of begun) {
        const one = all.then((keys) => keys.get(digest) as EntryKey);
        this.#coming.set(nameOfSubject(digest), one);
        const end = () => void this.#coming.delete(nameOfSubject(digest));
        one.then(end, end);
      }
    }
    const keys = await Promise.all(
      digests.map((digest) => this.#coming.get(nameOfSubject(digest)) as Promise<EntryKey>),
    );
    return new Map(digests.map((digest, i) => [digest, keys[i] as EntryKey]));
  }

  async #load(ledgerId: Hex, digests: readonly string[]): Promise<Map<string, EntryKey>> {
    const { keyring } = this.#options;
    const keys = new Map<string, EntryKey>();
    const absent: string[] = [];
    await Promise.all(
      digests.map(async (digest) => {
        const id = await keyring.keyIdOf(ledgerId, digest);
        const key = id && (await this.byId(ledgerId, id));
        if (key === undefined) absent.push(digest);
        else keys.set(digest, key);
      }),
    );
    const made = absent.length === 0 ? [] : await keyring.makeSubjectKeys(ledgerId, absent);
    for (const [i, digest] of absent.entries()) keys.set(digest, this.#keep(ledgerId, made[i] as SubjectKey));
    return keys;
  }

  async #unwrap(ledgerId: Hex, ids: readonly Uint8Array[]): Promise<(EntryKey | undefined)[]> {
    const forgotten = this.#forgotten;
    const found = await this.#options.keyring.subjectKeys(ledgerId, ids);
    return found.map((key) => {
      if (key === undefined) return undefined;
      const known = this.#byId.get(ledgerId, key.id, 0, key.id.length);
      if (known !== undefined) return known;
      // One that was destroyed since it was read must not be at hand from now on.
      return forgotten === this.#forgotten ? this.#keep(ledgerId, key) : new EntryKey(key.id, key.key);
    });
  }

  #keep(ledgerId: Hex, { id, key }: SubjectKey): EntryKey {
    const made = new EntryKey(id, key);
    this.#byId.set(ledgerId, id, made);
    return made;
  }
}

/**
 * What stands for the keys of claims, of 32 bytes each: digests, keyed with the key of the ledger for that. Keccak is a sponge, so that a key in front is enough
 * (KMAC, SP 800-185 §4).
 */
export function claimDigests(hash: Hash, claims: Uint8Array, keys: readonly Uint8Array[]): Uint8Array[] {
  const packed = new Uint8Array(keys.length * HASH_LENGTH);
  for (const [i, key] of keys.entries()) packed.set(key, i * HASH_LENGTH);
  const digests = packedClaimDigests(hash, claims, packed);
  return keys.map((_, i) => digests.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
}

/** The same of keys that stand one after another, and so do their digests. */
export function packedClaimDigests(hash: Hash, claims: Uint8Array, keys: Uint8Array): Uint8Array {
  const count = keys.length / HASH_LENGTH;
  const length = claims.length + HASH_LENGTH;
  const inputs = new Uint8Array(count * length);
  const bounds: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * length + claims.length;
    inputs.set(claims, i * length);
    for (let k = 0; k < HASH_LENGTH; k++) inputs[at + k] = keys[i * HASH_LENGTH + k] as number;
    bounds.push(i * length, at + HASH_LENGTH);
  }
  const digests = new Uint8Array(count * HASH_LENGTH);
  hashParts(hash, inputs, bounds, digests);
  return digests;
}

/** Entries whose key is not at hand, by the text of the member that names their subject. */
type Missing = { readonly text: Uint8Array; readonly positions: number[] };

function isOwn(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}

function addMissing(missing: Map<string, Missing>, text: Uint8Array, position: number): void {
  const name = Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1");
  const found = missing.get(name);
  if (found === undefined) missing.set(name, { text, positions: [position] });
  else found.positions.push(position);
}
