/**
 * holdfast/pino: a transport of pino, which runs in a thread of its own:
 * `pino.transport({ target: "holdfast/pino", options: { url, key } })`. docs/client.md shows how.
 */

import "../client/required-node.ts";
import { writeSync } from "node:fs";
import { Writable } from "node:stream";
import { type LogOptions, LogSink } from "../log-records/log-sink.ts";

/** Plain data, because it goes to a thread: no functions. */
export type PinoOptions = Omit<LogOptions, "key" | "onTrouble" | "onRefused" | "onRecorded" | "onTrustedOnFirstUse"> & {
  readonly key: string;
};

const STDERR = 2;
/** Characters of a line that is kept until its end comes: a longer one is sent in pieces. */
const LINE_MAX = 16 * 1024 * 1024;

/** Makes the stream that pino's thread writes lines to. @throws HoldfastError options_invalid */
export default function holdfastTransport(options: PinoOptions): Writable {
  const sink = new LogSink(options, say);
  let begun = "";
  const take = (text: string, done: () => void): void => {
    const lines = (begun + text).split("\n");
    begun = lines.pop() ?? "";
    if (begun.length > LINE_MAX) {
      lines.push(begun);
      begun = "";
    }
    sink.take(lines, done);
  };
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _, done) {
      take(textOf(chunk), done);
    },
    writev(chunks, done) {
      take(chunks.map(({ chunk }) => textOf(chunk)).join(""), done);
    },
    // Pino waits for this, with the whole program, for 10 s at most.
    final(done) {
      take("\n", () => sink.close().then(() => done(), done));
    },
  });
}

function textOf(chunk: string | Uint8Array): string {
  return typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
}

/** At once, and not by way of the program's own thread, which waits for this one at its end. */
function say(message: string): void {
  try {
    writeSync(STDERR, `holdfast: ${message}\n`);
  } catch (error) {
    // A pipe that is full or closed: there is nobody to tell.
    if (!["EAGAIN", "EPIPE", "EBADF"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
