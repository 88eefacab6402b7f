/** A client of Server-Sent Events that reads as HTML §9.2.6 says: blocks, their ids, and how the stream ended. */

import type { Running } from "./service.ts";

/** A block that was dispatched. */
export type Block = { readonly type: string; readonly id: string; readonly data: unknown };

export class EventStream {
  readonly status: number;
  readonly headers: Headers;
  /** The id that a client would come again with, which has done with what was taken. */
  lastId = "";
  readonly comments: string[] = [];
  #retryMs: number | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #stop: AbortController;
  readonly #decoder = new TextDecoder();
  /** Those without data only move the reader on. */
  readonly #blocks: Block[] = [];
  #readId = "";
  #rest = "";
  #isOver = false;

  private constructor(response: Response, stop: AbortController) {
    this.status = response.status;
    this.headers = response.headers;
    this.#reader = response.body?.getReader();
    this.#stop = stop;
  }

  static async open(
    { url }: Pick<Running, "url">,
    { key, query = "", lastId }: { readonly key: string; readonly query?: string; readonly lastId?: string },
  ): Promise<EventStream> {
    const stop = new AbortController();
    const headers = { Authorization: `Bearer ${key}`, ...(lastId !== undefined && { "Last-Event-ID": lastId }) };
    const path = `/v1/ledgers/main/events/tail${query}`;
    return new EventStream(await fetch(url + path, { headers, signal: stop.signal }), stop);
  }

  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** The next block; undefined at the end of the stream. */
  async next(): Promise<Block | undefined> {
    for (;;) {
      this.#pass();
      const block = this.#blocks.shift();
      if (block !== undefined) {
        this.lastId = block.id;
        return block;
      }
      if (!(await this.#read())) return undefined;
    }
  }

  /** The next blocks, as many as are asked for. */
  async take(count: number): Promise<Block[]> {
    const taken: Block[] = [];
    while (taken.length < count) {
      const block = await this.next();
      if (block === undefined) throw new Error(`expected ${count} events, got the end after ${taken.length}`);
      taken.push(block);
    }
    return taken;
  }

  /** Reads until a condition holds, whatever comes. */
  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      this.#pass();
      if (condition() || !(await this.#read())) return;
    }
  }

  #pass(): void {
    while (this.#blocks[0] !== undefined && this.#blocks[0].data === undefined) {
      this.lastId = (this.#blocks.shift() as Block).id;
    }
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(): Promise<boolean> {
    if (this.#isOver) return false;
    const read = await this.#reader?.read().catch(() => undefined);
    if (read?.value === undefined) {
      this.#isOver = true;
      return false;
    }
    const parts = (this.#rest + this.#decoder.decode(read.value, { stream: true })).split("\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) this.#take(part);
    return true;
  }

  #take(part: string): void {
    let type = "message";
    const data: string[] = [];
    for (const line of part.split("\n")) {
      const at = line.indexOf(":");
      const name = line.slice(0, at);
      const value = line.slice(at + 1).replace(/^ /, "");
      if (at === 0) this.comments.push(value);
      else if (name === "id") this.#readId = value;
      else if (name === "data") data.push(value);
      else if (name === "event") type = value;
      else if (name === "retry") this.#retryMs = Number(value);
      else throw new Error(`expected a field of an event stream, got ${JSON.stringify(line)}`);
    }
    const all = data.length > 0 ? JSON.parse(data.join("\n")) : undefined;
    this.#blocks.push({ type, id: this.#readId, data: all });
  }
}
