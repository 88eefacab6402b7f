/** The pages, built from the sources as they are, for tests that look at them. */

import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const SERVED = join(ROOT, "build", "web");

/**
 * Builds them where services serve them from, unless what is there was made of the same sources: a build takes seconds, and a score of
 * test files look at pages.
 *
 * @param folder where to have them as well
 */
export function buildPages(folder?: string): void {
  execFileSync(process.execPath, ["scripts/pages.mjs"], { cwd: ROOT });
  const isPage = (from: string) => basename(from) !== ".sources";
  if (folder !== undefined) cpSync(SERVED, folder, { recursive: true, filter: isPage });
}

/** Builds them into a folder, whatever was built before. */
export function buildAnew(folder: string): void {
  execFileSync(process.execPath, ["scripts/build-web.ts", "--out", folder], { cwd: ROOT });
}
