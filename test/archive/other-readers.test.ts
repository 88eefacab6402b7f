/** docs/archive.md is enough: a reader in Python, which shares nothing with this program, reads archives and comes to the same roots. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { CODECS, type CodecName } from "../../src/archive/format/compression.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { names } from "../ledger/fixtures.ts";
import { archiveOf, makeFolder, sourceOf } from "./fixtures.ts";

const SCRIPT = join(import.meta.dirname, "read_archive.py");
const NO_ZSTD = 4;
const isThere = spawnSync("python3", ["--version"]).status === 0;
const skip = isThere ? false : "NOT TRIED: python3 is not installed";

test("a reader in Python that was written by docs/archive.md reads an archive and comes to the same root", {
  skip,
}, async (t) => {
  const folder = makeFolder(t);
  const source = await sourceOf(3, 20, 14);
  const all = (await names(source.ledger)).map((name) => `"name":${JSON.stringify(name)}`);
  for (const codec of Object.keys(CODECS) as CodecName[]) {
    for (const [from, to] of [
      [0, 37],
      [5, 23],
    ] as const) {
      const path = join(folder, `${codec}-${from}-${to}.hfa`);
      writeFileSync(path, await archiveOf(source, { from, to, codec }));
      const { status, stdout, stderr } = spawnSync("python3", [SCRIPT, path], { encoding: "utf8" });
      if (status === NO_ZSTD) {
        t.diagnostic(`NOT TRIED with ${codec}: ${stderr.trim()}`);
        continue;
      }
      assert.equal(status, 0, stderr);
      const root = toHex(await source.ledger.root(to));
      assert.deepEqual(JSON.parse(stdout), {
        range: { from, to },
        entries: to - from,
        root,
        texts: all.slice(from, to),
      });
    }
  }
  const bytes = await archiveOf(source, { from: 0, to: 37 });
  for (const [name, changed] of [
    ["cut", bytes.subarray(0, bytes.length - 1)],
    ["glued", Buffer.concat([bytes, bytes])],
  ] as const) {
    const path = join(folder, `${name}.hfa`);
    writeFileSync(path, changed);
    assert.equal(spawnSync("python3", [SCRIPT, path]).status, 1, name);
  }
});
