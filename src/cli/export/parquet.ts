/**
 * The door of `hyparquet-writer`: events as a table of Apache Parquet. Rows are held until they are a row group, and then
 * written and forgotten; the file is none until its footer is there.
 * Why: docs/decisions/0181.
 */

import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import type { Column } from "../../export/columns.ts";
import type { ExportRecord } from "../../export/record.ts";

/** Of a row group: what is held in memory. Few and large ones keep the footer short. */
const ROWS_MAX = 50_000;
const CHARACTERS_MAX = 16 * 1024 * 1024;
const NOTE = "holdfast.export";

type Value = string | bigint | Date | undefined;

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];

export class ParquetTable {
  readonly #columns: readonly Column[];
  readonly #take: (bytes: Uint8Array) => void;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  #rows: Value[][];
  #count = 0;
  #characters = 0;

  constructor(columns: readonly Column[], take: (bytes: Uint8Array) => void) {
    this.#columns = columns;
    this.#take = take;
    const root: SchemaElement = { name: "events", num_children: columns.length };
    const schema = [root, ...columns.map(({ name }) => elementOf(name))];
    this.#writer = new ParquetWriter({ writer: this.#bytes, schema, createdBy: "holdfast" });
    this.#rows = columns.map(() => []);
  }

  add(records: readonly ExportRecord[]): void {
    for (const record of records) {
      for (const [i, column] of this.#columns.entries()) {
        const value = valueIn(column, record);
        this.#rows[i]?.push(value);
        this.#characters += typeof value === "string" ? value.length : 8;
      }
      this.#count++;
      if (this.#count >= ROWS_MAX || this.#characters >= CHARACTERS_MAX) this.#writeRows();
    }
  }

  /** @param note what stands in the footer */
  end(note: string): void {
    this.#writeRows();
    this.#writer.kvMetadata = [{ key: NOTE, value: note }];
    this.#writer.finish();
    this.#flush();
  }

  #writeRows(): void {
    if (this.#count === 0) return;
    const columnData = this.#columns.map(({ name }, i): ColumnSource => {
      return { name, data: this.#rows[i] as Value[], offsetIndex: false, statistics: name in TYPES };
    });
    this.#writer.write({ columnData, rowGroupSize: this.#count });
    this.#rows = this.#columns.map(() => []);
    this.#count = 0;
    this.#characters = 0;
    this.#flush();
  }

  /** Hands on what was encoded; the writer counts its offsets itself. */
  #flush(): void {
    this.#take(this.#bytes.getBytes().slice());
    this.#bytes.index = 0;
  }
}

/** Columns that are no texts. */
const TYPES: Readonly<Record<string, Omit<SchemaElement, "name">>> = {
  index: { type: "INT64", repetition_type: "REQUIRED" },
  recordedAt: { type: "INT64", converted_type: "TIMESTAMP_MILLIS", repetition_type: "OPTIONAL" },
};

function elementOf(name: string): SchemaElement {
  if (Object.hasOwn(TYPES, name)) return { name, ...TYPES[name] };
  return { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" };
}

function valueIn({ name, read }: Column, record: ExportRecord): Value {
  if (name === "index") return BigInt(record.index);
  if (name === "recordedAt") return Math.abs(record.recordedAt) <= 8.64e15 ? new Date(record.recordedAt) : undefined;
  const cell = read(record);
  return typeof cell === "number" ? JSON.stringify(cell) : cell;
}
