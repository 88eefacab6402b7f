/** The pages, built from the sources as they are, for tests that look at them. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** @param folder where to; the one that services serve from when absent */
export function buildPages(folder?: string): void {
  const args = ["scripts/build-web.ts", ...(folder === undefined ? [] : ["--out", folder])];
  execFileSync(process.execPath, args, { cwd: ROOT });
}
