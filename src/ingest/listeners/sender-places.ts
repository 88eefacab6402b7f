/**
 * Places for the connections of a listener: when all are taken, one that never said anything gives its own to whoever comes, and then
 * the one of an address that has more than others has. So connections that only stand there keep no sender out.
 * Why: docs/decisions/0218.
 */

import type { Socket } from "node:net";

type Place = { readonly socket: Socket; readonly peer: string; hasSaid: boolean };

export class SenderPlaces {
  readonly #max: number;
  /** The one that said something last, or came last, at the end. */
  readonly #places = new Map<Socket, Place>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Somebody comes.
   * @returns who has to go for it, which may be itself
   */
  add(socket: Socket): Socket | undefined {
    const place = { socket, peer: socket.remoteAddress ?? "", hasSaid: false };
    this.#places.set(socket, place);
    return this.#places.size <= this.#max ? undefined : this.#whoGoes(place).socket;
  }

  /** It has said something. */
  said(socket: Socket): void {
    const place = this.#places.get(socket);
    if (place === undefined) return;
    place.hasSaid = true;
    this.#places.delete(socket);
    this.#places.set(socket, place);
  }

  remove(socket: Socket): void {
    this.#places.delete(socket);
  }

  /** Those that are here, whether they have said anything or not. */
  sockets(): Iterable<Socket> {
    return this.#places.keys();
  }

  #whoGoes(newcomer: Place): Place {
    const counts = new Map<string, number>();
    for (const { peer } of this.#places.values()) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    const own = counts.get(newcomer.peer) ?? 1;
    let most: Place | undefined;
    for (const place of this.#places.values()) {
      if (place === newcomer) continue;
      if (!place.hasSaid) return place;
      const count = counts.get(place.peer) ?? 0;
      if (count > Math.max(own, counts.get(most?.peer ?? "") ?? 0)) most = place;
    }
    return most ?? newcomer;
  }
}
