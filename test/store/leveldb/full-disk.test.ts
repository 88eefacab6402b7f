/** A failed write, then room again, then more work, then kill -9: everything that was acknowledged is there. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { packEntry } from "../../../src/entry/packed.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { entryOf, hex } from "../suite.ts";

const WRITER = join(import.meta.dirname, "limited-writer.ts");
const hasLimits = process.platform === "linux" && spawnSync("prlimit", ["--version"]).status === 0;
if (!hasLimits) console.error("SKIPPED: no prlimit here, so that writing on a full disk is not tried");

type Line = Record<string, unknown> & { readonly ledger?: number; readonly size?: number };

function run(directory: string, order: string, kilobytes: number): Line[] {
  const script = `trap '' XFSZ; ulimit -S -f ${kilobytes}; exec "$@"`;
  const { stdout, signal } = spawnSync("bash", ["-c", script, "sh", process.execPath, WRITER, directory, order], {
    encoding: "utf8",
    timeout: 60_000,
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.equal(signal, "SIGKILL");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

for (const order of ["commit", "probe"]) {
  for (const kilobytes of [256, 257, 300, 333, 777]) {
    const title = `what is acknowledged after a full disk outlives kill -9 (first refused: a ${order}, at ${kilobytes} kB)`;
    test(title, { skip: !hasLimits }, async (t) => {
      const directory = mkdtempSync(join(tmpdir(), "holdfast-full-"));
      t.after(() => rmSync(directory, { recursive: true, force: true }));
      const lines = run(join(directory, "store"), order, kilobytes);
      const sizes = [0, 1].map((ledger) =>
        Math.max(0, ...lines.filter((l) => l.ledger === ledger).map((l) => l.size ?? 0)),
      );
      assert.ok(
        lines.some(({ refused, state }) => refused === "store_unavailable" && state === "suspect"),
        "a write failed",
      );
      assert.ok(
        lines.some(({ readable }) => (readable as number) > 0),
        "reads go on while the disk is full",
      );
      assert.ok(lines.some(({ whileFull, atOnce }) => whileFull === "store_unavailable" && atOnce === true));
      assert.ok(
        lines.some(({ done }) => done === true),
        "it went on by itself",
      );
      const store = await LevelStore.open(join(directory, "store"));
      t.after(() => store.close());
      for (const [i, size] of sizes.entries()) {
        const id = hex(i + 1, 32);
        assert.equal((await store.head(id))?.size, size, `ledger ${i} has what was acknowledged, and no more`);
        let index = 0;
        for await (const entry of store.entries(id, 0, size)) {
          assert.deepEqual(packEntry(entry), packEntry(entryOf(index++ % 256)));
        }
      }
    });
  }
}
