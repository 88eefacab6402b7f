/**
 * `npm run test:package`: the package as somebody has it who installs it from a registry into an empty folder, on every Node for
 * which it is. It says what it measures. Part of it is in packed.test.ts, which `npm test` runs.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack, ROOT, runTool } from "./packed.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
try {
  const { tarball } = pack(folder);
  const bin = (name: string) => join(ROOT, "node_modules", ".bin", name);
  console.log(runTool(bin("publint"), ["run", "--strict", tarball], ROOT));
  console.log(runTool(bin("attw"), [tarball], ROOT));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
