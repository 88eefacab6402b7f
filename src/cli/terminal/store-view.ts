/** A store that a command looks at, of a service that is stopped, and leaves as it is. */

import { existsSync } from "node:fs";
import { openView, type View } from "../../store/leveldb/linked-view.ts";
import { findStart } from "../../store/leveldb/opening/restore-kept.ts";
import type { StoreLockedError } from "../../store/store.ts";
import { CliError, usageError } from "./failure.ts";
import { printNote } from "./output.ts";

/** A view of what the next start will go on with: not of a folder that a killed one was just opening. */
export async function viewOf(folder: string): Promise<View> {
  try {
    const start = await findStart(folder);
    if (!existsSync(start)) throw usageError(`Expected a store at ${folder}, got nothing; give --data.`);
    if (start !== folder) {
      printNote(
        `A start was killed while it worked on ${folder}; what it left in ${start} is looked at, as by the next.`,
      );
    }
    return await openView(folder, start);
  } catch (cause) {
    throw cause instanceof CliError ? cause : unreadable(folder, cause);
  }
}

/** Another process has the store. @param orElse what can be done besides stopping it, as ", or …" */
export function inUse(folder: string, cause: StoreLockedError, orElse = ""): CliError {
  const message = `A service is using ${folder}; stop it first${orElse}.`;
  return new CliError(message, { code: cause.code, exitStatus: 2, cause });
}

/** Whether the file system refused something. */
export function isFileError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/** What cannot be looked at is not known to be wrong. */
export function unreadable(folder: string, cause: unknown): CliError {
  const message = `${folder} could not be read, so that nothing is known of it: ${(cause as Error).message}`;
  return new CliError(message, { code: "unreadable", exitStatus: 2, cause });
}
