/** How often the state of the embedded chain is written: by how long it takes, whatever happens to the machine meanwhile. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Snapshots } from "../../src/devchain/snapshot.ts";

const HOUR_MS = 3_600_000;

test("after a snapshot in whose middle the machine slept, the next one is allowed within the hour, not in days", async (t) => {
  let now = 0;
  const dir = mkdtempSync(join(tmpdir(), "holdfast-snapshot-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const node = createServer((_, answer) => {
    now += 8 * HOUR_MS;
    answer.end('{"jsonrpc":"2.0","id":1,"result":"0x1f8b"}');
  });
  node.listen(0, "127.0.0.1");
  t.after(() => node.close());
  await once(node, "listening");
  const snapshots = new Snapshots(dir, `http://127.0.0.1:${(node.address() as AddressInfo).port}`, () => now);
  assert.ok(snapshots.isAllowed);
  await snapshots.take();
  assert.ok(!snapshots.isAllowed);
  now += HOUR_MS;
  assert.ok(snapshots.isAllowed);
});
