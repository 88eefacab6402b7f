/** An event as a line for a person. */

import assert from "node:assert/strict";
import test from "node:test";
import { eventLine } from "../../../src/cli/remote/event-line.ts";

test("an intent, its result and an event that is neither are told from one another", () => {
  const line = (more: object) => eventLine({ index: 3, recordedAt: 0, event: { action: "a", actor: "ada", ...more } });
  assert.match(line({}), /^1970\S+ {2}3 {2}a {2}ada$/);
  assert.match(line({ intent: "i-1" }), /ada {2}\(about to be done, intent i-1\)$/);
  assert.match(line({ result_of: "i-1", outcome: "success" }), /ada {2}\(result of i-1\)$/);
});
