/**
 * A thread that is asked and answers, one question after the other. While nothing is asked it keeps no process from ending;
 * when it dies, whoever waits is told.
 */

import { Worker } from "node:worker_threads";

/** The thread ended before it had answered; `cause` says of what. */
export class ThreadLostError extends Error {
  override readonly name = "ThreadLostError";
}

type Waiting<Answer> = { readonly resolve: (answer: Answer) => void; readonly reject: (error: unknown) => void };

/** Its script answers every message that it is asked with one message, in the order in which they came. */
export class WorkerThread<Question, Answer> {
  readonly #worker: Worker;
  readonly #onLost: (cause: unknown) => void;
  readonly #waiting: Waiting<Answer>[] = [];
  #lost: unknown;

  /**
   * @param script as it is named in the sources, such as `new URL("./thread.ts", import.meta.url)`
   * @param onLost told once, with what it died of, or that it was ended
   */
  constructor(script: URL, onLost: (cause: unknown) => void = () => undefined) {
    this.#onLost = onLost;
    // No limit on its memory of our own: when the engine's parser meets one, the whole process ends, not the thread.
    this.#worker = new Worker(builtOf(script));
    this.#worker.unref();
    this.#worker.on("message", (answer: Answer) => this.#take(answer));
    this.#worker.on("error", (cause) => this.#lose(cause));
    // An answer that cannot be read is lost, and those that follow would go to the wrong questions.
    this.#worker.on("messageerror", (cause) => {
      this.#lose(cause);
      void this.end();
    });
    this.#worker.on("exit", (code) => this.#lose(new Error(`the thread ended with code ${code}`)));
  }

  get isAlive(): boolean {
    return this.#lost === undefined;
  }

  /**
   * Asks, and resolves with the answer.
   * @param transferred memory that is the thread's from now on
   * @throws ThreadLostError
   */
  ask(question: Question, transferred: readonly ArrayBuffer[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) throw lostError(this.#lost);
      // First, since it throws for what cannot be sent: whoever waited for that would get the answer of the next.
      this.#worker.postMessage(question, [...transferred]);
      if (this.#waiting.length === 0) this.#worker.ref();
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Tells the thread something that it does not answer. */
  tell(message: Question): void {
    if (this.#lost === undefined) this.#worker.postMessage(message);
  }

  /** Ends it; whoever waits is told that it is lost. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    waiting?.resolve(answer);
  }

  #lose(cause: unknown): void {
    if (this.#lost !== undefined) return;
    this.#lost = cause;
    for (const { reject } of this.#waiting.splice(0)) reject(lostError(cause));
    this.#onLost(cause);
  }
}

/** Where this file was built to JavaScript, so was the script, beside which it lies as among the sources. */
export function builtOf(script: URL): URL {
  return import.meta.url.endsWith(".js") ? new URL(script.href.replace(/\.ts$/, ".js")) : script;
}

function lostError(cause: unknown): ThreadLostError {
  return new ThreadLostError("expected the thread to answer, but it ended", { cause });
}
