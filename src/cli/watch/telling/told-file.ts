/**
 * What a watcher told, and is still to tell: records in one file beside its state, replaced as a whole by each write. A file that cannot be
 * read is never taken for one that is not there, and one that somebody else wrote is not written over.
 */

import { existsSync } from "node:fs";
import { readJson } from "../../../json/read.ts";
import { replaceFile, withWayOut } from "../../../store/durable-file.ts";
import type { RecordRange, RecordWrite } from "../../../store/store.ts";
import { readKeptFile } from "../../../store/text-file.ts";
import { usageError } from "../../terminal/failure.ts";

const FORMAT = "holdfast/watch-told@1";
const BYTES_MAX = 64 * 1024 * 1024;

type Spaces = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class ToldFile {
  readonly #path: string;
  /** What this watcher last read or wrote; undefined while there is no file. */
  #known: string | undefined;
  /** What it last began to write: it may be there also where that failed, as when it could not be made durable. */
  #begun: string | undefined;
  #spaces: Spaces = {};
  #last: Promise<void> = Promise.resolve();

  /** @throws CliError when it is there and cannot be read */
  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    try {
      this.#known = readKeptFile(path, BYTES_MAX);
      this.#spaces = spacesIn(this.#known);
    } catch (cause) {
      throw usageError(
        `What was told, in ${path}, cannot be used: ${(cause as Error).message}; bring back a copy of it, or move it away: alerts that fire are told anew then.`,
      );
    }
  }

  async *records(space: string, _range?: RecordRange): AsyncIterable<readonly [key: string, value: string]> {
    yield* Object.entries(this.#spaces[space] ?? {});
  }

  record(space: string, key: string): string | undefined {
    return this.#spaces[space]?.[key];
  }

  /** One after the other; what fails is as if it had not been asked. @throws Error when the file cannot be written */
  writeRecords(writes: readonly RecordWrite[]): Promise<void> {
    const done = this.#last.then(() => this.#write(writes));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #write(writes: readonly RecordWrite[]): Promise<void> {
    const spaces: Record<string, Record<string, string>> = {};
    for (const [space, records] of Object.entries(this.#spaces)) spaces[space] = { ...records };
    for (const { space, key, value } of writes) {
      const records = spaces[space] ?? {};
      if (value === undefined) delete records[key];
      else records[key] = value;
      spaces[space] = records;
    }
    const text = `${JSON.stringify({ format: FORMAT, spaces })}\n`;
    const found = existsSync(this.#path) ? readKeptFile(this.#path, BYTES_MAX) : undefined;
    if (found !== undefined && found !== this.#known && found !== this.#begun)
      throw new Error(`another watcher uses ${this.#path}: give each a --state of its own`);
    this.#begun = text;
    await withWayOut("write what was told to", this.#path, () => replaceFile(this.#path, text));
    this.#known = text;
    this.#spaces = spaces;
  }
}

function spacesIn(text: string): Spaces {
  const { format, spaces } = readJson(text) as { readonly format?: unknown; readonly spaces?: Spaces };
  if (format === FORMAT && typeof spaces === "object" && spaces !== null) return spaces;
  throw new Error(`expected the format ${FORMAT}, got something else`);
}
