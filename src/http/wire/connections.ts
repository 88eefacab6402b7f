/**
 * All connections of the servers of a service, with TLS and without. Clients that neither take their answers nor go away are cut after a time in which nothing
 * moved, sooner when others wait for the memory; where every place is taken, the connection that does nothing for
 * longest gives its own. Why: docs/decisions/0217.
 */

import { setMaxListeners } from "node:events";
import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { HttpLimits } from "../services.ts";
import { AnswerBudget } from "./answer-budget.ts";
import { Connection, type ServerShared } from "./connection.ts";
import { Turns } from "./turns.ts";

/** Why a connection was cut. */
export type Cut = "stalled" | "late" | "crowded" | "stopping" | "full";

/** A socket of TLS knows the one under it; Node's types do not say so. */
type Wrapped = Socket & { readonly _parent?: Socket };

/** How often it is looked for clients that stall, and how often while the server stops. */
const SWEEP_MS = 1000;
const STOPPING_SWEEP_MS = 50;
/** Without anything moving, while others wait for room. */
const PRESSED_MS = 5000;
/** And while the server stops. */
const STOPPING_MS = 2000;
/** Answers that nobody waits for a turn for, those to POSTs, may go beyond the budget, but not further than this. */
const BEYOND = 2;

const BY_SOCKET = new WeakMap<Duplex, Connection>();

export class Connections implements ServerShared {
  readonly budget: AnswerBudget;
  readonly turns: Turns;
  readonly #all = new Set<Connection>();
  /** Those that TLS is not agreed upon yet, the oldest first. */
  readonly #shaking = new Set<Socket>();
  readonly #servers = new Set<Server>();
  readonly #limits: HttpLimits;
  readonly #onCut: (why: Cut) => void;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(limits: HttpLimits, onCut: (why: Cut) => void) {
    this.#limits = limits;
    this.#onCut = onCut;
    this.budget = new AnswerBudget(limits.answersBytesMax);
    this.turns = new Turns(limits.turns, (client) => this.budget.hasRoom(client));
    // One listener for each answer that is made piece by piece.
    setMaxListeners(0, this.#stopping.signal);
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** Watches over the connections of one more server, which is an HTTP server already, over TLS or not. */
  follow(server: Server, isTls: boolean): void {
    this.#servers.add(server);
    server.maxConnections = this.#limits.connectionsMax;
    server.on("drop", () => this.#onCut("full"));
    // Behind the listeners of the server itself.
    if (isTls) {
      server.on("connection", (socket) => this.#addShaking(socket));
      server.on("secureConnection", (socket) => this.#add(socket));
    } else server.on("connection", (socket) => this.#add(socket));
    server.on("close", () => {
      this.#servers.delete(server);
      if (this.#servers.size === 0) clearInterval(this.#timer);
    });
  }

  get size(): number {
    return this.#all.size + this.#shaking.size;
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** From now on no request is begun, and whoever keeps the server waiting is cut soon. */
  stop(): void {
    if (this.isStopping) return;
    this.#stopping.abort();
    for (const socket of this.#shaking) socket.destroy();
    this.turns.stop();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#sweep(), STOPPING_SWEEP_MS);
  }

  /** Keeps what is held within its bounds; a connection that has just begun to send is the last to pay for it. */
  onMore(connection: Connection): void {
    while (this.budget.held > BEYOND * this.budget.bytesMax) {
      const slowest = quietest(
        [...this.#all].filter((each) => each !== connection && each.isTaking && each.heldBytes > 0),
      );
      if (slowest === undefined) return;
      this.#cut(slowest, "crowded");
    }
  }

  #addShaking(socket: Socket): void {
    if (this.isStopping) {
      socket.destroy();
      return;
    }
    this.#shaking.add(socket);
    socket.once("close", () => this.#shaking.delete(socket));
    this.#makeRoom(socket);
  }

  #add(socket: Socket): void {
    const { _parent: under } = socket as Wrapped;
    const isNew = under === undefined || !this.#shaking.delete(under);
    const connection = new Connection(socket, this);
    BY_SOCKET.set(socket, connection);
    this.#all.add(connection);
    socket.once("close", () => this.#all.delete(connection));
    if (isNew) this.#makeRoom(socket);
  }

  /** Somebody who does nothing gives a place to one who comes, and when nobody does, whoever comes is refused. */
  #makeRoom(newcomer: Socket): void {
    const { connectionsMax } = this.#limits;
    if (this.size < connectionsMax) return;
    const idle = [...this.#all].filter((each) => each.socket !== newcomer && each.isIdle);
    // Whoever was never answered has the least to lose.
    const unused = quietest(idle.filter(({ answered }) => answered === 0));
    const shaking = unused === undefined ? [...this.#shaking].find((socket) => socket !== newcomer) : undefined;
    const first = unused ?? quietest(idle) ?? this.#slowest();
    if (shaking !== undefined) {
      this.#onCut("crowded");
      this.#shaking.delete(shaking);
      shaking.destroy();
    } else if (first !== undefined) this.#cut(first, "crowded");
    else if (this.size > connectionsMax) {
      this.#onCut("full");
      newcomer.destroy();
    }
  }

  /** Whose request has been arriving for longest, and for longer than a moment. */
  #slowest(): Connection | undefined {
    let found: Connection | undefined;
    for (const each of this.#all) if (each.arrivingMs > (found?.arrivingMs ?? 0)) found = each;
    return found;
  }

  #sweep(): void {
    const patienceMs = this.#patienceMs();
    const { requestMs, requestBytesPerS } = this.#limits;
    for (const connection of this.#all) {
      if (connection.isLate(requestMs, requestBytesPerS) && connection.tellLate()) {
        this.#cut(connection, "late");
        continue;
      }
      const isWaitedFor = this.isStopping ? connection.isClients : connection.isTaking;
      if (isWaitedFor && connection.quietMs >= patienceMs)
        this.#cut(connection, this.isStopping ? "stopping" : "stalled");
      else connection.wait(this.isStopping ? STOPPING_SWEEP_MS : SWEEP_MS);
    }
    this.turns.next();
  }

  #patienceMs(): number {
    const { stalledMs } = this.#limits;
    if (this.isStopping) return Math.min(STOPPING_MS, stalledMs);
    const isPressed = this.turns.waiting > 0 && this.budget.held > this.budget.bytesMax / 2;
    return isPressed ? Math.min(PRESSED_MS, stalledMs) : stalledMs;
  }

  #cut(connection: Connection, why: Cut): void {
    this.#onCut(why);
    this.#all.delete(connection);
    connection.cut();
  }
}

/** The connection over a socket; undefined where another server took it. */
export function connectionOf(socket: Duplex): Connection | undefined {
  return BY_SOCKET.get(socket);
}

/** The first of those on which nothing moved for longest. */
function quietest(connections: readonly Connection[]): Connection | undefined {
  let found: Connection | undefined;
  for (const each of connections) if (found === undefined || each.quietMs > found.quietMs) found = each;
  return found;
}
