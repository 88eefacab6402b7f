/**
 * Reads what a node answers to a JSON-RPC request, a piece at a time as it arrives. A node may mean harm: an answer is
 * given up as soon as it is larger, deeper or of more values than the call can have, or does not begin as one, so that
 * no answer takes more than some ten milliseconds of whoever asks, and none is repeated whole in an error.
 * Why: docs/decisions/0103.
 */

import { readJson } from "../../json/read.ts";
import { fromUtf8 } from "../../merkle/bytes.ts";

export type AnswerLimits = {
  /** Of the whole answer, after decompression. */
  readonly bytesMax: number;
  /** Members and items of all objects and lists in it. */
  readonly valuesMax: number;
};

/** What a node said: a result, or an error of its own. */
export type NodeAnswer =
  | { readonly kind: "result"; readonly result: unknown }
  | {
      readonly kind: "error";
      readonly message: string;
      readonly data: unknown;
      /** What whoever asked made of the message, before anything was struck out of it. */
      readonly meaning?: string;
    };

/** Reads what an error means, in a word of its own: nothing of the message may be in it. */
export type Meaning = (message: string) => string;

const KIB = 1024;
const SMALL: AnswerLimits = { bytesMax: 64 * KIB, valuesMax: 4000 };
/** What has one long value, such as code or a signed transaction. */
const LONG: AnswerLimits = { bytesMax: 1024 * KIB, valuesMax: 4000 };

/** What is asked for here has short answers, but for these; a method that is not among them may have a long value. */
const LIMITS: Readonly<Record<string, AnswerLimits>> = {
  eth_chainId: SMALL,
  eth_blockNumber: SMALL,
  eth_gasPrice: SMALL,
  eth_maxPriorityFeePerGas: SMALL,
  eth_getBalance: SMALL,
  eth_getTransactionCount: SMALL,
  eth_estimateGas: SMALL,
  eth_sendRawTransaction: SMALL,
  eth_signTypedData: SMALL,
  eth_signTypedData_v4: SMALL,
  eth_call: SMALL,
  // Hashes of 20,000 transactions.
  eth_getBlockByNumber: { bytesMax: 1536 * KIB, valuesMax: 24_000 },
  // Events of other contracts in the same transaction: 1,000 of them.
  eth_getTransactionReceipt: { bytesMax: 1024 * KIB, valuesMax: 24_000 },
  // Two paths of at most 64 nodes, 532 bytes each, as hex; other chains have other trees.
  eth_getProof: { bytesMax: 512 * KIB, valuesMax: 8000 },
  // Those of one ledger; the ranges of blocks that are asked for are limited by the node.
  eth_getLogs: { bytesMax: 2048 * KIB, valuesMax: 48_000 },
};

/** Answers that are meant nest seven deep. */
const DEPTH_MAX = 16;
const SHOWN_MAX = 80;
const MESSAGE_MAX = 300;
const FIRST_ROOM = 4096;

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What came is no answer to a JSON-RPC request; the message has an excerpt of it at most. */
export class NodeAnswerError extends Error {
  override readonly name = "NodeAnswerError";
  readonly code = "node_answer";
  /** HTTP status, where one is known. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export function answerLimits(method: string): AnswerLimits {
  return LIMITS[method] ?? LONG;
}

/** Takes out of a text what no message may repeat; a text that is cut may end in the middle of it. */
type Strike = (text: string, isCut?: boolean) => string;

/** The answer to one request; nothing of what is struck out stands in any text of it, whoever repeats that. */
export class AnswerReader {
  readonly #limits: AnswerLimits;
  readonly #strike: Strike | undefined;
  readonly #meaning: Meaning | undefined;
  readonly #shape: Shape;
  #bytes = new Uint8Array(FIRST_ROOM);
  #length = 0;

  constructor(limits: AnswerLimits, strike?: Strike, meaning?: Meaning) {
    this.#limits = limits;
    this.#strike = strike;
    this.#meaning = meaning;
    this.#shape = new Shape(limits.valuesMax);
  }

