/** What is said of a disk that takes no writes. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import test from "node:test";
import { describeFullDisk } from "../../../src/store/leveldb/opening/disk-room.ts";
import { sayUnwritable } from "../../../src/store/leveldb/writing-state.ts";

test("a full disk is called one, with its room and what to do, and without a path; another failure is not", () => {
  const full = [
    Object.assign(new Error("write failed"), { code: "ENOSPC" }),
    new Error("IO error: /var/data/000005.log: No space left on device"),
    Object.assign(new Error("write failed"), { code: "EDQUOT" }),
  ];
  for (const cause of full) {
    const said = sayUnwritable({ state: "suspect", cause }, tmpdir(), false);
    assert.match(
      said,
      /^the store takes no writes now, and nothing of this was written: the disk with the data (is full: [\d.]+ MB are free, at least [\d.]+ MB are needed|was full, and [\d.]+ MB are free now); make room there, and it goes on by itself$/,
    );
    assert.doesNotMatch(said, /\/var|\/tmp|suspect/);
  }
  assert.equal(describeFullDisk(tmpdir(), Object.assign(new Error("input/output error"), { code: "EIO" })), undefined);
  assert.equal(describeFullDisk(tmpdir(), undefined), undefined);
  assert.match(describeFullDisk("/no/such/folder", full[0]) ?? "", /full: at least/);
  const other = sayUnwritable({ state: "suspect", cause: new Error("input/output error") }, tmpdir(), false);
  assert.match(other, /a write to the disk failed, and it is tried until .*\(input\/output error\)$/);
});
