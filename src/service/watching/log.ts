/** The log: JSON lines on standard output. Whoever reads them may go away, and a disk that takes them may be full: nothing waits for that. */

import { type Logger, type LoggerOptions, pino } from "pino";
import { visible } from "../../json/visible.ts";

/** Lines that could not be written are kept up to this, and later ones dropped. */
const KEPT_BYTES_MAX = 1024 * 1024;
const STDOUT = 1;

/** A log on standard output. */
export function openLog(level: LoggerOptions["level"]): Logger {
  const output = pino.destination({ fd: STDOUT, sync: true, maxLength: KEPT_BYTES_MAX });
  // Without a listener a full disk, or a terminal that was closed, would end the process in the middle of stopping.
  output.on("error", () => undefined);
  const options: LoggerOptions = {
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // JSON lets controls of the second set stand as they are, which a terminal obeys.
    hooks: { streamWrite: (line) => `${visible(line.trimEnd())}\n` },
  };
  if (level !== undefined) options.level = level;
  return pino(options, output);
}
