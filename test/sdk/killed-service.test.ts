/**
 * The real service, killed while a program sends: whatever was accepted is recorded once, in order, and verifies. With more
 * events than npm test has time for: `EVENTS=10000 node --test test/sdk/killed-service.test.ts`, which verifies each of them.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { createClient } from "../../src/sdk/client/index.ts";
import { openSpool } from "../../src/sdk/spool/index.ts";
import { World } from "../system/service-process.ts";
import { until } from "../until.ts";
import { event } from "./clients.ts";
import { startMeddler } from "./meddler.ts";

const EVENTS = Number(process.env.EVENTS ?? 2_000);
const BATCH = 50;
const PROVED_EACH = process.env.EVENTS === undefined ? 100 : 1;

test(`the service is killed twice while ${EVENTS} events are sent: each is recorded once, in order, and verifies`, async (t) => {
  const world = new World(t);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-killed-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let service = await world.start();
  const { key } = service;
  const meddler = await startMeddler(t, service.url);
  const spool = openSpool({ folder });
  const retry = { baseMs: 5, maxMs: 50 };
  const settings = { url: meddler.url, key, retry };
  const client = createClient({ ...settings, mode: "spool", spool, batch: { countMax: BATCH, ageMs: 1 } });
  const ids = Array.from({ length: EVENTS }, (_, i) => `killed-${i}`);
  const sending = (async () => {
    for (let at = 0; at < ids.length; at += 25) {
      await client.append(ids.slice(at, at + 25).map((id) => event(id)));
    }
  })();
  for (const part of [0.2, 0.6]) {
    // The answer to a batch that was recorded is lost, and the service with it.
    await until("some to be recorded", () => client.status().recorded >= part * EVENTS);
    meddler.next.push("reset after", "hang");
    await until("it to be so", () => meddler.next.length === 0);
    await service.stop("SIGKILL");
    service = await world.start();
    meddler.target = service.url;
  }
  await sending;
  await client.flush({ deadlineMs: 120_000 });
  await client.close();
  const reader = createClient(settings);
  const found: { readonly index: number; readonly id: unknown }[] = [];
  for await (const { index, event } of reader.read.events({ action: "doc.*" })) found.push({ index, id: event.id });
  assert.deepEqual(
    found.map(({ id }) => id),
    ids,
  );
  for (const [i, { index }] of found.entries()) {
    if (i % PROVED_EACH > 0) continue;
    const { verdict } = await reader.read.bundle(index);
    assert.equal(verdict.event?.id, ids[i]);
    assert.notEqual(verdict.checks, "failed");
  }
  await reader.close();
});
