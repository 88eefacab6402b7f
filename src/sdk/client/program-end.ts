/** The end of the program that the client is in, where it has one that can be seen: Node says so, a browser does not. */

type Host = {
  readonly process?: {
    readonly on?: (event: "beforeExit", listener: () => void) => unknown;
    readonly off?: (event: "beforeExit", listener: () => void) => unknown;
  };
};

/** Calls back when nothing else is to be done; returns what ends that. */
export function beforeProgramEnds(listener: () => void): () => void {
  const { process } = globalThis as Host;
  process?.on?.("beforeExit", listener);
  return () => void process?.off?.("beforeExit", listener);
}
