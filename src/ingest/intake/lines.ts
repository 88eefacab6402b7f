/**
 * Lines of a body that is still arriving: newline-delimited bytes, of which only the unfinished line is kept.
 */

const NEWLINE = 0x0a;

/** Splits chunks at newlines. */
export class LineSplitter {
  readonly #onLine: (line: Buffer, number: number) => void;
  readonly #lineBytesMax: number;
  #open: Buffer[] = [];
  #openBytes = 0;
  #number = 0;

  /**
   * @param lineBytesMax bytes of the longest line that is kept; longer ones are handed on as they are, cut short, so that
   *   the receiver refuses them by their length
   * @param onLine gets every line without its newline, and its number from 1
   */
  constructor(lineBytesMax: number, onLine: (line: Buffer, number: number) => void) {
    this.#lineBytesMax = lineBytesMax;
    this.#onLine = onLine;
  }

  /** Takes the next piece. Errors of `onLine` pass through. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#open.push(chunk.subarray(start));
    this.#openBytes += chunk.length - start;
    if (this.#openBytes > this.#lineBytesMax) this.end();
  }

  /** Hands on a last line that no newline ended. */
  end(): void {
    if (this.#openBytes > 0) this.#finish(Buffer.alloc(0));
  }

  #finish(rest: Buffer): void {
    const line = this.#openBytes === 0 ? rest : Buffer.concat([...this.#open, rest]);
    this.#open = [];
    this.#openBytes = 0;
    this.#number++;
    this.#onLine(line, this.#number);
  }
}
