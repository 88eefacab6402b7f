/**
 * API keys: 256 random bits, shown once and stored as their SHA-256, so that whoever reads the store cannot use them.
 * All keys are held in memory by their digests. A key belongs to a source, and a source may have two live keys at a
 * time, so that one can be exchanged for another without a gap.
 * Why: docs/decisions/0053.
 */

import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Condition, Health } from "../../health.ts";
import { readJson } from "../../json/read.ts";
import type { Store } from "../../store/store.ts";
import { Problem } from "../problem.ts";
import { allows, type Role } from "./roles.ts";

/** A key as it is stored; the key itself is in nobody's hands but its holder's. */
export type ApiKey = {
  /** First 16 hex digits of the digest: whoever holds a key can tell which one it is. */
  readonly id: string;
  /** SHA-256 of the key's text, 64 hex digits. */
  readonly digest: string;
  readonly roles: readonly Role[];
  /** Names of the ledgers it is for; absent means all. */
  readonly ledgers?: readonly string[];
  /** Who sends with it; idempotency keys are told apart by source. */
  readonly source: string;
  readonly note?: string;
  /** By which its sender signs; sealed. */
  readonly webhookSecret?: string;
  /** Milliseconds since 1970, as the next two. */
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
};

/** What an administrator decides about a new key. */
export type KeyRequest = Pick<ApiKey, "roles" | "ledgers" | "source" | "note" | "expiresAt"> & {
  /** By which its sender signs: a text that the sender's side made, or true to have one made. */
  readonly webhookSecret?: string | true;
};

/** A key that was made, with the only copies of its text and of a secret that was made with it. */
export type MadeKey = { readonly text: string; readonly key: ApiKey; readonly webhookSecret?: string };

/** Seals the secrets of webhooks for the store, and opens them again: undefined when it cannot. */
export type SecretSeal = {
  seal(text: string, about: string): string;
  open(sealed: string, about: string): string | undefined;
};

/** Uses of a key that is not live; `lastAt` in milliseconds since 1970. */
export type Refusals = { readonly count: number; readonly lastAt: number };

const SPACE = "keys";
const USES_SPACE = "keyuses";
/** What the text of every key begins with. */
export const KEY_PREFIX = "hf_";
const KEY_BYTES = 32;
const LIVE_PER_SOURCE = 2;
/** Secrets of a source that a signature is tried with: each is the work of hashing a body of which nobody knows whose it is. */
const SECRETS_TRIED = 6;
/** How often the times of last use are written down, together and without waiting for the disk. */
const FLUSH_MS = 60_000;
const SECRET_PREFIX = "whsec_";
const SECRET_BYTES = 32;
const SECRETS_UNREADABLE: Condition = {
  code: "webhook_secrets_unreadable",
  detail:
    "webhook secrets of API keys cannot be opened, so what is signed with them is refused: bring keys/content.key back from a backup, or make new keys in their place and end the old ones",
  isNotice: true,
};
const USES_UNWRITTEN: Condition = {
  code: "key_uses_unwritten",
  detail: "the times at which API keys were last used cannot be written; they are kept in memory and tried again",
  isNotice: true,
};

