/** What is recorded of accesses, as rules judge it: who reads how much, what is refused to whom, and from where keys are used. */

import type { AccessRecorder } from "../../access/recorder.ts";
import type { AccessesSeen } from "../../alerts/facts.ts";
import { CODES, isCode } from "../../http/api/codes.ts";
import type { KeyRing } from "../../http/auth/api-keys.ts";

const DAY_MS = 86_400_000;
const DENIED: readonly number[] = [401, 403];

export type AccessSurroundings = {
  readonly now: () => number;
  readonly keys: Pick<KeyRing, "list">;
  /** Absent where accesses are not recorded. */
  readonly accesses?: Pick<AccessRecorder, "counts" | "newAddresses"> | undefined;
};

/** @returns "off" where accesses are not recorded: nobody knows who reads what then */
export function lookAtAccesses({ accesses, keys, now }: AccessSurroundings): AccessesSeen | "off" {
  if (accesses === undefined) return "off";
  const sources = new Map(keys.list().map(({ id, source }) => [id, source] as const));
  return {
    reading: accesses.counts.reads(),
    refused: accesses.counts.refusedLately(now()).map(({ key, network, code, count }) => ({
      who: key === undefined ? `address ${network}` : `key ${key}`,
      isKnown: key !== undefined,
      code,
      isDenied: isCode(code) && DENIED.includes(CODES[code][0]),
      count,
    })),
    newAddresses: accesses
      .newAddresses(now() - DAY_MS)
      .flatMap(({ key, ...where }) => ({ key, source: sources.get(key) ?? "a key that is gone", ...where })),
  };
}
