/** The thread that opens, hashes and indexes entries for an audit; stretch-threads.ts talks to it. */

import { parentPort } from "node:worker_threads";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { StretchGround, StretchTask } from "./stretch-task.ts";
import { StretchWork } from "./stretch-work.ts";

const hash = await fastKeccak256();
let work: StretchWork | undefined;

parentPort?.on("message", (message: StretchGround | StretchTask) => {
  if ("ledgerId" in message) {
    work = new StretchWork(hash, message);
    return;
  }
  if (work === undefined) throw new TypeError("expected to be told of the ledger first, got a stretch");
  const answer = work.do(message);
  const { leaves, withheld, keys } = answer.digests;
  parentPort?.postMessage(answer, [leaves.buffer, withheld.buffer, keys.buffer, answer.times.buffer]);
});
