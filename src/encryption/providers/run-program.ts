/**
 * Runs a program of the operator's: no shell, its input at once, its output bounded, and an end in time, with whatever it
 * started.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { AskAgainError } from "./asking.ts";

/** Of what it says on standard error. */
const SAID_MAX = 4096;

export type Ran = {
  /** 0 is what it has to be. */
  readonly status: number;
  readonly output: Uint8Array;
  readonly said: string;
};

/**
 * @param argv the program, by its path or its name, and its arguments
 * @throws AskAgainError when it cannot be started, is ended by a signal, says more than may be or takes too long
 */
export function runProgram(
  argv: readonly string[],
  input: string,
  { signal, outputMax }: { readonly signal: AbortSignal; readonly outputMax: number },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = argv;
    // A group of its own, so that what it starts ends with it; Windows has none.
    const child = spawn(program, args, { stdio: "pipe", detached: process.platform !== "win32", windowsHide: true });
    const output: Buffer[] = [];
    let length = 0;
    let said = "";
    const fail = (why: string) => {
      endGroup(child);
      reject(new AskAgainError(why));
    };
    const onAbort = () => fail("it did not end in time");
    signal.addEventListener("abort", onAbort);
    child.on("error", (error: NodeJS.ErrnoException) => fail(`it could not be started (${error.code ?? error.name})`));
    child.stdout.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length > outputMax) return fail(`more than ${outputMax} bytes of output`);
      output.push(piece);
    });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      said = (said + piece).slice(0, SAID_MAX);
    });
    // Whoever does not read what it is asked has closed its input; what it answers is judged all the same.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.on("close", (status, endedBy) => {
      signal.removeEventListener("abort", onAbort);
      if (status === null) return fail(`it was ended by ${endedBy ?? "a signal"}`);
      resolve({ status, output: Buffer.concat(output), said });
    });
    if (signal.aborted) onAbort();
  });
}

function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended, and all that it started.
  }
}
