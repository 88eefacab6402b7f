/** Looking into sorted files for what was written over: what was looked into stays known, and what cannot be looked into is said. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { utf8 } from "../../../src/merkle/bytes.ts";
import { OlderVersions } from "../../../src/store/leveldb/compact/older-versions.ts";
import { Database } from "../../../src/store/leveldb/database.ts";
import { readManifest } from "../../../src/store/leveldb/folder.ts";
import type { ManifestState } from "../../../src/store/leveldb/manifest.ts";
import { DamagedStoreError } from "../../../src/store/store.ts";

/** A store of one sorted file. */
async function makeStore(t: TestContext): Promise<{ readonly directory: string; readonly manifest: ManifestState }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-older-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  const database = await Database.open(directory, { writeBufferSize: 1024 * 1024 });
  await database.write({ sync: true }, (batch) => {
    for (const n of [1, 2, 3]) batch.put(Uint8Array.of(1, n), utf8(`value ${n}`));
  });
  await database.compact();
  await database.close();
  const manifest = await readManifest(directory);
  assert.ok(manifest.spans.size > 0);
  return { directory, manifest };
}

function tablesOf(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".ldb"))
    .map((name) => join(directory, name));
}

test("where a file went meanwhile nobody says that nothing is left, and the others are not read again", async (t) => {
  const { directory, manifest } = await makeStore(t);
  const [[, span] = assert.fail()] = manifest.spans;
  const older = new OlderVersions(directory);
  const gone = { ...manifest, spans: new Map([[999_999, span], ...manifest.spans]) };
  assert.equal(await older.find(gone, manifest.lastSequence), undefined);
  for (const path of tablesOf(directory)) rmSync(path);
  assert.deepEqual(await older.find(manifest, manifest.lastSequence), []);
});

test("a file that cannot be read is told, and is not taken for one without older values", async (t) => {
  const { directory, manifest } = await makeStore(t);
  for (const path of tablesOf(directory)) writeFileSync(path, readFileSync(path).subarray(0, 20));
  await assert.rejects(new OlderVersions(directory).find(manifest, manifest.lastSequence), (error: Error) => {
    assert.ok(error instanceof DamagedStoreError);
    assert.match(error.message, /expected to see that .*\.ldb has nothing that was removed/);
    return true;
  });
});
