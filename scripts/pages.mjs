/**
 * Builds the pages into build/web when they are not those of the sources as they are, and is silent and quick otherwise. The set-up does it, and so does
 * every test that looks at pages. Plain JavaScript, because the set-up runs on whatever Node is there. `--sources` prints what they are made of.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(root, "build", "web", ".sources");
/** What the pages are made of; the lock says which versions of packages. */
const SOURCES = [
  "package-lock.json",
  "src/web",
  "src/merkle",
  "src/json",
  "src/entry",
  "src/verify",
  "src/senders",
  "src/net",
  "src/chain/contract/artifact.json",
  "scripts/build-web.ts",
];

/** Digest of everything that the pages are made of. */
function stamp() {
  const digest = createHash("sha256");
  const add = (path) => digest.update(`${path}\n`).update(readFileSync(join(root, path)));
  for (const source of SOURCES) {
    if (/\.\w+$/.test(source)) add(source);
    else
      for (const file of readdirSync(join(root, source), { recursive: true }).sort())
        if (/\.\w+$/.test(file)) add(join(source, file));
  }
  return `${digest.digest("hex")}\n`;
}

/** @returns whether they are there: what went wrong with the build was said by it */
export function buildPages() {
  const wanted = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return true;
  const node = join(root, "node_modules", ".bin", "node");
  const built = spawnSync(node, [join(root, "scripts", "build-web.ts")], { cwd: root, stdio: ["ignore", 2, 2] });
  if (built.status === 0) writeFileSync(stampFile, wanted);
  return built.status === 0;
}

// An older Node does not know whether this is what was started; then it is the set-up.
if (import.meta.main) {
  if (process.argv.includes("--sources")) console.log(JSON.stringify(SOURCES));
  else if (!buildPages()) process.exitCode = 1;
}
