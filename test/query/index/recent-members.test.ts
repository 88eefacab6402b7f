/** Members that were read lately: what is kept of them, and that nothing is once they are to be forgotten. */

import assert from "node:assert/strict";
import test from "node:test";
import { RecentMembers } from "../../../src/query/index/entry-terms/recent-members.ts";

const bytes = new TextEncoder().encode('"actor":{"type":"user","id":"u1"}');

/** Asks for the bytes as whoever reads members does. @returns what was kept of them */
function ask(recent: RecentMembers<string>): string | undefined {
  const said = recent.get(bytes, 0, bytes.length);
  if (said === undefined && recent.isWanted()) recent.keep(bytes, 0, bytes.length, "u1");
  return said;
}

test("what is asked for twice is kept, until it is forgotten; then it is as if it had never come", () => {
  const recent = new RecentMembers<string>();
  const asked = [ask(recent), ask(recent), ask(recent)];
  assert.deepEqual(asked, [undefined, undefined, "u1"]);
  recent.clear();
  assert.deepEqual([ask(recent), ask(recent), ask(recent)], asked);
});
