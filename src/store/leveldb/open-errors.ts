/** What is said when a folder cannot be opened although nothing in it is damaged. */

/** LevelDB could not open the folder, or opened less than it held; the folder is as it was. Trying again may help. */
export class OpeningFailedError extends Error {
  override readonly name = "OpeningFailedError";
  readonly code = "store_not_opened";
}

/** What helps when the disk or the system refuses something. */
export const LOOK =
  "Look at who may write there, at the room on the disk and at the system's log, and start again: what was refused may have passed";
export function notOpened(directory: string, cause: Error): OpeningFailedError {
  const message = `expected to open ${directory}, got: ${cause.message}; nothing in it was lost. ${LOOK}`;
  return new OpeningFailedError(message, { cause });
}
