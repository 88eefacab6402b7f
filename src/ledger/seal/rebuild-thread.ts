/**
 * The thread that rebuilds trees: hashing with the packages takes 5 µs a hash, which would hold up every request if
 * it were done beside them. It builds one tree at a time; rebuilder.ts talks to it.
 */

import { parentPort } from "node:worker_threads";
import { decodeEntry } from "../../store/values/value-layout.ts";
import { type Frontier, leafOf, SealTree } from "./second-tree.ts";

/** What the thread is asked; `records` are entries as store/values/value-layout.ts writes them, one behind the other. */
export type SealTask =
  | { readonly task: "start"; readonly size: number; readonly frontier: Frontier }
  | { readonly task: "add"; readonly records: Uint8Array; readonly lengths: readonly number[] }
  | { readonly task: "finish" };

/** Answers to `start` (the root of the frontier), `add` (leaf hashes, joined) and `finish`. */
export type SealAnswer =
  | { readonly root: Uint8Array; readonly frontier: Frontier }
  | { readonly leaves: Uint8Array }
  | { readonly error: string };

let tree = new SealTree(0, []);

function work(request: SealTask): SealAnswer {
  if (request.task === "add") return { leaves: add(request.records, request.lengths) };
  if (request.task === "start") tree = new SealTree(request.size, request.frontier);
  return { root: tree.root(), frontier: tree.frontier };
}

function add(records: Uint8Array, lengths: readonly number[]): Uint8Array {
  let at = 0;
  const leaves = lengths.map((length) => {
    const record = records.subarray(at, at + length);
    at += length;
    return leafOf(decodeEntry(record, () => "an entry on its way to the sealing thread"));
  });
  tree.add(leaves);
  return Buffer.concat(leaves);
}

parentPort?.on("message", (request: SealTask) => {
  try {
    parentPort?.postMessage(work(request));
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies SealAnswer);
  }
});
