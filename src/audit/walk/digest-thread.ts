/** The thread that computes digests for an audit; digest-pool.ts talks to it. */

import { parentPort } from "node:worker_threads";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { digestAll } from "./digest.ts";
import { type DigestTask, packAnswer, unpackTask } from "./digest-task.ts";

const hash = await fastKeccak256();

parentPort?.on("message", (task: DigestTask) => {
  const { answer, transferred } = packAnswer(digestAll(hash, unpackTask(task)));
  parentPort?.postMessage(answer, transferred);
});
