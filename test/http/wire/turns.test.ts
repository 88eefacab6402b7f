/** Turns for large reads: few at once, one client after the other, and a bounded number that waits. */

import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import test, { after } from "node:test";
import { AnswerBudget } from "../../../src/http/wire/answer-budget.ts";
import { connectionOf } from "../../../src/http/wire/connections.ts";
import { type EndTurn, type TurnLimits, Turns } from "../../../src/http/wire/turns.ts";
import { client, get, listen, readAll, until } from "./client.ts";

const LIMITS: TurnLimits = { atOnce: 2, waitingMax: 10, waitingEachMax: 4, waitMs: 60_000 };

const all: Turns[] = [];
// Whoever still waits keeps the process until the wait is over.
after(() => {
  for (const turns of all) turns.stop();
});

/** Asks for turns by name, notes in which order they are given, and ends them on demand. */
function asking(limits: Partial<TurnLimits> = {}, hasRoom: (client: string) => boolean = () => true) {
  const turns = new Turns({ ...LIMITS, ...limits }, hasRoom);
  all.push(turns);
  const given: string[] = [];
  const refused: string[] = [];
  const ends: EndTurn[] = [];
  const gone = new Set<string>();
  const ask = (client: string, connection = client): void => {
    turns
      .take(client, () => gone.has(connection))
      .then(
        (end) => {
          given.push(connection);
          ends.push(end);
        },
        (problem: { code: string }) => refused.push(`${connection} ${problem.code}`),
      );
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  };
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await settle();
  };
  return { turns, given, refused, gone, ask, settle, endOne };
}

test("only so many are worked on at once, and the next begins when one ends", async () => {
  const { turns, given, ask, settle, endOne } = asking();
  for (const client of ["a", "a", "a"]) ask(client);
  await settle();
  assert.equal(given.length, 2);
  assert.deepEqual([turns.working, turns.waiting], [2, 1]);
  await endOne();
  assert.deepEqual([given.length, turns.working, turns.waiting], [3, 2, 0]);
});

test("a client that asks often does not come before one that asks once", async () => {
  const { given, ask, settle, endOne } = asking();
  for (const client of ["a", "a", "a", "a", "a", "b", "c"]) ask(client);
  await settle();
  for (let i = 0; i < 5; i++) await endOne();
  assert.deepEqual(given, ["a", "a", "a", "b", "c", "a", "a"]);
});

test("whoever may have gone away comes behind all others, and makes room for them, and is answered when nobody else waits", async () => {
  const { given, refused, gone, ask, settle, endOne } = asking({ atOnce: 1, waitingEachMax: 3 });
  for (const connection of ["a1", "a2", "a3", "a4"]) ask("a", connection);
  ask("b", "b1");
  for (const connection of ["a2", "a3", "b1"]) gone.add(connection);
  await settle();
  await endOne();
  await endOne();
  assert.deepEqual(given, ["a1", "a4", "b1"]);
  ask("a", "a5");
  await settle();
  assert.deepEqual(refused, []);
  ask("a", "a6");
  await settle();
  assert.deepEqual(refused, ["a2 reads_full", "a3 reads_full"]);
  gone.add("a5");
  for (let i = 0; i < 3; i++) await endOne();
  assert.deepEqual(given, ["a1", "a4", "b1", "a6", "a5"]);
});

test("beyond the number that may wait, of one client and of all, is refused at once", async () => {
  const { refused, ask, settle } = asking({ atOnce: 1, waitingMax: 6, waitingEachMax: 4 });
  for (let i = 0; i < 6; i++) ask("a");
  for (let i = 0; i < 3; i++) ask("b");
  await settle();
  assert.deepEqual(refused, ["a reads_full", "b reads_full"]);
});

test("who has waited too long is refused with a time to come back, and waits no more", async () => {
  const { turns, given, ask, settle, endOne } = asking({ atOnce: 1, waitMs: 20 });
  ask("a");
  await settle();
  await assert.rejects(turns.take("b"), { code: "reads_full", headers: { "Retry-After": "2" } });
  assert.equal(turns.waiting, 0);
  await endOne();
  assert.deepEqual(given, ["a"]);
});

test("without room for its answers a client waits while others go on, until there is room again", async () => {
  let full = ["a"];
  const { turns, given, ask, settle } = asking({ atOnce: 4 }, (client) => !full.includes(client));
  for (const client of ["a", "b", "a", "c"]) ask(client);
  await settle();
  assert.deepEqual(given, ["b", "c"]);
  full = [];
  turns.next();
  await settle();
  assert.deepEqual(given, ["b", "c", "a", "a"]);
});

test("when the service stops, those who wait are refused", async () => {
  const { turns, refused, ask, settle } = asking({ atOnce: 1 });
  for (const client of ["a", "b", "c"]) ask(client);
  await settle();
  turns.stop();
  await settle();
  assert.deepEqual(refused, ["b reads_full", "c reads_full"]);
  assert.equal(turns.waiting, 0);
});

test("the last half of the budget is for clients that hold little of it", () => {
  const budget = new AnswerBudget(800);
  budget.take("a", 400);
  assert.deepEqual([budget.hasRoom("a"), budget.hasRoom("b")], [false, true]);
  budget.take("b", 99);
  assert.equal(budget.hasRoom("b"), true);
  budget.take("b", 1);
  assert.deepEqual([budget.hasRoom("b"), budget.hasRoom("c")], [false, true]);
  budget.take("c", 300);
  assert.equal(budget.hasRoom("d"), false);
  budget.release("a", 400);
  assert.deepEqual([budget.held, budget.hasRoom("d")], [400, true]);
});

test("a client that goes away while it waits, as whoever gives a search up does, takes nobody's turn", async (t) => {
  const order: string[] = [];
  const held: (() => void)[] = [];
  const asked: string[] = [];
  const work = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    asked.push(req.url ?? "");
    const end = await connectionOf(req.socket)?.takeTurn("one key");
    order.push(req.url ?? "");
    held.push(() => {
      end?.();
      res.end("<done>");
    });
  };
  const service = await listen((req, res) => void work(req, res), { turns: { ...LIMITS, atOnce: 1 } });
  t.after(() => service.close());
  const sockets: Socket[] = [];
  for (const path of ["/first", "/gone", "/there"]) {
    const socket = await client(service.port);
    socket.write(get(path));
    sockets.push(socket);
    await until("its request", () => asked.includes(path));
  }
  const [first, gone, there] = sockets as [Socket, Socket, Socket];
  gone.end();
  // Its end arrived before this request, of another client, did.
  const after = await client(service.port);
  after.write(get("/after"));
  await until("its request", () => asked.includes("/after"));
  held.shift()?.();
  await until("the next turn", () => order.length === 2);
  assert.deepEqual(order, ["/first", "/there"]);
  held.shift()?.();
  await until("the next turn", () => order.length === 3);
  assert.deepEqual(order, ["/first", "/there", "/after"]);
  held.shift()?.();
  await until("the last turn", () => order.length === 4);
  held.shift()?.();
  assert.match(await readAll(gone), /<done>/, "who ended its side and waits is answered in the end");
  for (const socket of [first, there, after]) socket.destroy();
});
