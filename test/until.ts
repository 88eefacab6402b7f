/** Waiting for what loops and processes do by themselves. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 10;
/** Not a measure of anything: what takes longer hangs. */
const LOOKS_MAX = 3000;

/** Looks again and again, until it is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if (await isSo()) return;
    await sleep(LOOK_MS);
  }
  assert.fail(`expected ${what}`);
}
