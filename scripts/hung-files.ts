/**
 * Ends test files that hang. Node's runner fails a file's tests at its timeout, and then still waits for the file's process, which a
 * daemon that was left behind keeps alive: one such file once kept a whole run from ending.
 */

import { execFileSync } from "node:child_process";

const LOOKS_MS = 5_000;

type Running = { readonly parent: number; readonly command: string };

/**
 * Looks at the children of this process every five seconds and kills, with everything they started, those that are there for longer.
 *
 * @param limitMs how long a child may take
 * @param tell is told the command of one that was killed
 * @returns ends the watch
 * @throws Error where `ps` cannot be run: a run without this watch could hang unseen
 */
export function endHungFiles(limitMs: number, tell: (command: string) => void, looksMs = LOOKS_MS): () => void {
  const firstSeen = new Map<number, number>();
  const look = () => {
    const running = processes();
    for (const [id, { parent, command }] of running) {
      if (parent !== process.pid) continue;
      const since = firstSeen.get(id) ?? Date.now();
      firstSeen.set(id, since);
      if (Date.now() - since < limitMs) continue;
      tell(command);
      killTree(id, running);
    }
    for (const id of firstSeen.keys()) if (!running.has(id)) firstSeen.delete(id);
  };
  look();
  const timer = setInterval(look, looksMs);
  return () => clearInterval(timer);
}

function processes(): Map<number, Running> {
  const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const running = new Map<number, Running>();
  for (const line of listed.split("\n")) {
    const [, id, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (id !== undefined && parent !== undefined)
      running.set(Number(id), { parent: Number(parent), command: command ?? "" });
  }
  return running;
}

/** What it started first: a child whose parent has gone could not be found any more. */
function killTree(id: number, running: ReadonlyMap<number, Running>): void {
  for (const [child, { parent }] of running) if (parent === id) killTree(child, running);
  try {
    process.kill(id, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
