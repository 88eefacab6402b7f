/** Packages of Python's, for senders that are written in it. */

import { execFile } from "node:child_process";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Installs packages into a folder of the test's own. What keeps them from being there is said, and the test skipped. */
export async function installPython(t: TestContext, folder: string, packages: readonly string[]): Promise<boolean> {
  const args = ["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--target", folder];
  try {
    await run("python3", [...args, ...packages], { timeout: 90_000 });
    return true;
  } catch (error) {
    const why = `Python's senders are NOT tested, they could not be installed: ${(error as Error).message}`;
    t.diagnostic(why);
    t.skip(why);
    return false;
  }
}
