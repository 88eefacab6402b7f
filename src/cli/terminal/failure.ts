/** How a command ends: with an exit status, and when it failed with one sentence for a person and a code for a program. */

/**
 * 1: refused, failed or wrong. 2: wrong usage, or it could not be found out because something cannot be reached.
 * 3: what was given as a proof is none.
 */
export type FailureStatus = 1 | 2 | 3;

/** Gets the exit status of a command that ended well in another way than 0. */
export type SetExit = (status: number) => void;

export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly exitStatus: FailureStatus;

  constructor(message: string, options: { code: string; exitStatus: FailureStatus; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.exitStatus = options.exitStatus;
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

/** What an error says, with what caused it when it says nothing itself, as errors of fetch do. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as { cause?: unknown };
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  const code = (inner as { code?: unknown } | undefined)?.code;
  if (typeof code === "string" && !error.message.includes(code)) return `${error.message} (${code})`;
  return error.message;
}
