/** The thread of an audit that has the machine for itself; audit-threads.ts talks to it. */

import { parentPort } from "node:worker_threads";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { inspectTables } from "../../store/leveldb/inspect.ts";
import { sumClaimsIn } from "../../store/values/claims.ts";
import { StretchWork } from "./stretch-work.ts";
import type { StretchAnswer, ThreadQuestion } from "./thread-questions.ts";

const hash = await fastKeccak256();
let work: StretchWork | undefined;

/** What goes wrong in looking at files or claims goes wrong again where it was asked for, and is told there. */
const orFailed = (answer: Promise<unknown>) => answer.catch(() => undefined);

async function answer(question: ThreadQuestion): Promise<void> {
  if (question.kind === "ground") {
    work = new StretchWork(hash, question.ground);
    return;
  }
  if (question.kind === "stretch") {
    if (work === undefined) throw new TypeError("expected to be told of the ledger first, got a stretch");
    return send(work.do(question.task));
  }
  const { kind, directory } = question;
  const found = kind === "files" ? inspectTables(directory, question.numbers) : sumClaimsIn(directory, question.span);
  parentPort?.postMessage(await orFailed(found));
}

function send(found: StretchAnswer): void {
  const { leaves, withheld, keys } = found.digests;
  parentPort?.postMessage(found, [leaves.buffer, withheld.buffer, keys.buffer, found.times.buffer]);
}

/** Questions are answered in the order in which they came. */
let turn = Promise.resolve();
parentPort?.on("message", (question: ThreadQuestion) => {
  turn = turn.then(() => answer(question));
});
