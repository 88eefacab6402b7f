/** What is said when a folder cannot be opened although nothing in it is damaged. */

/** LevelDB could not open the folder, or opened less than it held; the folder is as it was. Trying again may help. */
export class OpeningFailedError extends Error {
  override readonly name = "OpeningFailedError";
  readonly code = "store_not_opened";
}

/** A folder and what a killed opening had kept are not of one opening: a person has to say which is meant. */
export class AmbiguousFolderError extends Error {
  override readonly name = "AmbiguousFolderError";
  readonly code = "store_ambiguous";

  constructor(directory: string, kept: string) {
    super(
      `expected ${directory} as a start that was killed left it beside ${kept}, got another one, as when a copy was brought ` +
        `back meanwhile; nothing was changed. To go on with the folder as it is, move ${kept} elsewhere; to go on with what that ` +
        `start had found, move ${directory} elsewhere. Then start again; when in doubt, keep both and take the newer one`,
    );
  }
}

/** What helps when the disk or the system refuses something. */
export const LOOK =
  "Look at who may write there, at the room on the disk and at the system's log, and start again: what was refused may have passed";
export function notOpened(directory: string, cause: Error): OpeningFailedError {
  const message = `expected to open ${directory}, got: ${cause.message}; nothing in it was lost. ${LOOK}`;
  return new OpeningFailedError(message, { cause });
}
