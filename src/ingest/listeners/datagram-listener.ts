/**
 * Syslog over UDP, RFC 5426: one datagram is one message. Nobody is told of datagrams that are lost on the way or find no
 * room, and whom they come from is what they say; `_source.transport` is "udp" so that a reader knows.
 */

import { createSocket, type Socket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { framesOfDatagram } from "../formats/syslog/frames.ts";
import type { CountListened } from "./listener-metrics.ts";
import type { Origin, Recorder } from "./recorder.ts";
import { peerName } from "./stream-listener.ts";

/** What the kernel keeps of datagrams until they are read, as far as it lets us. */
const RECEIVE_BYTES = 4 * 1024 * 1024;
/** Senders whose origin is kept at once. */
const ORIGINS_MAX = 1024;

export type DatagramOptions = {
  readonly host: string;
  readonly recorder: Recorder;
  readonly source: string;
  readonly count: CountListened;
};

export class DatagramListener {
  readonly socket: Socket;
  readonly #options: DatagramOptions;
  readonly #origins = new Map<string, Origin>();

  constructor(options: DatagramOptions) {
    this.#options = options;
    this.socket = createSocket({ type: isIPv6(options.host) ? "udp6" : "udp4", recvBufferSize: RECEIVE_BYTES });
    this.socket.on("message", (bytes, { address }) => this.#take(bytes, address));
  }

  /** Datagrams that the system dropped because nobody read them in time; undefined where it does not tell. */
  async dropped(): Promise<number | undefined> {
    const { port } = this.socket.address();
    for (const file of ["/proc/net/udp", "/proc/net/udp6"]) {
      const found = droppedIn(await readFile(file, "utf8").catch(() => ""), port);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  #take(bytes: Buffer, address: string): void {
    const { recorder, count } = this.#options;
    if (recorder.isFull) {
      count.refused("datagram");
      return;
    }
    const origin = this.#originOf(peerName(address));
    for (const frame of framesOfDatagram(bytes)) recorder.add(frame, origin);
  }

  #originOf(peer: string): Origin {
    const known = this.#origins.get(peer);
    if (known !== undefined) return known;
    if (this.#origins.size >= ORIGINS_MAX) this.#origins.clear();
    const origin = { source: this.#options.source, facts: { transport: "udp", peer } };
    this.#origins.set(peer, origin);
    return origin;
  }
}

/** The last column of the line of a port, as Linux spells it. */
function droppedIn(table: string, port: number): number | undefined {
  const spelled = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const line = table.split("\n").find((each) => each.trim().split(/\s+/)[1]?.endsWith(spelled));
  const drops = Number(line?.trim().split(/\s+/).at(-1));
  return Number.isFinite(drops) ? drops : undefined;
}
