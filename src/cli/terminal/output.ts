/**
 * What commands print: results on stdout, as text for people or with --json as one JSON value, and everything else on
 * stderr, so that output can be piped.
 */

import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { visible } from "../../json/visible.ts";
import { usageError } from "./failure.ts";
import { type OutputFile, openFile } from "./output-file.ts";

/** A result in both forms. */
export type Result = { readonly json: unknown; readonly text: readonly string[] };

/** Prints a result. */
export function printResult(result: Result, asJson: boolean): void {
  const lines = asJson ? [JSON.stringify(result.json)] : result.text;
  printOut(lines.map((line) => `${visible(line)}\n`).join(""));
}

/** Writes to stdout, whole, also into a pipe whose reader is slow. */
function printOut(text: string | Uint8Array): void {
  writeAll(1, text);
}

/** Where a result goes that is written piece by piece. */
export type Output = { readonly write: (text: string | Uint8Array) => void; readonly close: () => void };

/**
 * A file that is there only once it is whole, or standard output when there is none or it is called "-". It is opened
 * with the first piece, so that a command that fails before leaves what was there.
 */
export function openOutput(file: string | undefined): Output {
  if (file === undefined || file === "-") return { write: printOut, close: () => undefined };
  if (file === "") throw usageError("Expected the name of a file to write, got an empty one.");
  let output: OutputFile | undefined;
  return {
    write: (text) => {
      output ??= openFile(file);
      writeAll(output.fd, text);
    },
    close: () => output?.finish(),
  };
}

/** A word to the person at the terminal. */
export function printNote(text: string): void {
  writeAll(2, `${visible(text)}\n`);
}

/** Lines of columns that are as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Spells milliseconds since 1970 as ISO 8601, or a dash. */
export function spellTime(ms: number | undefined): string {
  return ms === undefined ? "-" : new Date(ms).toISOString();
}

let isReaderGone = false;

/** Whether nobody reads standard output any more, so that going on is no use. */
export function isUnread(): boolean {
  return isReaderGone;
}

/** Asked at once: one that was closed is none any more. */
const TERMINALS = [1, 2].filter((fd) => isatty(fd));

function writeAll(fd: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") {
        isReaderGone ||= fd === 1;
        return; // the reader has seen enough
      }
      if (code === "EIO" && TERMINALS.includes(fd)) return; // it was closed, which is a signal to stop in order
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); // a full pipe that does not block
    }
  }
}
