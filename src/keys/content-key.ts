/**
 * The content key: a secret that goes into the digests by which repeated events are told from conflicts, so that whoever
 * reads the store cannot confirm a guess. With another key honest repetitions look like conflicts.
 */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Log } from "../log.ts";
import { concat, fromHex, toHex, utf8 } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import { makeFolder, replaceFile } from "../store/durable-file.ts";
import type { Store } from "../store/store.ts";
import { KeyError } from "./key-source.ts";
import { compareSecret } from "./secret-check.ts";

const LENGTH = 32;
const CHECK_LENGTH = 16;

/**
 * Reads the content key, and makes it when there is none.
 * @throws KeyError when the file holds none, SecretChangedError when it is another one than before
 */
export async function openContentKey(
  path: string,
  {
    store,
    hash,
    log,
    isUsed,
  }: { readonly store: Store; readonly hash: Hash; readonly log: Log; readonly isUsed: boolean },
): Promise<Uint8Array> {
  await makeFolder(dirname(path));
  const found = await readKey(path);
  if (found === undefined && isUsed) {
    log.warn(
      { path },
      "the content key is gone and another is made: events that are sent again will look like conflicts; bring keys/content.key back from a backup to change that",
    );
  }
  const key = found ?? Uint8Array.from(randomBytes(LENGTH));
  // If we crash before it is there whole, nothing was recorded with it, and the next start makes another.
  if (found === undefined) await replaceFile(path, `${toHex(key)}\n`);
  const check = toHex(hash(concat(utf8("holdfast content key"), key)).subarray(0, CHECK_LENGTH));
  const wayOut =
    "bring the file back from a backup; when it is lost for good, remove it: another is made, and events that are sent again will look like conflicts";
  const place = `keys/${basename(path)}`;
  await compareSecret(store, { role: "content", place, path, check, isExpected: found === undefined }, wayOut);
  return key;
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new KeyError(`expected to read ${path}, got ${code}`);
  }
  // The message must not show what is in the file.
  if (/^0x[0-9a-f]{64}$/.test(text)) return fromHex(text, LENGTH);
  throw new KeyError(
    `expected in ${path} the content key, 0x and ${2 * LENGTH} hex digits in lower case, got ${text.length} other characters; bring the file back from a backup, or remove it when it is lost for good: another is made, and events that are sent again will look like conflicts`,
  );
}
