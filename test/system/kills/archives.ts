/** Archives in a folder, as whoever opens it finds them. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { runCli } from "../../cli/run-cli.ts";

export function namesOfArchives(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".hfa"));
}

/** There is one, and all holds of it that can be looked at without a chain. */
export async function verifyArchive(folder: string): Promise<void> {
  const names = namesOfArchives(folder);
  assert.equal(names.length, 1, names.join());
  const args = ["archive", "verify", names[0] as string, "--folder", folder, "--offline"];
  const { stdout, stderr } = await runCli(args);
  // Without a chain nobody vouches for who signed; all else is checked.
  assert.match(stdout, /: Holds, signer not vouched for/, stdout + stderr);
}