  /** Takes the next piece. @throws NodeAnswerError when this cannot become an answer any more */
  take(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#limits.bytesMax) {
      throw new NodeAnswerError(`expected at most ${this.#limits.bytesMax} bytes, got more`);
    }
    if (length > this.#bytes.length) {
      // Twice as much each time, so that pieces of one byte cost no more than large ones.
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
    const problem = this.#shape.take(piece);
    if (problem !== undefined) throw new NodeAnswerError(`${problem}: ${this.#excerpt()}`);
  }

  /** @throws NodeAnswerError when all that came is no JSON-RPC answer */
  finish(): NodeAnswer {
    let said: unknown;
    let answer: unknown;
    try {
      said = readJson(fromUtf8(this.#bytes.subarray(0, this.#length)));
      answer = strikeAll(said, this.#strike);
    } catch {
      // The engine's own words repeat what they do not like.
      throw new NodeAnswerError(`expected a JSON-RPC answer, got ${this.#excerpt()}`);
    }
    const { error, result } = (answer ?? {}) as { readonly error?: unknown; readonly result?: unknown };
    // What is struck out may be a word by which an error is known.
    if (error !== undefined && error !== null) return { ...this.#errorOf(error), ...this.#meaningOf(said) };
    if (result !== undefined) return { kind: "result", result };
    throw new NodeAnswerError(`expected a JSON-RPC answer, got ${this.#excerpt()}`);
  }

  #excerpt(): string {
    const start = this.#bytes.subarray(0, Math.min(this.#length, 4 * SHOWN_MAX));
    const text = fromUtf8(start);
    return excerpt(this.#strike?.(text, true) ?? text);
  }

  #meaningOf(said: unknown): { readonly meaning?: string } {
    const { message } = (said as { readonly error: { readonly message?: unknown } }).error;
    return this.#meaning === undefined || typeof message !== "string"
      ? {}
      : { meaning: this.#meaning(plain(message.slice(0, MESSAGE_MAX))) };
  }

  #errorOf(error: unknown): NodeAnswer {
    const { message, data } = error as { readonly message?: unknown; readonly data?: unknown };
    if (typeof message !== "string") return { kind: "error", message: "an error without a message", data };
    return { kind: "error", message: plain(message.slice(0, MESSAGE_MAX)), data };
  }
}

/** Strikes out of every text in a value of JSON. Data in hex is no text: what is asked for is never changed. */
function strikeAll(value: unknown, strike: Strike | undefined): unknown {
  if (strike === undefined) return value;
  if (typeof value === "string") return /^0x[0-9a-f]*$/i.test(value) ? value : strike(value);
  if (Array.isArray(value)) return value.map((item) => strikeAll(item, strike));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, strikeAll(member, strike)]));
}

/** The beginning of what somebody else has written, in quotes, for a message. */
export function excerpt(text: string): string {
  if (text === "") return "nothing";
  return JSON.stringify(plain(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text));
}

/** On one line, and without what a terminal would obey. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").toWellFormed();
}

/** Whether bytes can be an object of JSON with so many values, seen without reading it. */
class Shape {
  readonly #valuesMax: number;
  #values = 0;
  #depth = 0;
  #hasBegun = false;
  #isInString = false;
  #isEscaped = false;

  constructor(valuesMax: number) {
    this.#valuesMax = valuesMax;
  }

  /** @returns what is wrong, if something is */
  take(piece: Uint8Array): string | undefined {
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] as number;
      if (this.#isInString) {
        this.#takeOfString(byte);
        continue;
      }
      if (!this.#hasBegun) {
        if (byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN) continue;
        if (byte !== OPEN_OBJECT) return "expected a JSON-RPC answer, got";
        this.#hasBegun = true;
      }
      const problem = this.#takeOfStructure(byte);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #takeOfString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === QUOTE) this.#isInString = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
  }

  #takeOfStructure(byte: number): string | undefined {
    if (byte === QUOTE) this.#isInString = true;
    else if (byte === COMMA) {
      if (++this.#values > this.#valuesMax) return `expected at most ${this.#valuesMax} values, got more`;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++this.#depth > DEPTH_MAX) return `expected at most ${DEPTH_MAX} levels, got more`;
      if (++this.#values > this.#valuesMax) return `expected at most ${this.#valuesMax} values, got more`;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#depth--;
    return undefined;
  }
}
