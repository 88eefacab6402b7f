/** A thread that is asked: everybody gets the answer to the own question, and nobody waits for one that cannot come. */

import assert from "node:assert/strict";
import test from "node:test";
import { ThreadLostError, WorkerThread } from "../src/worker-thread.ts";

const ECHO = new URL("./echo-thread.ts", import.meta.url);
type Question = { readonly text: string; readonly more?: unknown };

function threadOf(onLost?: (cause: unknown) => void): WorkerThread<Question, string> {
  return new WorkerThread<Question, string>(ECHO, onLost);
}

test("a question that cannot be sent gets no answer, least of all that of the next", async () => {
  const thread = threadOf();
  const first = thread.ask({ text: "first" });
  await assert.rejects(thread.ask({ text: "a function", more: () => undefined }), { name: "DataCloneError" });
  assert.deepEqual(await Promise.all([first, thread.ask({ text: "second" })]), ["first", "second"]);
  await thread.end();
});

test("all who wait for a thread that dies are told, once, and so is whoever asks it later", async () => {
  const causes: unknown[] = [];
  const thread = threadOf((cause) => causes.push(cause));
  const asked = ["never", "die", "never", "never"].map((text) => thread.ask({ text }));
  const answers = await Promise.allSettled(asked);
  assert.ok(answers.every((each) => each.status === "rejected" && each.reason instanceof ThreadLostError));
  assert.equal(thread.isAlive, false);
  await assert.rejects(thread.ask({ text: "late" }), ThreadLostError);
  thread.tell({ text: "late" });
  assert.deepEqual(causes.map(String), ["Error: the thread ended with code 7"]);
});

test("a thread that is ended while somebody waits tells them so", async () => {
  const thread = threadOf();
  const waiting = thread.ask({ text: "never" });
  const told = assert.rejects(waiting, ThreadLostError);
  await thread.end();
  await told;
  await thread.end();
});
