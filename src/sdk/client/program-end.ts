/** The end of the program that clients are in, where it has one that can be seen: Node says so, a browser does not. */

type Host = {
  readonly process?: { readonly on?: (event: "beforeExit", listener: () => void) => unknown };
};

/** All that want to know; one listener for them all, as Node warns of many. */
const listeners = new Set<() => void>();
let isListening = false;

/** Calls back when nothing else is to be done; returns what ends that. */
export function beforeProgramEnds(listener: () => void): () => void {
  const { process } = globalThis as Host;
  if (!isListening && process?.on !== undefined) {
    isListening = true;
    process.on("beforeExit", () => {
      for (const tell of listeners) tell();
    });
  }
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
