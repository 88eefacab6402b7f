/** Check of when a service says that it signed: under a clock that was wrong once, the times of later entries stand still. */

import type { Case } from "./check-input.ts";
import { bad, type Check, good, seconds, unknown } from "./checks.ts";

/** What clocks that are right may differ by, and more. */
const AHEAD_MS = 900_000;

export function checkTime({ seen, own, heard }: Case): Check {
  const newest = heard ?? own;
  if (newest === undefined) return unknown("no checkpoint yet");
  const signedAtMs = newest.signedAt * 1000;
  const date = new Date(signedAtMs);
  const at = Number.isNaN(date.getTime()) ? `${newest.signedAt} s after 1970` : date.toISOString();
  const said = `size ${newest.size} says that it was signed at ${at}`;
  const aheadMs = signedAtMs - seen.now;
  if (aheadMs <= AHEAD_MS) return good(said);
  return bad(
    `${said}, ${seconds(aheadMs)} in the future: a clock is or was wrong, and times of entries stand still until then`,
  );
}
