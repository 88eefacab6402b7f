/** What the log says of hashing. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";

const SERVICE = join(import.meta.dirname, "../../src/service");
const SCRIPT = `
  import { openHash } from ${JSON.stringify(join(SERVICE, "hashing.ts"))};
  import { openLog } from ${JSON.stringify(join(SERVICE, "watching/log.ts"))};
  await openHash(openLog("info"));
`;

function logged(...flags: readonly string[]): string {
  return execFileSync(process.execPath, [...flags, "--input-type=module", "-e", SCRIPT], { encoding: "utf8" });
}

test("a service says that it hashes slowly where the processor lacks what makes it fast, and nothing elsewhere", (t) => {
  assert.equal(logged(), "");
  if (process.arch !== "x64") return t.skip("no switch takes the vectors away from this processor");
  const [line = "", ...more] = logged("--no-enable-sse4-1").trimEnd().split("\n");
  assert.deepEqual(more, []);
  assert.match(JSON.parse(line).msg, /no vectors of 128 bits/);
});
