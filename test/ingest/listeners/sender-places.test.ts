/** Who gives a place of a listener to whoever comes. */

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import test from "node:test";
import { SenderPlaces } from "../../../src/ingest/listeners/sender-places.ts";

function from(remoteAddress: string): Socket {
  return { remoteAddress } as Socket;
}

test("the address with more connections than whoever comes gives the place of the one that said something longest ago", () => {
  const places = new SenderPlaces(4);
  const many = [from("a"), from("a"), from("a")] as const;
  const one = from("b");
  for (const socket of [...many, one]) {
    assert.equal(places.add(socket), undefined);
    places.said(socket);
  }
  places.said(many[0]);
  assert.equal(places.add(from("c")), many[1]);
  places.remove(many[1]);
  // One that said nothing goes before any of them, and of equals whoever comes is refused.
  const second = from("a");
  const third = from("b");
  const before = [...places.sockets()].find((socket) => socket.remoteAddress === "c");
  assert.equal(places.add(second), before);
  places.remove(before as Socket);
  places.said(second);
  assert.equal(places.add(third), many[2]);
  places.remove(many[2]);
  places.said(third);
  const late = from("b");
  assert.equal(places.add(late), late);
});
