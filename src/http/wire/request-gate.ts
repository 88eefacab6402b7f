/**
 * One request of a connection at a time: what a client sent behind a request waits, unparsed, until the answer has left
 * for the socket, and meanwhile nothing more is read from it. Left alone, Node parses whatever a read brings, hundreds of
 * requests, and has every one of them worked on at once.
 *
 * The gate only looks for the empty line that ends the head of a request (RFC 9112 §2.1) and hands the bytes on in pieces
 * that have at most one. What they mean is for Node's parser alone, so a wrong cut could cost memory, never meaning.
 * Why: docs/decisions/0100.
 */

import type { Socket } from "node:net";

const HEAD_END = "\r\n\r\n";
const LENGTH = /\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n/i;
const LINE_FEED = 10;
const RETURN = 13;

export class Gate {
  readonly #socket: Socket;
  readonly #isBusy: () => boolean;
  readonly #onPiece: () => void;
  readonly #onEnd: () => void;
  readonly #push: (piece: Buffer | null) => boolean;
  /** What was read and not handed on. */
  #rest: Buffer | undefined;
  /** Whether the client has ended its side and the parser does not know yet. */
  #isEnding = false;
  /** The last bytes that were handed on, when an end of a head may have begun in them. */
  #tail = "";
  /** Bytes of a body that are still to come. */
  #bodyLeft = 0;
  /** Whether the last piece was a head with all of its body. */
  #isWhole = false;
  /** Whether a piece was handed on that the parser has not had yet, because its body is not read on. */
  #isUnderWay = false;
  #isPassing = false;

  /**
   * Stands between a socket and the HTTP server that listens to it already.
   * @param isBusy whether the connection has a whole request that is not answered
   * @param onPiece called when the parser has had a piece
   * @param onEnd called when the client has ended its side, before the parser knows
   */
  constructor(socket: Socket, isBusy: () => boolean, onPiece: () => void, onEnd: () => void) {
    this.#socket = socket;
    this.#isBusy = isBusy;
    this.#onPiece = onPiece;
    this.#onEnd = onEnd;
    this.#push = socket.push.bind(socket);
    const read = socket._read.bind(socket);
    socket.push = (chunk: Buffer | null) => this.#take(chunk);
    socket._read = (size) => {
      if (this.#rest === undefined) read(size);
    };
    // Node's parser reads from the socket past everything else, until somebody listens to it.
    const listener = (): void => undefined;
    socket.on("data", listener).off("data", listener);
  }

  /** Whether something of the client waits to be handed on. */
  get isHolding(): boolean {
    return this.#rest !== undefined || this.#isEnding;
  }

  /** The head that was just handed on announced a body of this length, which is not searched for heads. */
  expectBody(bytes: number): void {
    this.#bodyLeft = this.#isWhole ? 0 : bytes;
  }

  /**
   * Hands on what may go, one piece at a time.
   * @returns whether more may be read
   */
  pass(): boolean {
    this.#isPassing = true;
    let isWanted = true;
    while (this.#mayPass()) {
      const piece = this.#cut();
      if (piece === undefined) break;
      isWanted = this.#push(piece);
      if (this.#socket.readableLength > 0) this.#waitForParser();
      else this.#onPiece();
    }
    this.#isPassing = false;
    if (this.#isEnding && this.#rest === undefined && this.#mayPass()) {
      this.#isEnding = false;
      this.#push(null);
    }
    return isWanted && this.#rest === undefined;
  }

  /** The piece was not taken at once, because a body is not read on. */
  #waitForParser(): void {
    this.#isUnderWay = true;
    // Behind the listener of the server: when this is called, the parser has had the piece.
    this.#socket.once("data", () => {
      this.#isUnderWay = false;
      this.#onPiece();
      if (!this.#isPassing) this.pass();
    });
  }

  #take(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#isEnding = true;
      this.#onEnd();
    } else this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    return this.#isPassing ? false : this.pass();
  }

  #mayPass(): boolean {
    return !this.#isUnderWay && !this.#socket.destroyed && !this.#isBusy();
  }

  /** The next piece: a part of a body, or up to the end of a head. */
  #cut(): Buffer | undefined {
    const rest = this.#rest;
    if (rest === undefined) return undefined;
    const inBody = this.#bodyLeft > 0;
    const headEnd = inBody ? 0 : endOfHead(rest, this.#tail);
    // Most bodies come with their heads and nothing behind them: those go to the parser in one piece, for it is half as dear.
    this.#isWhole = !inBody && headEnd < rest.length && headEnd + lengthIn(rest, headEnd) === rest.length;
    const end = inBody ? this.#bodyLeft : this.#isWhole ? rest.length : headEnd;
    const piece = end < rest.length ? rest.subarray(0, end) : rest;
    this.#rest = piece === rest ? undefined : rest.subarray(end);
    if (inBody) this.#bodyLeft -= piece.length;
    this.#tail = inBody || end <= rest.length ? "" : tailOf(this.#tail, rest);
    return piece;
  }
}

/** Where the first head ends, in bytes from the start; infinity when none does. */
function endOfHead(chunk: Buffer, tail: string): number {
  if (tail !== "") {
    const at = (tail + chunk.toString("latin1", 0, HEAD_END.length - 1)).indexOf(HEAD_END);
    if (at >= 0) return at + HEAD_END.length - tail.length;
  }
  const at = chunk.indexOf(HEAD_END, 0, "latin1");
  return at < 0 ? Number.POSITIVE_INFINITY : at + HEAD_END.length;
}

/** The length that a head announces for its body; NaN when it announces none. The parser lets no head have two. */
function lengthIn(chunk: Buffer, headEnd: number): number {
  return Number(LENGTH.exec(chunk.toString("latin1", 0, headEnd))?.[1]);
}

/** What a head's end may have begun with, of what was handed on so far. */
function tailOf(tail: string, chunk: Buffer): string {
  const last = chunk[chunk.length - 1];
  if (last !== RETURN && last !== LINE_FEED) return "";
  const length = HEAD_END.length - 1;
  return (tail + chunk.toString("latin1", Math.max(0, chunk.length - length))).slice(-length);
}
