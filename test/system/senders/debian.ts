/**
 * Programs of Debian that are not installed here, unpacked into a folder beside the tests and run from there; nothing of
 * the system is changed. Where that cannot be, a test says so loudly and tries nothing.
 */

import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Where a program was unpacked, and what its environment needs. */
export type Unpacked = { readonly folder: string; readonly env: NodeJS.ProcessEnv };

const LIBRARIES = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "lib/systemd"];

/** Fetches packages with apt and unpacks them until the test has ended; why that cannot be as a text instead. */
export function unpacked(test: TestContext, packages: readonly string[]): Unpacked | string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-debian-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const fetched = spawnSync("apt-get", ["download", ...packages], { cwd: folder, encoding: "utf8", timeout: 120_000 });
  if (fetched.status !== 0) return `apt-get download ${packages.join(" ")}: ${fetched.error ?? fetched.stderr}`;
  const root = join(folder, "root");
  mkdirSync(root);
  for (const file of globSync("*.deb", { cwd: folder })) {
    const { status, stderr } = spawnSync("dpkg", ["-x", join(folder, file), root], { encoding: "utf8" });
    if (status !== 0) return `dpkg -x ${file}: ${stderr}`;
  }
  const paths = LIBRARIES.map((path) => join(root, path)).filter((path) => existsSync(path));
  return { folder: root, env: { ...process.env, LD_LIBRARY_PATH: paths.join(":") } };
}
