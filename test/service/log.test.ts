/** The log of a service as whoever reads it gets it: one line of JSON each, whatever a stranger wrote. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";

const LOG = join(import.meta.dirname, "../../src/service/watching/log.ts");
/** What clears a screen, names a window, turns the direction of writing, or ends a line, in one byte or two. */
const HOSTILE = "\u001b[2J\u001b]0;owned\u0007\u009b31m\u009d0;owned\u009c\r\n\u2028\u2029\u202e\u0085é✓";

test("what a stranger wrote reaches the log as it is, and a terminal that shows the log obeys none of it", () => {
  const script = `
    import { openLog } from ${JSON.stringify(LOG)};
    const text = JSON.parse(process.argv[1]);
    openLog("debug").debug({ [text]: text, err: new Error(text) }, text);
  `;
  const args = ["--input-type=module", "-e", script, JSON.stringify(HOSTILE)];
  const output = execFileSync(process.execPath, args, { encoding: "utf8" });
  const [line = "", ...more] = output.split("\n");
  assert.deepEqual(more, [""], "it is one line");
  assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029\u202e]/u);
  const logged = JSON.parse(line);
  assert.deepEqual([logged.msg, logged[HOSTILE], logged.err.message], [HOSTILE, HOSTILE, HOSTILE]);
  assert.match(line, /é✓/);
});
