/** A thread for bodies that dies when a body says so: `die` ends it, `throw` leaves an error that nobody catches. */

import { type MessagePort, parentPort } from "node:worker_threads";
import "../../../src/ingest/intake/thread.ts";
import type { IntakeTask } from "../../../src/ingest/intake/thread.ts";

const port = parentPort as MessagePort;
const answer = port.postMessage.bind(port);
// The thread's own listener is called first, and must not have answered when the one below ends it.
port.postMessage = (...answered: Parameters<typeof answer>) => void setImmediate(() => answer(...answered));
port.on("message", (task: IntakeTask) => {
  if (!("piece" in task)) return;
  const text = Buffer.from(task.piece).toString();
  if (text.includes("die")) process.exit(7);
  if (text.includes("throw")) throw new Error("the body told me to");
});
