/** How a command ends: with an exit status, and when it failed with one sentence for a person and a code for a program. */

/**
 * 1: refused, failed or wrong. 2: wrong usage, or it could not be found out because something cannot be reached.
 * 3: what was given as a proof is none.
 */
export type FailureStatus = 1 | 2 | 3;

/** Gets the exit status of a command that ended well in another way than 0. */
export type SetExit = (status: number) => void;

type CliErrorOptions = {
  readonly code: string;
  readonly exitStatus: FailureStatus;
  readonly details?: readonly string[];
  readonly cause?: unknown;
};

export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly exitStatus: FailureStatus;
  /** Said below the message, a line each. */
  readonly details: readonly string[];

  constructor(message: string, options: CliErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.exitStatus = options.exitStatus;
    this.details = options.details ?? [];
  }
}

/** The command was called in a way that has no meaning. */
export function usageError(message: string): CliError {
  return new CliError(message, { code: "usage", exitStatus: 2 });
}

/** Something that is needed does not answer. */
export function unreachable(message: string, cause?: unknown): CliError {
  return new CliError(message, { code: "unreachable", exitStatus: 2, cause });
}

/** What the store or the keys cannot do for now, such as on a full disk. */
const NOT_NOW = ["store_unavailable", "key_unavailable"];

/** Whether something cannot be done for now, and can be tried again. */
export function isNotNow(error: unknown): error is NodeJS.ErrnoException & Error {
  return error instanceof Error && NOT_NOW.includes(String((error as NodeJS.ErrnoException).code));
}

/** @param what was not done, in words */
export function notNow(what: string, error: NodeJS.ErrnoException): CliError {
  const message = `${what}: ${error.message} (${firstCause(error).message}).`;
  return new CliError(message, { code: error.code as string, exitStatus: 2, cause: error });
}

/** A full disk is one behind other errors. */
function firstCause(error: Error): Error {
  return error.cause instanceof Error ? firstCause(error.cause) : error;
}

/** Why a file cannot be read or written, said after its name. */
export function fileReason(error: unknown): string {
  const { code = "", message = String(error) } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  const word = FILE_WORDS[code];
  return word === undefined ? message : `${word} (${code})`;
}

const FILE_WORDS: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EDQUOT: "this user may have no more on that disk",
  EISDIR: "it is a folder",
  EMFILE: "this process has too many files open",
  ENOENT: "there is none",
  ENOSPC: "the disk is full",
  ENOTDIR: "something on the way to it is no folder",
  EPERM: "the system does not allow it",
  EROFS: "its disk takes no writes",
};
