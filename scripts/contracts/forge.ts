/**
 * Brings Foundry's forge into build/, from npm and only when it is asked for: it weighs 85 MB, and `npm test` does without.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "build/forge");
const VERSION = "1.7.1";
const PACKAGE = "@foundry-rs/forge-linux-amd64";
/** sha256 of the program, as it was when the invariants were written. */
const DIGEST = "4f77da0810de94325734855d0ad58d70640aa8a5b2a837608ddf8c26da34355c";

/** Path of the program, or why there is none. */
export function bringForge(): { readonly path: string } | { readonly missing: string } {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { missing: `expected Linux on x64, got ${process.platform} on ${process.arch}` };
  }
  const path = join(FOLDER, "node_modules", PACKAGE, "bin/forge");
  if (!existsSync(path)) {
    const wanted = `${PACKAGE}@${VERSION}`;
    const options = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", FOLDER, wanted];
    const { status } = spawnSync("npm", options, { stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0 || !existsSync(path)) return { missing: `npm did not install ${wanted}` };
  }
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  if (digest !== DIGEST) return { missing: `expected ${path} with sha256 ${DIGEST}, got ${digest}` };
  return { path };
}
