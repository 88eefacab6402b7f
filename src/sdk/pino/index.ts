/**
 * holdfast/pino: a transport of pino, which runs in a thread of its own:
 * `pino.transport({ target: "holdfast/pino", options: { url, key } })`. docs/client.md shows how.
 */

import { Writable } from "node:stream";
import { type LogOptions, LogSink } from "../log-records/log-sink.ts";

/** Plain data, because it goes to a thread: no functions. */
export type PinoOptions = Omit<LogOptions, "key" | "onTrouble" | "onRefused" | "onRecorded" | "onTrustedOnFirstUse"> & {
  readonly key: string;
};

/** Characters of a line that is kept until its end comes: a longer one is sent in pieces. */
const LINE_MAX = 16 * 1024 * 1024;

/** Makes the stream that pino's thread writes lines to. @throws HoldfastError options_invalid */
export default function holdfastTransport(options: PinoOptions): Writable {
  const sink = new LogSink(options, (message) => process.stderr.write(`holdfast: ${message}\n`));
  let begun = "";
  const write = async (text: string): Promise<void> => {
    const lines = (begun + text).split("\n");
    begun = lines.pop() ?? "";
    if (begun.length > LINE_MAX) {
      lines.push(begun);
      begun = "";
    }
    if (lines.length > 0) await sink.write(lines);
  };
  return new Writable({
    // As much as may wait while a batch is accepted; then whoever logs is held back.
    highWaterMark: 1024 * 1024,
    decodeStrings: false,
    write(chunk: string | Uint8Array, _, done) {
      write(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()).then(() => done(), done);
    },
    writev(chunks, done) {
      const text = chunks
        .map(({ chunk }) => (typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()))
        .join("");
      write(text).then(() => done(), done);
    },
    final(done) {
      sink
        .write([begun])
        .then(() => sink.close())
        .then(() => done(), done);
    },
  });
}
