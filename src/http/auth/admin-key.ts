/**
 * The file with the first key that may administer, which the command line uses on the same machine. It is no state of
 * the service, so that one that does not fit stops nothing; but whoever is refused with it should know why.
 */

import { readFile } from "node:fs/promises";
import type { Log } from "../../log.ts";
import type { KeyRing } from "./api-keys.ts";

/** Says when the file is there and holds no key that is in force, without what it holds. */
export async function lookAtAdminKey(path: string, keys: KeyRing, log: Pick<Log, "warn">): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whoever moved it away keeps it elsewhere.
    if (code !== "ENOENT") log.warn({ path }, `the file of the admin key cannot be read (${code})`);
    return;
  }
  if (keys.isInForce(text.trim())) return;
  log.warn(
    { path },
    "this file holds no key that is in force: it was revoked, or the file was changed; bring it back from a backup, or remove it and use another admin key",
  );
}
