/**
 * One client's connection: the request that is being answered on it, what of the answer is still to be taken, and when
 * something last moved.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AnswerBudget } from "./answer-budget.ts";
import { Gate } from "./request-gate.ts";
import type { EndTurn, Turns } from "./turns.ts";

/** What the connections of a server share. */
export interface ServerShared {
  readonly budget: AnswerBudget;
  /** For reads that are much work. */
  readonly turns: Turns;
  /** Whether no more requests are taken. */
  readonly isStopping: boolean;
  /** Aborted when that begins. */
  readonly stopping: AbortSignal;
  /** A connection holds more than before: others may have to make room. */
  onMore(connection: Connection): void;
}

/** Told that a request did not arrive in time. */
export type OnLate = {
  tell(): void;
  /** Whether it may take longer, as long as it comes at the pace that is asked for. */
  readonly isPatient: boolean;
};

type Exchange = { readonly req: IncomingMessage; readonly res: ServerResponse };

export class Connection {
  readonly socket: Socket;
  readonly #gate: Gate;
  readonly #shared: ServerShared;
  #exchange: Exchange | undefined;
  #client: string;
  #bytes = 0;
  #answered = 0;
  #quietMs = 0;
  #isStreaming = false;
  /** The request that came last, which may still be arriving when it was answered. */
  #arriving: IncomingMessage | undefined;
  #arrivingMs = 0;
  /** What the socket had read when that request began. */
  #readBefore = 0;
  #onLate: OnLate | undefined;
  readonly #ended = new AbortController();

  constructor(socket: Socket, shared: ServerShared) {
    this.socket = socket;
    this.#shared = shared;
    this.#client = socket.remoteAddress ?? "";
    this.#gate = new Gate(
      socket,
      () => this.#exchange?.req.complete === true,
      () => this.moved(),
      () => this.#ended.abort(),
    );
  }

  /** For how long nothing moved. It is counted up and not read off a clock, so that a service that stood still blames nobody. */
  get quietMs(): number {
    return this.#quietMs;
  }

  /** For how long its request has been arriving; 0 when there is none. Counted up, too, and not while nobody reads it. */
  get arrivingMs(): number {
    return this.#isArriving ? this.#arrivingMs : 0;
  }

  /** How many requests were answered on it. */
  get answered(): number {
    return this.#answered;
  }

  get isIdle(): boolean {
    return this.#exchange === undefined && this.socket.writableLength === 0;
  }

  /** Whether it is the client's turn to do something: to take an answer, or to send the rest of a request. */
  get isClients(): boolean {
    return this.isTaking || this.#exchange?.req.complete !== true;
  }

  /** Whether an answer has begun to leave and not ended. */
  get isAnswering(): boolean {
    return this.#exchange?.res.headersSent === true || this.socket.writableLength > 0;
  }

  /** Whether there is something for the client to take; of an answer that is made piece by piece, now and then there is not. */
  get isTaking(): boolean {
    return this.#isStreaming ? this.#bytes > 0 || this.socket.writableLength > 0 : this.isAnswering;
  }

  /** Aborted when the server stops. */
  get stopping(): AbortSignal {
    return this.#shared.stopping;
  }

  /** Aborted when the client has ended its side of the connection: it sends nothing more, and may have gone. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Bytes of the answer that is on its way, as far as nobody else needs them. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** A request has come: until its answer has left, there is no other. */
  begin(req: IncomingMessage, res: ServerResponse): void {
    const exchange = { req, res };
    this.#exchange = exchange;
    this.#arriving = req;
    this.#arrivingMs = 0;
    this.#readBefore = this.socket.bytesRead;
    this.#onLate = undefined;
    this.moved();
    if (req.headers["transfer-encoding"] === undefined)
      this.#gate.expectBody(Number(req.headers["content-length"] ?? 0));
    res.once("close", () => {
      if (this.#exchange === exchange) this.#end();
    });
  }

  /** Somebody reads the body of the request, and is to be told when it is late. */
  expectArrival(onLate: OnLate): void {
    this.#onLate = onLate;
  }

  /**
   * Whether the request has taken longer to arrive than it may.
   * @param requestMs what every request may take
   * @param bytesPerS the pace at which it may take longer
   */
  isLate(requestMs: number, bytesPerS: number): boolean {
    if (!this.#isArriving || this.#arrivingMs < requestMs) return false;
    const bytes = this.#onLate?.isPatient === true ? this.socket.bytesRead - this.#readBefore : 0;
    return this.#arrivingMs >= requestMs + (bytes / bytesPerS) * 1000;
  }

  /**
   * The request is late: whoever reads it says so.
   * @returns whether that had been said before, or nobody reads it
   */
  tellLate(): boolean {
    const onLate = this.#onLate;
    this.#onLate = undefined;
    onLate?.tell();
    return onLate === undefined;
  }

  /**
   * Waits for the client's turn to have a read worked on that is much work.
   * @param key id of the API key that was shown; a client may have several connections
   * @throws Problem reads_full
   */
  takeTurn(key: string | undefined): Promise<EndTurn> {
    this.#release();
    this.#client = key ?? this.socket.remoteAddress ?? "";
    return this.#shared.turns.take(this.#client, () => this.ended.aborted);
  }

  /** An answer begins to leave, of which so many bytes are held for nobody else. */
  send(bytes: number): void {
    this.moved();
    this.#bytes += bytes;
    this.#shared.budget.take(this.#client, bytes);
    this.#shared.onMore(this);
  }

  /** An answer begins that is made piece by piece. */
  beginStream(): void {
    this.moved();
    this.#isStreaming = true;
  }

  /** So many bytes more of it are to be taken; below 0, have been taken. */
  hold(bytes: number): void {
    if (!this.#isStreaming || this.#bytes + bytes < 0) return;
    if (bytes > 0) this.send(bytes);
    else {
      this.moved();
      this.#bytes += bytes;
      this.#shared.budget.release(this.#client, -bytes);
      this.#shared.turns.next();
    }
  }

  moved(): void {
    this.#quietMs = 0;
  }

  /** So much more time has gone by without that anything moved. */
  wait(ms: number): void {
    this.#quietMs += ms;
    if (this.#isArriving && this.#arriving?.isPaused() === false) this.#arrivingMs += ms;
  }

  /** Ends it, whatever is on its way. */
  cut(): void {
    this.#release();
    this.socket.destroy();
  }

  get #isArriving(): boolean {
    return this.#arriving?.complete === false;
  }

  #release(): void {
    if (this.#bytes === 0) return;
    this.#shared.budget.release(this.#client, this.#bytes);
    this.#bytes = 0;
    this.#shared.turns.next();
  }

  #end(): void {
    this.#exchange = undefined;
    if (!this.#isArriving) this.#arriving = undefined;
    this.#isStreaming = false;
    this.#answered++;
    this.#release();
    // What came behind it was not begun, and its sender sees that.
    if (this.#shared.isStopping) this.socket.end();
    // After others had their turn: one client's next request does not come before their first.
    else if (this.#gate.isHolding && !this.socket.destroyed) setImmediate(() => this.#gate.pass());
  }
}
