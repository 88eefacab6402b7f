/**
 * Lines of a file as batches to send, each with the idempotency key that it will have again when the same file is
 * sent again. The key follows from the place and the text of the batch, so that a second run records nothing twice.
 * Why: docs/decisions/0064.
 */

import { createHash } from "node:crypto";
import { readJson } from "../../json/read.ts";

/** A request's worth of lines. */
export type Batch = {
  readonly text: string;
  /** Number in the file, from 1, of each line. */
  readonly lines: readonly number[];
  readonly idempotencyKey: string;
};

export type BatchOptions = {
  readonly countMax: number;
  readonly charactersMax: number;
  /** Goes into the keys: other words make other keys. */
  readonly run: string;
  /** Give every event without an `id` one that follows from its text. */
  readonly addIds: boolean;
};

/** Groups lines, in order; empty lines are left out. */
export async function* batchesOf(lines: AsyncIterable<string>, options: BatchOptions): AsyncGenerator<Batch> {
  const ids = options.addIds ? new IdMaker(options.run) : undefined;
  let number = 0;
  let held: string[] = [];
  let numbers: number[] = [];
  let characters = 0;
  for await (const read of lines) {
    number++;
    const line = number === 1 && read.startsWith("\ufeff") ? read.slice(1) : read;
    if (line.trim() === "") continue;
    const event = ids?.addTo(line) ?? line;
    if (held.length > 0 && characters + event.length > options.charactersMax) {
      yield batchOf(held, numbers, options.run);
      [held, numbers, characters] = [[], [], 0];
    }
    held.push(event);
    numbers.push(number);
    characters += event.length + 1;
    if (held.length === options.countMax) {
      yield batchOf(held, numbers, options.run);
      [held, numbers, characters] = [[], [], 0];
    }
  }
  if (held.length > 0) yield batchOf(held, numbers, options.run);
}

function batchOf(events: readonly string[], lines: readonly number[], run: string): Batch {
  const text = `${events.join("\n")}\n`;
  const key = createHash("sha256").update(`${run}\n${lines[0]}\n${text}`).digest("hex");
  return { text, lines, idempotencyKey: `cli-${key}` };
}

/** Ids of events that have none: the digest of the text, and which of the lines with that text it is. */
class IdMaker {
  readonly #run: string;
  readonly #seen = new Map<string, number>();

  constructor(run: string) {
    this.#run = run;
  }

  addTo(line: string): string {
    const text = line.trim();
    if (!text.startsWith("{") || hasId(text)) return line;
    const digest = createHash("sha256").update(`${this.#run}\n${text}`).digest("hex").slice(0, 40);
    const occurrence = (this.#seen.get(digest) ?? 0) + 1;
    this.#seen.set(digest, occurrence);
    const rest = text.slice(1).trimStart();
    return `{"id":"cli-${digest}-${occurrence}"${rest.startsWith("}") ? "" : ","}${rest}`;
  }
}

function hasId(text: string): boolean {
  try {
    return Object.hasOwn(readJson(text) as object, "id");
  } catch {
    return true; // the service says better what is wrong with the line
  }
}
