/** Pages of text that messages name can be opened from where somebody is. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import test, { after } from "node:test";
import { withPages } from "../../src/cli/about/pages.ts";

const ROOT = join(import.meta.dirname, "..", "..");

test("a page is named as it is opened from the working directory, and what is no page of ours stays as it is", () => {
  const before = process.cwd();
  after(() => process.chdir(before));
  process.chdir(ROOT);
  assert.equal(withPages("see docs/cli.md."), "see docs/cli.md.");
  process.chdir(tmpdir());
  const there = relative(process.cwd(), join(ROOT, "docs"));
  assert.equal(withPages("see docs/cli.md."), `see ${there}/cli.md.`);
  assert.equal(
    withPages("docs/sources/docker.md, and docs/sources"),
    `${there}/sources/docker.md, and ${there}/sources`,
  );
  assert.equal(withPages("docs/nothing.md"), "docs/nothing.md");
});
