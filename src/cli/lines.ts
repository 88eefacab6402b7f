/** Files and standard input as lines of text: UTF-8 as it must be, because a changed byte shall not pass unseen. */

import { createReadStream } from "node:fs";
import { CliError, usageError } from "./failure.ts";

const STDIN = 0;

/**
 * Lines without their newlines; what follows the last newline is a line only when it is not empty.
 * @param file a path, or "-" for standard input
 * @param onBytes is told of every piece that was read
 * @throws CliError when it cannot be read or is not UTF-8
 */
export async function* readLines(
  file: string,
  onBytes: (count: number) => void = () => undefined,
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const name = file === "-" ? "standard input" : file;
  let open: string[] = [];
  try {
    const stream = file === "-" ? createReadStream("", { fd: STDIN, autoClose: false }) : createReadStream(file);
    for await (const chunk of stream) {
      onBytes((chunk as Buffer).length);
      const [first = "", ...lines] = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
      open.push(first);
      for (const line of lines) {
        yield open.join("");
        open = [line];
      }
    }
    open.push(decoder.decode());
  } catch (cause) {
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
