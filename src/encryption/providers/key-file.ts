/**
 * A key-encryption key in a file of its own, apart from the store that it opens: every version that was ever in force, the
 * newest last. It is made at the first start and replaced as a whole, so that a crash leaves the old file or the new one.
 */

import { createHash, randomBytes } from "node:crypto";
import { chmod, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { readJson } from "../../json/read.ts";
import { equal, fromHex, toHex } from "../../merkle/bytes.ts";
import { exists, makeFolder, replaceFile, withWayOut } from "../../store/durable-file.ts";
import { Turn } from "../../store/mutex.ts";
import { readKeptFile } from "../../store/text-file.ts";
import { KekRefusedError, type KeyEncryptionKey, type WrapContext } from "../key-encryption-key.ts";
import { type KeyVersion, unwrapLocally, wrapLocally } from "./local-keys.ts";

const FORMAT = "holdfast/encryption-key@1";
const BYTES_MAX = 1024 * 1024;
const KEY_BYTES = 32;
const CHECK_BYTES = 8;
const WAY_OUT = "bring the file back from a backup of keys; what was encrypted cannot be read without it";

type FileKey = KeyVersion & {
  /** When it was made, ISO 8601. */
  readonly made: string;
};
type KeyFile = { readonly id: string; readonly keys: readonly FileKey[] };

export type KeyFileOptions = {
  /** Whether keys were wrapped by it already: then a missing file is lost, and none is made. */
  readonly isUsed: boolean;
  /** Told when it was made. */
  readonly onMade?: (path: string) => void;
  readonly now?: () => number;
};

/**
 * Opens the file, and makes it where none may have been.
 * @throws KekRefusedError when it is lost or not as it was written; FileRefusedError
 */
export async function openKeyFile(
  path: string,
  { isUsed, onMade, now = Date.now }: KeyFileOptions,
): Promise<KeyEncryptionKey> {
  await makeFolder(dirname(path));
  // A crash while it was replaced leaves keys behind that nobody looks after.
  const draft = `${path}.new`;
  if (await exists(draft)) await withWayOut("remove", draft, () => rm(draft, { force: true }));
  if (!(await withWayOut("look at", path, () => exists(path)))) {
    if (isUsed) throw new KekRefusedError(`expected the key-encryption key in ${path}, got no file; ${WAY_OUT}`);
    const made: KeyFile = { id: toHex(randomBytes(8)).slice(2), keys: [makeKey("1", now())] };
    await withWayOut("write", path, () => replaceFile(path, spellFile(made)));
    onMade?.(path);
  }
  await withWayOut("close to others", path, () => closeFileToOthers(path));
  return keyOf(path, await readFile(path), now);
}

function keyOf(path: string, first: KeyFile, now: () => number): KeyEncryptionKey {
  let held = first;
  const id = `file:${first.id}`;
  const turn = new Turn();
  const inForce = () => held.keys.at(-1) as FileKey;
  const rotate = async () => {
    const there = await readFile(path);
    // Written over, the keys of another file would be lost, or versions that somebody brought back.
    if (there.id !== held.id)
      throw new KekRefusedError(`expected the key-encryption key ${id} in ${path}, got file:${there.id}; ${WAY_OUT}`);
    const { version, key } = inForce();
    const same = there.keys.find((each) => each.version === version);
    if (same === undefined || !equal(same.key, key))
      throw new KekRefusedError(`expected version ${version} of ${id} in ${path}, got others alone; ${WAY_OUT}`);
    const newest = Number(there.keys.at(-1)?.version);
    const next = { id: there.id, keys: [...there.keys, makeKey(String(newest + 1), now())] };
    await withWayOut("write", path, () => replaceFile(path, spellFile(next)));
    held = next;
  };
  return {
    id,
    get version() {
      return inForce().version;
    },
    wrap: async (key, context) => wrapLocally(inForce(), id, key, context),
    unwrap: async (wrapped: Uint8Array, about: WrapContext) => unwrapLocally(held.keys, id, wrapped, about),
    rotate: () => turn.take(rotate),
    close: async () => undefined,
  };
}

function makeKey(version: string, now: number): FileKey {
  return { version, key: Uint8Array.from(randomBytes(KEY_BYTES)), made: new Date(now).toISOString() };
}

/** Keys are for whoever runs this; a file that was copied about may be open to others. */
async function closeFileToOthers(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return;
  try {
    await chmod(path, 0o600);
  } catch (error) {
    // Where nothing can be changed, as in a mounted secret, whoever mounted it says who may read it.
    if ((error as NodeJS.ErrnoException).code !== "EROFS") throw error;
  }
}

function spellFile({ id, keys }: KeyFile): string {
  const versions = keys.map(({ version, made, key }) => ({
    version: Number(version),
    made,
    key: toHex(key),
    check: toHex(checkOf(id, version, key)),
  }));
  return `${JSON.stringify({ format: FORMAT, id, versions }, undefined, 2)}\n`;
}

/** @throws KekRefusedError that shows no key, FileRefusedError */
async function readFile(path: string): Promise<KeyFile> {
  try {
    return readKeys(path, await withWayOut("read", path, async () => readKeptFile(path, BYTES_MAX)));
  } catch (error) {
    // It is no text, or no file.
    if (error instanceof TypeError) throw refused(path, error.message);
    throw error;
  }
}

function readKeys(path: string, text: string): KeyFile {
  let value: unknown;
  try {
    value = readJson(text);
  } catch {
    // What it says may hold a part of the text.
    throw refused(path, `${text.length} characters that are no JSON`);
  }
  const { format, id, versions } = membersOf(value, ["format", "id", "versions"], path);
  if (format !== FORMAT) throw refused(path, "another format");
  if (typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw refused(path, "another id than 16 hex digits");
  if (!Array.isArray(versions) || versions.length === 0) throw refused(path, "no versions");
  let before = 0;
  const keys = versions.map((each: unknown) => {
    const read = readVersion(each, id, path);
    if (Number(read.version) <= before) throw refused(path, `version ${read.version} behind version ${before}`);
    before = Number(read.version);
    return read;
  });
  return { id, keys };
}

function readVersion(value: unknown, id: string, path: string): FileKey {
  const { version, made, key, check } = membersOf(value, ["version", "made", "key", "check"], path);
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw refused(path, "a version that is no whole number from 1");
  if (typeof made !== "string" || Number.isNaN(Date.parse(made)))
    throw refused(path, `version ${version} without its time`);
  const bytes = readHex(key, KEY_BYTES);
  const expected = readHex(check, CHECK_BYTES);
  if (bytes === undefined || expected === undefined)
    throw refused(path, `version ${version} whose key or check is no hex`);
  if (!equal(checkOf(id, String(version), bytes), expected))
    throw refused(path, `version ${version} whose key is not the one that its check is of`);
  return { version: String(version), made, key: bytes };
}

function membersOf(value: unknown, names: readonly string[], path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refused(path, "something else");
  const got = Object.keys(value);
  if (got.length === names.length && names.every((name) => Object.hasOwn(value, name)))
    return value as Readonly<Record<string, unknown>>;
  throw refused(path, `other members than ${names.join(", ")}`);
}

function readHex(value: unknown, length: number): Uint8Array | undefined {
  const isHex = typeof value === "string" && new RegExp(`^0x[0-9a-f]{${2 * length}}$`).test(value);
  return isHex ? fromHex(value, length) : undefined;
}

/** By which a digit that changed is noticed: with another key nothing could be opened, and more be wrapped. */
function checkOf(id: string, version: string, key: Uint8Array): Uint8Array {
  const digest = createHash("sha256").update(`holdfast encryption key\0${id}\0${version}\0`).update(key).digest();
  return Uint8Array.from(digest.subarray(0, CHECK_BYTES));
}

function refused(path: string, got: string): KekRefusedError {
  return new KekRefusedError(`expected a key-encryption key (${FORMAT}) in ${path}, got ${got}; ${WAY_OUT}`);
}
