/**
 * Docker's `splunk` log driver as it behaves (measured, and read in its source): tries the collector with OPTIONS and no key; keeps
 * lines in memory; sends what it has on a timer and whenever a batch is full, in batches, one connection; takes exactly 200 for
 * success; keeps everything else and sends it again together with what is new, without any id.
 */

import { Agent, request } from "node:http";
import { gzipSync } from "node:zlib";

const PATH = "/services/collector/event/1.0";
const BATCH = 1000;
const BUFFER = 10_000;

export type DockerOptions = {
  readonly url: string;
  readonly token: string;
  readonly tag: string;
  readonly gzip?: boolean;
  /** 5000 in Docker. */
  readonly everyMs: number;
};

export class DockerDriver {
  readonly #options: DockerOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #timer: NodeJS.Timeout;
  #lines: string[] = [];
  #sending: Promise<void> = Promise.resolve();
  #isSending = false;
  /** Statuses that it got, 0 for a connection that was refused or cut. */
  readonly statuses = new Map<number, number>();
  /** Lines that it gave up. */
  dropped = 0;

  private constructor(options: DockerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#flush(false), options.everyMs);
  }

  /** A container starts. @throws Error when the collector does not answer its try with 200 */
  static async start(options: DockerOptions): Promise<DockerDriver> {
    const driver = new DockerDriver(options);
    const status = await driver.#ask("OPTIONS", undefined);
    if (status === 200) return driver;
    clearInterval(driver.#timer);
    throw new Error(`expected 200 to OPTIONS, got ${status}`);
  }

  /** The container writes a line. @param micros since 1970 */
  write(line: unknown, micros: bigint): string {
    const digits = String(micros);
    const time = `${digits.slice(0, -6)}.${digits.slice(-6)}`;
    const event = { line, source: "stdout", tag: this.#options.tag };
    // As Go spells JSON.
    const spelled = JSON.stringify({ event, time, host: "vm" }).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
    this.#lines.push(spelled);
    if (this.#lines.length % BATCH === 0) this.#flush(false);
    return spelled;
  }

  get waiting(): number {
    return this.#lines.length;
  }

  /** The container ends: one more try, then what is left is given up. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#flush(true);
    await this.#sending;
    this.#agent.destroy();
  }

  #flush(isLast: boolean): void {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sending = this.#send(isLast).finally(() => {
      this.#isSending = false;
    });
  }

  async #send(isLast: boolean): Promise<void> {
    const lines = this.#lines.slice();
    for (let from = 0; from < lines.length; from += BATCH) {
      const batch = lines.slice(from, from + BATCH);
      if ((await this.#ask("POST", batch.join(""))) === 200) {
        this.#lines = this.#lines.slice(batch.length);
        continue;
      }
      if (isLast) this.dropped += this.#lines.splice(0).length;
      else if (this.#lines.length >= BUFFER) this.dropped += this.#lines.splice(0, batch.length).length;
      return;
    }
  }

  async #ask(method: string, text: string | undefined): Promise<number> {
    const { url, token, gzip } = this.#options;
    const body = text === undefined || gzip !== true ? text : gzipSync(text);
    const headers = {
      "User-Agent": "Go-http-client/1.1",
      ...(body !== undefined && { "Content-Length": Buffer.byteLength(body), Authorization: `Splunk ${token}` }),
      ...(gzip === true && body !== undefined && { "Content-Encoding": "gzip" }),
      "Accept-Encoding": "gzip",
    };
    const status = await new Promise<number>((resolve) => {
      const sent = request(new URL(PATH, url), { method, headers, agent: this.#agent }, (answer) => {
        answer.on("end", () => resolve(answer.statusCode ?? 0)).on("error", () => resolve(0));
        answer.resume();
      });
      sent.on("error", () => resolve(0));
      sent.end(body);
    });
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    return status;
  }
}
