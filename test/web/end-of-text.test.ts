/** What is left of a name for which there is no room: the part that tells it from others. */

import assert from "node:assert/strict";
import test from "node:test";
import { endOf } from "../../src/web/parts/text/end-of-text.ts";

const CASES: readonly (readonly [text: string, end: string])[] = [
  ["service system:serviceaccount:payments:deployer", ":payments:deployer"],
  ["service system:serviceaccount:kube-system:generic-garbage-collector", "-garbage-collector"],
  ["user arn:aws:sts::111122223333:assumed-role/Admin/alice@example.com", "/alice@example.com"],
  ["service payments/5f3c1d0a9b8e17", "/5f3c1d0a9b8e17"],
  ["key 0123456789abcdef0123456789abcdef", "456789abcdef"],
  ["user u1042", ""],
  ["", ""],
];

for (const [text, end] of CASES) {
  test(`of “${text}” it is “${end}” that stays`, () => assert.equal(text.slice(endOf(text)), end));
}

test("a character is not parted", () => {
  const end = endOf("😀".repeat(40));
  assert.equal("😀".repeat(40).slice(end), "😀".repeat(6));
  assert.equal(`x${"😀".repeat(40)}y`.slice(endOf(`x${"😀".repeat(40)}y`)).isWellFormed(), true);
});
