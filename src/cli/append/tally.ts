/** What was recorded so far of the events that are sent, and what their sender is told of it at the end. */

import { openSync, writeFileSync } from "node:fs";
import { counted } from "../terminal/numbers.ts";
import { openOutput, type Result } from "../terminal/output.ts";

/** What the service says of an event: a member whose name is nearly a known one, or a schema that the ledger does not have. */
export type AnsweredWarning =
  | { readonly path: string; readonly known: string }
  | { readonly path: string; readonly got: string };
export type AnsweredReceipt = {
  readonly index: number;
  readonly duplicate: boolean;
  readonly warnings?: readonly AnsweredWarning[];
};
export type AnsweredBatch = { readonly checkpoint: unknown; readonly receipts: readonly AnsweredReceipt[] };

type Told = AnsweredWarning & { readonly line: number; count: number };

/** Different warnings that are kept; what follows is only counted. */
const WARNINGS_MAX = 20;

export class Tally {
  readonly #write: ((text: string) => void) | undefined;
  /** Events that the service has, those that it had before included. */
  count = 0;
  #duplicates = 0;
  /** Of what was recorded now, and of all. */
  #recorded = new Range();
  #all = new Range();
  #checkpoint: unknown;
  readonly #warnings = new Map<string, Told>();
  #untold = 0;

  /** @param receiptsFile "-" is standard output */
  constructor(receiptsFile: string | undefined) {
    if (receiptsFile !== undefined) this.#write = writerTo(receiptsFile);
  }

  /** @param lines the lines of the file that the receipts are for */
  take({ receipts, checkpoint }: AnsweredBatch, lines: readonly number[]): void {
    this.#checkpoint = checkpoint;
    this.count += receipts.length;
    for (const [i, { index, duplicate, warnings = [] }] of receipts.entries()) {
      this.#all.add(index);
      if (duplicate) this.#duplicates++;
      else this.#recorded.add(index);
      for (const warning of warnings) this.#warn(warning, lines[i] as number);
    }
    this.#write?.(receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(""));
  }

  /** What the person at the terminal has to know besides. */
  notes(): string[] {
    const notes = [...this.#warnings.values()].map((told) => {
      const { path, line, count } = told;
      const more = count === 1 ? "" : `, and ${counted(count - 1, "event")} more`;
      const place = `Line ${line}${more}: `;
      if ("got" in told)
        return `${place}the ledger has no schema ${JSON.stringify(told.got)}; nothing was checked by it.`;
      return `${place}${JSON.stringify(path)} was recorded as it is, and is not found as "${told.known}"; is it misspelt?`;
    });
    return this.#untold === 0 ? notes : [...notes, `${counted(this.#untold, "name")} more may be misspelt.`];
  }

  result(ledger: string): Result {
    const duplicates = this.#duplicates;
    const recorded = this.count - duplicates;
    const warnings = [...this.#warnings.values()];
    const { first, last } = this.#all;
    return {
      json: {
        ledger,
        recorded,
        duplicates,
        first,
        last,
        checkpoint: this.#checkpoint,
        ...(warnings.length > 0 && { warnings }),
      },
      text: [this.#sentence(ledger, recorded, duplicates)],
    };
  }

  #sentence(ledger: string, recorded: number, duplicates: number): string {
    if (recorded === 0) {
      const had = duplicates === 1 ? "the event" : `all ${duplicates} events`;
      return `Nothing new was recorded in ${ledger}: the service says that it had ${had} before.`;
    }
    const known = duplicates === 0 ? "" : ` ${duplicates} had been recorded before.`;
    return `Recorded ${counted(recorded, "event")} in ${ledger}, ${this.#recorded.words()}.${known}`;
  }

  #warn(warning: AnsweredWarning, line: number): void {
    const name = `${warning.path} ${"got" in warning ? warning.got : warning.known}`;
    const told = this.#warnings.get(name);
    if (told !== undefined) told.count++;
    else if (this.#warnings.size < WARNINGS_MAX) this.#warnings.set(name, toldOf(warning, line));
    else this.#untold++;
  }
}

function toldOf(warning: AnsweredWarning, line: number): Told {
  const { path } = warning;
  return "got" in warning ? { path, got: warning.got, line, count: 1 } : { path, known: warning.known, line, count: 1 };
}

/** Receipts are written as they come, to what is opened once: who reads a pipe takes its closing for the end. */
function writerTo(file: string): (text: string) => void {
  if (file === "-") return openOutput(file).write;
  const fd = openSync(file, "w");
  return (text) => writeFileSync(fd, text);
}

/** Indexes between the first and the last of some. */
class Range {
  first: number | undefined;
  last: number | undefined;
  #count = 0;

  add(index: number): void {
    this.first = Math.min(this.first ?? index, index);
    this.last = Math.max(this.last ?? index, index);
    this.#count++;
  }

  /** Events of others may stand between them. */
  words(): string {
    const { first = 0, last = 0 } = this;
    if (first === last) return `index ${first}`;
    return last - first + 1 === this.#count ? `indexes ${first} to ${last}` : `indexes between ${first} and ${last}`;
  }
}
