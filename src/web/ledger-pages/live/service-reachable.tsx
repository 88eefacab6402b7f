/** Whether the service answers: what is shown of a moment that has passed must not look like now. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

export type Reach = {
  readonly isLost: boolean;
  /** Milliseconds since 1970 of its last answer; undefined when there was none. */
  readonly lastAt: number | undefined;
};

const ReachContext = createContext<Reach>({ isLost: false, lastAt: undefined });

/** The frame of the pages tells it, which asks again and again. */
export const ReachProvider = ReachContext.Provider;

export function useReach(): Reach {
  return useContext(ReachContext);
}
