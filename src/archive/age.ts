/**
 * Archives under keys of their own, in the format of age (age-encryption.org/v1), so that `age -d` opens them without this
 * program. The door of `age-encryption`.
 * Why: docs/decisions/0198.
 */

import type { Decrypter, Encrypter } from "age-encryption";
import { ArchiveError } from "./archive.ts";

/** Loaded when something is encrypted or opened: its mathematics is a tenth of what a service would read to start. */
const loadAge = () => import("age-encryption");

/** To whom an archive is encrypted: to public keys, or under a passphrase; undefined where it is in clear by choice. */
export type ArchiveLock =
  | { readonly recipients: readonly string[] }
  | { readonly passphrase: string; readonly workFactor?: number }
  | undefined;

/** What opens archives. */
export type ArchiveOpener = { readonly identities: readonly string[]; readonly passphrases: readonly string[] };

/** The archive is encrypted, and nothing that was given opens it. */
export class ArchiveLockedError extends Error {
  override readonly name = "ArchiveLockedError";
  readonly code = "archive_locked";
}

const INTRO = Buffer.from("age-encryption.org/v1\n");
const ARMORED = Buffer.from("-----BEGIN AGE");

/** How age begins a file. */
export function isEncrypted(begin: Uint8Array): boolean {
  return INTRO.equals(begin.subarray(0, INTRO.length));
}

/** Whether a file is encrypted, whatever it is called. */
export async function beginsEncrypted(bytes: AsyncIterable<Uint8Array>): Promise<boolean> {
  const source = bytes[Symbol.asyncIterator]();
  try {
    return isEncrypted(await takeBegin(source));
  } finally {
    await source.return?.();
  }
}

/** Encrypts, and says what opens what it makes. */
export type Encryption = {
  readonly opener: ArchiveOpener;
  readonly encrypt: (plain: AsyncIterable<Uint8Array>) => Promise<AsyncIterable<Uint8Array>>;
};

/**
 * Prepares to encrypt one archive. One that is encrypted to public keys could not be read back by who wrote it: a further
 * key is made for that, which is nowhere but in the memory of this run.
 * @throws TypeError when a recipient is none
 */
export async function encryptionFor(lock: ArchiveLock): Promise<Encryption> {
  if (lock === undefined) {
    return { opener: { identities: [], passphrases: [] }, encrypt: async (plain) => plain };
  }
  const age = await loadAge();
  const encrypter = new age.Encrypter();
  const encrypt = async (plain: AsyncIterable<Uint8Array>) => encrypter.encrypt(ReadableStream.from(plain));
  if ("passphrase" in lock) {
    if (lock.passphrase === "") throw new TypeError("expected a passphrase, got an empty one");
    encrypter.setPassphrase(lock.passphrase);
    if (lock.workFactor !== undefined) encrypter.setScryptWorkFactor(lock.workFactor);
    return { opener: { identities: [], passphrases: [lock.passphrase] }, encrypt };
  }
  // age refuses files that are for keys of both kinds: the weaker would decide.
  const isHybrid = lock.recipients.some((recipient) => /^age1(?:tag)?pq1/.test(recipient));
  const ownIdentity = await (isHybrid ? age.generateHybridIdentity() : age.generateX25519Identity());
  for (const recipient of [...lock.recipients, await age.identityToRecipient(ownIdentity)])
    addRecipient(encrypter, recipient);
  return { opener: { identities: [ownIdentity], passphrases: [] }, encrypt };
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    const got = recipient.startsWith("AGE-SECRET-KEY-")
      ? "a secret key, which belongs to who reads"
      : JSON.stringify(recipient);
    throw new TypeError(`expected a public key of age, such as age1…, got ${got}`, { cause });
  }
}

/**
 * The bytes of an archive in clear, whether it is encrypted or not.
 * @throws ArchiveLockedError when nothing that was given opens it
 * @throws ArchiveError while they are read, where they are not what was encrypted
 */
export async function* openArchive(
  bytes: AsyncIterable<Uint8Array>,
  opener: ArchiveOpener,
): AsyncGenerator<Uint8Array, void> {
  const source = bytes[Symbol.asyncIterator]();
  try {
    const begin = await takeBegin(source);
    const all = chain(begin, source);
    if (isEncrypted(begin)) yield* decrypt(all, opener);
    else if (ARMORED.equals(begin.subarray(0, ARMORED.length))) {
      throw new ArchiveError(
        "archive_not_one",
        "expected an archive, got one that age has spelled as text: age -d opens it",
      );
    } else yield* all;
  } finally {
    await source.return?.();
  }
}

async function takeBegin(source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let begin: Uint8Array = new Uint8Array(0);
  while (begin.length < INTRO.length) {
    const { done, value } = await source.next();
    if (done === true) break;
    begin = begin.length === 0 ? value : Buffer.concat([begin, value]);
  }
  return begin;
}

async function* chain(begin: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield begin;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* decrypt(
  bytes: AsyncIterable<Uint8Array>,
  { identities, passphrases }: ArchiveOpener,
): AsyncGenerator<Uint8Array, void> {
  if (identities.length + passphrases.length === 0) {
    throw new ArchiveLockedError("expected a key of this archive, which is encrypted, got none");
  }
  const decrypter = new (await loadAge()).Decrypter();
  for (const identity of identities) addIdentity(decrypter, identity);
  for (const passphrase of passphrases) decrypter.addPassphrase(passphrase);
  let failed: unknown;
  const watched = watch(bytes, (error) => {
    failed = error;
  });
  try {
    yield* await decrypter.decrypt(ReadableStream.from(watched));
  } catch (cause) {
    if (failed !== undefined) throw failed;
    const { message } = cause as Error;
    if (/no identity matched/.test(message)) {
      throw new ArchiveLockedError(
        "expected a key of this archive, got one that does not open it, or it is damaged there",
        { cause },
      );
    }
    throw new ArchiveError(
      "archive_damaged",
      `it does not decrypt to what was encrypted (${message}): bytes of it were changed, or it was cut`,
      { cause },
    );
  }
}

function addIdentity(decrypter: Decrypter, identity: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch {
    // What was given is a secret, or may be one: nothing of it is said.
    throw new TypeError("expected a secret key of age, AGE-SECRET-KEY-…, got something else");
  }
}

/** Tells of an error of the bytes themselves, which is none of the encryption. */
async function* watch(
  bytes: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* bytes;
  } catch (error) {
    onError(error);
    throw error;
  }
}
