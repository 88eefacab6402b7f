/**
 * Request bodies as bytes: decompressed, counted after decompression, and stopped at the limit while they arrive.
 * What the bytes mean is not known here.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import {
  type BrotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  type Gunzip,
  type Inflate,
} from "node:zlib";
import { Problem } from "../problem.ts";
import { connectionOf } from "../wire/connections.ts";

/** The client went away before its request had arrived; there is nobody to answer. */
export class DisconnectedError extends Error {
  override readonly name = "DisconnectedError";
}

/** Bytes of request bodies that the whole service holds at once, so that many large requests cannot fill the memory. */
export class BodyBudget {
  readonly #bytesMax: number;
  readonly #whole: BodyBudget | undefined;
  #held = 0;

  /** @param whole the budget that this is a part of */
  constructor(bytesMax: number, whole?: BodyBudget) {
    this.#bytesMax = bytesMax;
    this.#whole = whole;
  }

  /** @throws Problem service_busy when the service holds too much already */
  take(bytes: number): void {
    if (this.#held + bytes > this.#bytesMax) {
      const detail = `expected at most ${this.#bytesMax} bytes of request bodies at once, got ${this.#held + bytes}`;
      throw new Problem("service_busy", detail, { headers: { "Retry-After": "1" } });
    }
    this.#whole?.take(bytes);
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#whole?.release(bytes);
    this.#held -= bytes;
  }

  /**
   * What was taken from this part is the whole's alone from now on.
   * @returns where it is to be released
   */
  leave(bytes: number): BodyBudget {
    if (this.#whole === undefined) return this;
    this.#held -= bytes;
    return this.#whole;
  }

  get held(): number {
    return this.#held;
  }
}

type Decoder = Gunzip | Inflate | BrotliDecompress;

const DECODERS: Readonly<Record<string, () => Decoder>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Encodings of bodies that are understood, as RFC 9110 §12.5.3 lists them. */
const ENCODINGS = "gzip, deflate, br";

export type BodyLimits = {
  readonly bytesMax: number;
  /** Whether pieces are decompressed, as they are when this is absent. */
  readonly isDecoded?: boolean;
  /** Whether nothing is known of its sender until it is there: then it gets no time beyond what every request has. */
  readonly isUnproven?: boolean;
};

/** Takes a piece of a body; nothing more is read until its promise is fulfilled, if it gives one. */
export type OnChunk = (chunk: Buffer) => void | Promise<void>;

/**
 * Hands the body to `onChunk`, piece by piece, decompressed.
 * @param onChunk may throw or reject; then nothing more is read and the promise rejects with its error
 * @throws Problem request_too_large, request_timeout, encoding_unsupported, encoding_invalid; DisconnectedError
 */
export function receiveBody(
  req: IncomingMessage,
  res: ServerResponse,
  { bytesMax, isDecoded = true, isUnproven = false }: BodyLimits,
  onChunk: OnChunk,
): Promise<void> {
  const declared = Number(req.headers["content-length"] ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax, String(declared));
  const decoder = isDecoded ? decoderOf(req) : undefined;
  // Only now the client that asked is told to send: what is refused above never travels.
  if (req.headers.expect !== undefined) {
    res.writeContinue();
    delete req.headers.expect;
  }
  return new Promise((resolve, reject) => {
    let received = 0;
    const stop = (error?: unknown): void => {
      req.off("data", onRaw).off("end", onRawEnd).off("close", onClose);
      decoder?.destroy();
      if (error === undefined) resolve();
      else {
        // What still comes is read and dropped: a connection that stands still could carry no further request.
        req.resume();
        reject(error);
      }
    };
    const pieces = new Pieces(decoder ?? req, bytesMax, onChunk, stop);
    const tell = (): void => pieces.stop(new Problem("request_timeout", "expected the whole request sooner"));
    connectionOf(req.socket)?.expectArrival({ tell, isPatient: !isUnproven });
    const onRaw = (chunk: Buffer): void => {
      received += chunk.length;
      if (decoder === undefined) pieces.pass(chunk);
      else if (received > bytesMax) pieces.stop(tooLarge(bytesMax, "more even before it"));
      else if (!decoder.write(chunk)) {
        req.pause();
        decoder.once("drain", () => req.resume());
      }
    };
    const onRawEnd = (): void => {
      if (decoder === undefined) pieces.end();
      else decoder.end();
    };
    const onClose = (): void => {
      if (!req.complete) pieces.stop(new DisconnectedError("the client disconnected while it sent its request"));
    };
    const encoding = req.headers["content-encoding"];
    decoder?.on("data", (chunk) => pieces.pass(chunk));
    decoder?.on("end", () => {
      // What stands behind the end of its stream a decoder leaves where it is, and says nothing.
      const behind = received - decoder.bytesWritten;
      if (behind === 0) return pieces.end();
      const detail = `expected a body in ${encoding} and nothing behind it, got at least ${behind} bytes more`;
      pieces.stop(new Problem("encoding_invalid", detail));
    });
    decoder?.on("error", (cause) => {
      const detail = `expected a body in ${encoding}, got something else: ${cause.message}`;
      pieces.stop(new Problem("encoding_invalid", detail, { cause }));
    });
    // A request that is cut off fails and closes; which of the two comes first does not matter.
    req.on("data", onRaw).on("end", onRawEnd).on("close", onClose).on("error", onClose);
  });
}

/** The pieces of a body, decompressed: counted, and handed on one at a time. */
class Pieces {
  readonly #source: Readable;
  readonly #bytesMax: number;
  readonly #onChunk: OnChunk;
  readonly #onStop: (error?: unknown) => void;
  #bytes = 0;
  #taking: Promise<void> | undefined;
  #isOver = false;

  /** @param onStop called once: with an error, or without one when all pieces were taken */
  constructor(source: Readable, bytesMax: number, onChunk: OnChunk, onStop: (error?: unknown) => void) {
    this.#source = source;
    this.#bytesMax = bytesMax;
    this.#onChunk = onChunk;
    this.#onStop = onStop;
  }

  pass(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#bytesMax) throw tooLarge(this.#bytesMax, "more");
      this.#taking = this.#onChunk(chunk) ?? undefined;
      if (this.#taking !== undefined) this.#wait(this.#taking);
    } catch (error) {
      this.stop(error);
    }
  }

  /** No more pieces come; a stream may say so while it is paused. */
  end(): void {
    if (this.#taking === undefined) this.stop();
    else
      this.#taking.then(
        () => this.stop(),
        (error) => this.stop(error),
      );
  }

  stop(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onStop(error);
  }

  #wait(taking: Promise<void>): void {
    this.#source.pause();
    const taken = (): void => {
      this.#taking = undefined;
      this.#source.resume();
    };
    taking.then(taken, (error) => this.stop(error));
  }
}

function decoderOf(req: IncomingMessage): Decoder | undefined {
  const encoding = req.headers["content-encoding"]?.trim().toLowerCase();
  if (encoding === undefined || encoding === "" || encoding === "identity") return undefined;
  const create = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (create === undefined) {
    const detail = `expected no Content-Encoding or one of ${ENCODINGS}, got ${JSON.stringify(encoding)}`;
    throw new Problem("encoding_unsupported", detail, { headers: { "Accept-Encoding": ENCODINGS } });
  }
  return create();
}

function tooLarge(bytesMax: number, got: string): Problem {
  return new Problem("request_too_large", `expected at most ${bytesMax} bytes after decompression, got ${got}`);
}
