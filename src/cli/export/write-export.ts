/**
 * The file of an export: text as it comes, or a table of Parquet, a row group at a time. What was written is counted
 * and digested for the trailer.
 */

import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import type { Column } from "../../export/columns.ts";
import { type TextFormat, textWriter } from "../../export/formats.ts";
import type { ExportRecord } from "../../export/record.ts";
import { CliError, fileReason } from "../terminal/failure.ts";
import { openOutput } from "../terminal/output.ts";
import { type OutputFile, openFile } from "../terminal/output-file.ts";
import { ParquetTable } from "./parquet.ts";

export type FileFormat = TextFormat | "parquet";

export type ExportFileOptions = { readonly ledger: string; readonly columns: readonly Column[] };

/** Where bytes go, and the end of it. */
export type Sink = { readonly write: (bytes: Uint8Array) => void; readonly finish: () => void };

export class ExportFile {
  readonly #sink: Sink;
  readonly #write: (records: readonly ExportRecord[]) => void;
  readonly #end: (note: () => string) => void;
  readonly #sha256 = createHash("sha256");
  bytes = 0;
  count = 0;
  first: number | null = null;
  last: number | null = null;

  /** @param file "-" is standard output, for text */
  constructor(file: string, format: FileFormat, options: ExportFileOptions) {
    this.#sink = sinkOf(file);
    if (format === "parquet") {
      const table = new ParquetTable(options.columns, (bytes) => this.#put(bytes));
      this.#write = (records) => table.add(records);
      this.#end = (note) => table.end(note());
    } else {
      const { begin, write } = textWriter(format, options);
      this.#put(Buffer.from(begin));
      this.#write = (records) => this.#put(Buffer.from(records.map(write).join("")));
      this.#end = () => undefined;
    }
  }

  get sha256(): string {
    return this.#sha256.copy().digest("hex");
  }

  add(records: readonly ExportRecord[]): void {
    this.count += records.length;
    this.first ??= records[0]?.index ?? null;
    this.last = records.at(-1)?.index ?? this.last;
    this.#write(records);
  }

  /** Writes what is left. @param note what a table says of itself */
  end(note: () => string): void {
    this.#end(note);
  }

  /** Makes it what is there under the name. @param trailer a last line that is not digested */
  finish(trailer: string): void {
    if (trailer !== "") this.#sink.write(Buffer.from(trailer));
    this.#sink.finish();
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#sha256.update(bytes);
    this.bytes += bytes.length;
    this.#sink.write(bytes);
  }
}

/** @param file is there when it is whole; "-" is standard output */
export function sinkOf(file: string): Sink {
  if (file === "-") {
    const { write, close } = openOutput("-");
    return { write, finish: close };
  }
  let output: OutputFile | undefined;
  const open = () => {
    output ??= openFile(file);
    return output;
  };
  return {
    write(bytes) {
      const { fd } = open();
      for (let at = 0; at < bytes.length; ) at += telling(file, () => writeSync(fd, bytes, at));
    },
    finish() {
      const { finish } = open();
      telling(file, finish);
    },
  };
}

/** Does it to a file, and says which one it was when the system refuses. */
function telling<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const message = `${JSON.stringify(file)} cannot be written: ${fileReason(cause)}. What was there stays.`;
    throw new CliError(message, { code: "unwritable", exitStatus: 1, cause });
  }
}
