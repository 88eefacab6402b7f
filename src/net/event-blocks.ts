/** Reads a stream of Server-Sent Events, HTML §9.2.6: fields of a line each, and blocks that an empty line ends. */

import { AnswerError } from "./bounded-fetch.ts";

/** What a block says; without data it only has a place. */
export type EventBlock = { readonly type: string; readonly id: string | undefined; readonly data: string | undefined };

/** Of a block that is not whole yet; an event has 64 KiB, which JSON may spell with six times as many. */
const CHARACTERS_MAX = 1024 * 1024;

export class EventBlocks {
  readonly #take: (block: EventBlock) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #type = "message";
  #id: string | undefined;
  #data: string[] = [];
  #dataLength = 0;

  /** @param take gets each block when it is whole; what comes of one that is not is dropped with the connection */
  constructor(take: (block: EventBlock) => void) {
    this.#take = take;
  }

  /** @throws AnswerError for a block that does not end */
  push(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    // A carriage return at the end may be the first half of a line's end.
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    if (this.#rest.length + this.#dataLength > CHARACTERS_MAX)
      throw new AnswerError(`expected an event of at most ${CHARACTERS_MAX} characters, got more`);
  }

  #line(line: string): void {
    if (line === "") this.#end();
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (name === "data") {
      this.#data.push(value);
      this.#dataLength += value.length + 1;
    } else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "event") this.#type = value;
  }

  #end(): void {
    const data = this.#data.length === 0 ? undefined : this.#data.join("\n");
    this.#take({ type: this.#type, id: this.#id, data });
    this.#type = "message";
    this.#data = [];
    this.#dataLength = 0;
  }
}
