/** Turns for large reads: few at once, one client after the other, and a bounded number that waits. */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { AnswerBudget } from "../../../src/http/wire/answer-budget.ts";
import { type EndTurn, type TurnLimits, Turns } from "../../../src/http/wire/turns.ts";

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
  const ask = (client: string): void => {
    turns.take(client).then(
      (end) => {
        given.push(client);
        ends.push(end);
      },
      (problem: { code: string }) => refused.push(`${client} ${problem.code}`),
    );
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  };
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await settle();
  };
  return { turns, given, refused, ask, settle, endOne };
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
