/** A thread that answers with what it is asked; `die` ends it, `never` is not answered. */

import { parentPort } from "node:worker_threads";

parentPort?.on("message", (question: { readonly text: string }) => {
  if (question.text === "die") process.exit(7);
  if (question.text !== "never") parentPort?.postMessage(question.text);
});
