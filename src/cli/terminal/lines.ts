/** Files and standard input as lines of text: UTF-8 as it must be, because a changed byte shall not pass unseen. */

import { createReadStream, statSync } from "node:fs";
import { CliError, fileReason, usageError } from "./failure.ts";

const STDIN = 0;
/** Characters of what could not be read that are kept. */
const BEGIN_MAX = 65_536;

/** What is in a file is no text, or has a line that is too long. */
export class UnreadableError extends CliError {
  /** What was expected, and what came. */
  readonly problem: string;
  /** As much of it as can be read, in whatever way. */
  readonly begin: string;

  constructor(problem: string, code: "utf8_invalid" | "line_too_long", begin: string) {
    super(`Could not be read: ${problem}.`, { code, exitStatus: 1 });
    this.problem = problem;
    this.begin = begin;
  }
}

export type LineOptions = {
  /** Is told of every piece that was read. */
  readonly onBytes?: (count: number) => void;
  /** A longer line is not collected any further. */
  readonly charactersMax: number;
  /** A byte order mark in front belongs to the first line, as any other character; it is left out otherwise. */
  readonly keepsMark?: boolean;
};

/**
 * Lines without their newlines; what follows the last newline is a line only when it is not empty.
 * @param file a path, or "-" for standard input
 * @throws CliError when it cannot be read, UnreadableError when it is not UTF-8 or has a line that is too long
 */
export async function* readLines(file: string, options: LineOptions): AsyncGenerator<string, void, void> {
  for await (const lines of readLineGroups(file, options)) for (const line of lines) yield line;
}

/** The lines of {@link readLines}, those that were read together at once: waiting for each of millions takes seconds. */
export async function* readLineGroups(
  file: string,
  { onBytes = () => undefined, charactersMax, keepsMark = false }: LineOptions,
): AsyncGenerator<readonly string[], void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: keepsMark });
  const name = file === "-" ? "standard input" : file;
  let open: string[] = [];
  let length = 0;
  let begin: Uint8Array = new Uint8Array(0);
  try {
    const stream = file === "-" ? createReadStream("", { fd: STDIN, autoClose: false }) : createReadStream(file);
    for await (const chunk of stream) {
      onBytes((chunk as Buffer).length);
      if (begin.length === 0) begin = (chunk as Buffer).subarray(0, BEGIN_MAX);
      const lines = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
      const rest = lines.pop() ?? "";
      const [first] = lines;
      if (first !== undefined) {
        lines[0] = open.join("") + first;
        open = [];
        length = 0;
        yield lines;
      }
      open.push(rest);
      length += rest.length;
      if (length > charactersMax) throw tooLong(name, charactersMax, begin);
    }
    open.push(decoder.decode());
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const { code } = cause as { code?: string };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
      throw new UnreadableError(`expected UTF-8 in ${name}, got other bytes`, "utf8_invalid", spell(begin));
    }
    if (code === undefined) throw cause;
    throw usageError(`Could not read ${name}: ${fileReason(cause)}.`);
  }
  const last = open.join("");
  if (last !== "") yield [last];
}

/** Bytes of a file; 0 where the end is not known. */
export function sizeOf(file: string): number {
  return file === "-" ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

function tooLong(name: string, charactersMax: number, begin: Uint8Array): CliError {
  const problem = `expected lines of at most ${charactersMax} characters in ${name}, got a longer one`;
  return new UnreadableError(problem, "line_too_long", spell(begin));
}

/** Text as far as bytes are one. */
function spell(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
