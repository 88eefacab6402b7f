/** The process in which the library of a token runs, as the service sees it: started when it is asked, and again when it is lost. */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { builtOf } from "../../../worker-thread.ts";
import { AskAgainError } from "../asking.ts";
import type { TokenPlace } from "./token.ts";
import type { TokenAnswer, TokenQuestion, TokenTask } from "./token-protocol.ts";

const SCRIPT = new URL("./serve-token.ts", import.meta.url);
/** For the library to end its sessions. */
const END_MS = 1_000;

type Waiting = { readonly resolve: (answer: TokenAnswer) => void; readonly reject: (error: Error) => void };

export class TokenProcess {
  readonly #place: TokenPlace;
  #run: Run | undefined;

  constructor(place: TokenPlace) {
    this.#place = place;
  }

  /** @throws AskAgainError when it ended before it had answered; the signal ends it */
  async ask(task: TokenTask, signal: AbortSignal): Promise<TokenAnswer> {
    if (this.#run?.isOver !== false) this.#run = new Run();
    const run = this.#run;
    const answer = await run.ask(this.#place, task, signal);
    // A session that is lost does not come back, and a process that starts anew opens another.
    if (answer.fault === "passes") void run.end();
    return answer;
  }

  async end(): Promise<void> {
    await this.#run?.end();
  }
}

/** One life of it. */
class Run {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #isOver = false;

  constructor() {
    // What libraries write is for their vendors, and nobody knows what they put into it.
    this.#child = fork(fileURLToPath(builtOf(SCRIPT)), [], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.#child.on("message", ({ n, answer }: { readonly n: number; readonly answer: TokenAnswer }) => {
      this.#waiting.get(n)?.resolve(answer);
      this.#waiting.delete(n);
    });
    this.#child.on("error", (error) => this.#lose(`its process failed (${codeOf(error)})`));
    this.#child.on("exit", (status, signal) => this.#lose(`its process ended with ${signal ?? `status ${status}`}`));
  }

  /** Whether it is not to be asked any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async ask(place: TokenPlace, task: TokenTask, signal: AbortSignal): Promise<TokenAnswer> {
    // The library has the thread that hangs: nobody else would be answered either.
    const onAbort = () => {
      this.#isOver = true;
      this.#child.kill("SIGKILL");
    };
    signal.addEventListener("abort", onAbort);
    try {
      return await new Promise<TokenAnswer>((resolve, reject) => {
        const n = ++this.#asked;
        this.#waiting.set(n, { resolve, reject });
        this.#child.send({ n, place, task } satisfies TokenQuestion, (error) => {
          if (error !== null) this.#lose(`its process does not listen (${codeOf(error)})`);
        });
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
      this.#child.once("exit", () => {
        clearTimeout(timer);
        resolve();
      });
      if (this.#child.connected) this.#child.disconnect();
    });
  }

  #lose(why: string): void {
    this.#isOver = true;
    for (const { reject } of this.#waiting.values()) reject(new AskAgainError(why));
    this.#waiting.clear();
  }
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.name;
}