export class KeyRing {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #byDigest = new Map<string, ApiKey>();
  readonly #lastUse = new Map<string, number>();
  readonly #refusals = new Map<string, Refusals>();
  readonly #unwritten = new Set<string>();
  readonly #health: Health | undefined;
  readonly #seal: SecretSeal | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(store: Store, now: () => number, health?: Health, seal?: SecretSeal) {
    this.#store = store;
    this.#now = now;
    this.#health = health;
    this.#seal = seal;
  }

  /** Reads all keys into memory. @param seal without which no key can have the secret of a webhook */
  static async open(store: Store, now: () => number = Date.now, health?: Health, seal?: SecretSeal): Promise<KeyRing> {
    const ring = new KeyRing(store, now, health, seal);
    for await (const [, value] of store.records(SPACE)) {
      const key = readJson(value) as ApiKey;
      ring.#byDigest.set(key.digest, key);
    }
    for await (const [id, value] of store.records(USES_SPACE)) ring.#lastUse.set(id, Number(value));
    ring.#lookAtSecrets();
    ring.#timer = setInterval(() => void ring.keepUses(health), FLUSH_MS).unref();
    return ring;
  }

  /** All keys, also expired and revoked ones, oldest first. */
  list(): ApiKey[] {
    return [...this.#byDigest.values()].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** Milliseconds since 1970; undefined when the key was never used. */
  lastUse(id: string): number | undefined {
    return this.#lastUse.get(id);
  }

  /**
   * How often since the start a key was shown that is expired or revoked: most senders drop what they were refused for it.
   * Undefined when it never was.
   */
  refusals(id: string): Refusals | undefined {
    return this.#refusals.get(id);
  }

  /** The live key of this text, whose use is noted. */
  find(text: string): ApiKey | undefined {
    const digest = digestOf(text);
    const key = this.#byDigest.get(digest);
    if (key === undefined) return undefined;
    // The map compares digests, about which timing tells nothing useful; this costs little and settles the question.
    if (!timingSafeEqual(Buffer.from(digest), Buffer.from(key.digest))) return undefined;
    return this.#use(key);
  }

  /** The key of this text, also when it is not live any more; asking is no use of it. */
  known(text: string): ApiKey | undefined {
    return this.#byDigest.get(digestOf(text));
  }

  /** Secret by which whoever holds a key signs; undefined when the key has none. */
  secretOf({ id, webhookSecret }: ApiKey): string | undefined {
    return webhookSecret === undefined ? undefined : this.#seal?.open(webhookSecret, id);
  }

  /** Whether somebody could sign for a source, or could once. */
  hasSecrets(source: string): boolean {
    return this.list().some((key) => key.source === source && key.webhookSecret !== undefined);
  }

  /** The live key of a source under whose secret something is right, whose use is noted. */
  async findBySecret(
    source: string,
    isRight: (secret: string) => boolean | Promise<boolean>,
  ): Promise<ApiKey | undefined> {
    const now = this.#now();
    const keys = this.list().filter((key) => key.source === source && key.webhookSecret !== undefined);
    // Those that live, and the newest of those that do not, so that what they are still used for is counted.
    keys.sort((a, b) => Number(isLive(b, now)) - Number(isLive(a, now)) || b.createdAt - a.createdAt);
    for (const key of keys.slice(0, SECRETS_TRIED)) {
      const secret = this.secretOf(key);
      if (secret !== undefined && (await isRight(secret))) return this.#use(key);
    }
    return undefined;
  }

  /** Notes the use of a key that was shown; undefined when it is not live. */
  #use(key: ApiKey): ApiKey | undefined {
    const now = this.#now();
    if (!isLive(key, now)) {
      const { count = 0 } = this.#refusals.get(key.id) ?? {};
      this.#refusals.set(key.id, { count: count + 1, lastAt: now });
      return undefined;
    }
    this.#lastUse.set(key.id, now);
    this.#unwritten.add(key.id);
    return key;
  }

  /** Whether a key that was found is live still; asking is no use of it. */
  isLive({ digest }: ApiKey): boolean {
    const key = this.#byDigest.get(digest);
    return key !== undefined && isLive(key, this.#now());
  }

  /** Whether this is the text of a live key; asking is no use of it. */
  isInForce(text: string): boolean {
    const key = this.known(text);
    return key !== undefined && isLive(key, this.#now());
  }

  /**
   * Makes a key, durably, and returns the only copy of its text.
   * @throws Problem source_keys_max when the source has two live keys
   */
  async create(request: KeyRequest): Promise<MadeKey> {
    const made = this.#make(request);
    await this.#keep(made.key, undefined);
    return made;
  }

  /**
   * Makes the first key that may administer, unless there is one. It is delivered before it is stored: if we crash in
   * between, the next start makes another one, and nobody is locked out by a key that was never shown.
   */
  async createAdmin(deliver: (text: string) => Promise<void>): Promise<boolean> {
    if (this.list().some((key) => this.#isAdmin(key))) return false;
    const { text, key } = this.#make({ roles: ["admin"], source: "admin", note: "made at the first start" });
    await deliver(text);
    await this.#keep(key, undefined);
    return true;
  }

  /**
   * Ends a key, durably and for good.
   * @throws Problem key_unknown; key_last_admin when nobody could administer any more
   */
  async revoke(id: string): Promise<ApiKey> {
    const key = this.list().find((each) => each.id === id);
    if (key === undefined) throw new Problem("key_unknown", `expected the id of an API key, got ${JSON.stringify(id)}`);
    if (key.revokedAt !== undefined) return key;
    if (this.#isAdmin(key) && !this.list().some((other) => other.id !== id && this.#isAdmin(other))) {
      throw new Problem("key_last_admin", "expected another live key with the role admin; make one first");
    }
    const revoked = { ...key, revokedAt: this.#now() };
    await this.#keep(revoked, key);
    this.#lookAtSecrets();
    return revoked;
  }

  /** Writes the times of last use; what a crash loses of them is a minute. What could not be written stays to be written. */
  async flush(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const ids = [...this.#unwritten];
    const writes = ids.map((id) => ({ space: USES_SPACE, key: id, value: String(this.#lastUse.get(id)) }));
    this.#unwritten.clear();
    try {
      await this.#store.writeRecords(writes, { durable: false });
    } catch (error) {
      for (const id of ids) this.#unwritten.add(id);
      throw error;
    }
  }

  /** {@link flush} for a timer: it never throws, and says when it fails. */
  async keepUses(health: Health | undefined): Promise<void> {
    try {
      await this.flush();
      health?.report("keyuses", undefined);
    } catch (error) {
      health?.report("keyuses", USES_UNWRITTEN, error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #make({ webhookSecret, ...request }: KeyRequest): MadeKey {
    const now = this.#now();
    const live = this.list().filter((key) => key.source === request.source && isLive(key, now));
    if (live.length >= LIVE_PER_SOURCE) {
      const ids = live.map((key) => key.id).join(" and ");
      const detail = `expected at most ${LIVE_PER_SOURCE} live keys for the source ${request.source}, got ${ids} already`;
      throw new Problem("source_keys_max", detail);
    }
    const text = KEY_PREFIX + randomBytes(KEY_BYTES).toString("base64url");
    const digest = digestOf(text);
    const key = { id: digest.slice(0, 16), digest, ...request, createdAt: now };
    if (webhookSecret === undefined) return { text, key };
    if (this.#seal === undefined) throw new Error("expected what seals secrets, to make a key that has one");
    const secret = webhookSecret === true ? makeSecret() : webhookSecret;
    const sealed = { ...key, webhookSecret: this.#seal.seal(secret, key.id) };
    return webhookSecret === true ? { text, key: sealed, webhookSecret: secret } : { text, key: sealed };
  }

  /** In memory at once, so that two requests do not both pass a check; back as it was when the store refuses. */
  async #keep(key: ApiKey, before: ApiKey | undefined): Promise<void> {
    this.#byDigest.set(key.digest, key);
    try {
      await this.#store.writeRecords([{ space: SPACE, key: key.id, value: JSON.stringify(key) }], { durable: true });
    } catch (error) {
      if (before === undefined) this.#byDigest.delete(key.digest);
      else this.#byDigest.set(before.digest, before);
      throw error;
    }
  }

  /** Says when a secret that is needed cannot be opened. */
  #lookAtSecrets(): void {
    const now = this.#now();
    const isMissing = (key: ApiKey) =>
      key.webhookSecret !== undefined && isLive(key, now) && this.secretOf(key) === undefined;
    this.#health?.report("webhooksecrets", this.list().some(isMissing) ? SECRETS_UNREADABLE : undefined);
  }

  #isAdmin(key: ApiKey): boolean {
    return isLive(key, this.#now()) && key.ledgers === undefined && allows(key.roles, "keysWrite");
  }
}

function makeSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString("base64");
}

function digestOf(text: string): string {
  return hash("sha256", text, "hex");
}

function isLive(key: ApiKey, now: number): boolean {
  return key.revokedAt === undefined && (key.expiresAt === undefined || now < key.expiresAt);
}
