/** What rules about accesses say where those are not recorded: somebody turned that off, so that nobody will find out. */

import type { TurnedOff } from "../../rule.ts";

export const ACCESSES_OFF: TurnedOff = { off: "who reads and changes what is not recorded here (access_off)" };
