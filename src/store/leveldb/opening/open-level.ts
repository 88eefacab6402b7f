/** LevelDB itself: opened, or told why it cannot be. */

import { Level } from "level";
import { DamagedStoreError } from "../../store.ts";
import { WAY_OUT } from "../folder.ts";
import { isLocked, lockedError } from "./lock.ts";
import { LOOK, OpeningFailedError } from "./open-errors.ts";

type Handle = Level<Uint8Array, Uint8Array>;

/** @throws StoreLockedError, DamagedStoreError or OpeningFailedError, in the place of what LevelDB says */
export async function openHandle(
  directory: string,
  { writeBufferSize }: { readonly writeBufferSize: number },
): Promise<Handle> {
  const handle: Handle = new Level(directory, { keyEncoding: "view", valueEncoding: "view", writeBufferSize });
  try {
    await handle.open();
  } catch (error) {
    throw openingError(directory, error);
  }
  return handle;
}

function openingError(directory: string, error: unknown): Error {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (isLocked(cause)) return lockedError(directory, cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `expected a store in ${directory} that LevelDB can open, got: ${why}`;
  if ((cause as { readonly code?: unknown }).code === "LEVEL_CORRUPTION")
    return new DamagedStoreError(`${message}; ${WAY_OUT}`, { cause });
  return new OpeningFailedError(`${message}; nothing in it was lost. ${LOOK}`, { cause });
}
