/** holdfast/winston: a transport of winston. docs/client.md shows how. */

import "../client/required-node.ts";
import TransportStream from "winston-transport";
import { type LogOptions, LogSink } from "../log-records/log-sink.ts";

/** Options of a client, and those that every transport of winston has. */
export type WinstonOptions = LogOptions & TransportStream.TransportStreamOptions;

/** Emits `logged` when a record is accepted, and `warn` with what is lost or fails; never `error`, which would end programs. */
export class HoldfastTransport extends TransportStream {
  readonly #sink: LogSink;

  /** @throws HoldfastError options_invalid */
  constructor({ format, level, silent, handleExceptions, handleRejections, ...options }: WinstonOptions) {
    super({
      ...(format !== undefined && { format }),
      ...(level !== undefined && { level }),
      ...(silent !== undefined && { silent }),
      ...(handleExceptions !== undefined && { handleExceptions }),
      ...(handleRejections !== undefined && { handleRejections }),
    });
    this.#sink = new LogSink(options, (message) => void this.emit("warn", new Error(`holdfast: ${message}`)));
  }

  override log(info: object, next: () => void): void {
    this.#sink.take([lineOf(info)], next, () => void this.emit("logged", info));
  }

  /** Records that are lost: there was no room for them, or not in time. */
  get lost(): number {
    return this.#sink.lost;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#sink.close().then(() => done(), done);
  }
}

/** What winston hands over as a line of JSON; what JSON cannot spell is spelled as a text. */
function lineOf(info: object): string {
  const { timestamp } = info as { readonly timestamp?: unknown };
  // Time passes until it is sent.
  const timed = timestamp === undefined ? { ...info, timestamp: new Date().toISOString() } : info;
  const seen = new Set<unknown>();
  try {
    return JSON.stringify(timed, (_, value: unknown) => {
      if (typeof value === "bigint") return String(value);
      if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
      return value;
    });
  } catch {
    return JSON.stringify(timed, (_, value: unknown) => {
      if (typeof value === "bigint") return String(value);
      if (typeof value !== "object" || value === null) return value;
      if (seen.has(value)) return "(seen above)";
      seen.add(value);
      return value;
    });
  }
}
