/**
 * kill -9 between the parts in which a large body of a foreign sender is recorded: sent again, as its sender does, everything is
 * there once, however far it was.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { Bench } from "./faults/bench.ts";
import { waitFor } from "./service-process.ts";

/** Some parts of a body. */
const LINES = 8000;
const TARGET = "POST /v1/ledgers/main/ingest/logs";

type Receipts = { readonly recorded: number; readonly duplicates: number };

test("a large body whose service is killed between its parts is recorded once when it comes again", async (t) => {
  const bench = new Bench();
  t.after(() => bench.close());
  const { world, options } = bench.emptyPlace("none");
  let service = await world.start(options);
  const sizeNow = async () => (await service.json<{ size: number }>(200, "GET /v1/ledgers/main")).size;
  // A machine may be faster than whoever looks; then a larger one is tried.
  for (let lines = LINES; ; lines *= 3) {
    const before = await sizeNow();
    const body = Array.from({ length: lines }, (_, i) => `{"date":${1_795_763_652 + i},"message":"of ${lines}: ${i}"}`);
    const sent = body.join("\n");
    const answer = service.ask(TARGET, sent).catch(() => undefined);
    await waitFor("a part of it to be recorded", async () => (await sizeNow()) > before);
    await service.stop("SIGKILL");
    const wasCut = (await answer) === undefined;
    service = await world.start({ ...options, env: { HOLDFAST_LISTEN: new URL(service.url).host } });
    const kept = (await sizeNow()) - before;
    const again = await service.json<Receipts>(200, TARGET, sent);
    assert.deepEqual([again.duplicates, again.recorded, await sizeNow()], [kept, lines - kept, before + lines]);
    const third = await service.json<Receipts>(200, TARGET, sent);
    assert.deepEqual([third.duplicates, third.recorded, await sizeNow()], [lines, 0, before + lines]);
    if (wasCut && kept < lines) return;
  }
});
