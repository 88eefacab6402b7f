/** Files and standard input as lines of text: UTF-8 as it must be, because a changed byte shall not pass unseen. */

import { createReadStream, statSync } from "node:fs";
import { CliError, usageError } from "./failure.ts";

const STDIN = 0;

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
 * @throws CliError when it cannot be read, is not UTF-8, or has a line that is too long
 */
export async function* readLines(
  file: string,
  { onBytes = () => undefined, charactersMax, keepsMark = false }: LineOptions,
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: keepsMark });
  const name = file === "-" ? "standard input" : file;
  let open: string[] = [];
  let length = 0;
  try {
    const stream = file === "-" ? createReadStream("", { fd: STDIN, autoClose: false }) : createReadStream(file);
    for await (const chunk of stream) {
      onBytes((chunk as Buffer).length);
      const [first = "", ...lines] = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
      open.push(first);
      length += first.length;
      for (const line of lines) {
        yield open.join("");
        open = [line];
        length = line.length;
      }
      if (length > charactersMax) throw tooLong(name, charactersMax);
    }
    open.push(decoder.decode());
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const { code } = cause as { code?: string };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
      throw new CliError(`Expected UTF-8 in ${name}, got other bytes.`, { code: "utf8_invalid", exitStatus: 1 });
    }
    if (code === undefined) throw cause;
    throw usageError(`Could not read ${name}: ${(cause as Error).message}.`);
  }
  const last = open.join("");
  if (last !== "") yield last;
}

/** Bytes of a file; 0 where the end is not known. */
export function sizeOf(file: string): number {
  return file === "-" ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

function tooLong(name: string, charactersMax: number): CliError {
  const message = `Expected lines of at most ${charactersMax} characters in ${name}, got a longer one.`;
  return new CliError(message, { code: "line_too_long", exitStatus: 1 });
}
