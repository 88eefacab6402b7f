/** Events on a disk: whatever is accepted outlives the program, the disk and the other process, in its order, once. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, type TestContext } from "node:test";
import type { EventSpool, OutgoingEvent } from "../../../src/sdk/client/index.ts";
import { encodeFrame, readFrames } from "../../../src/sdk/spool/frames.ts";
import { openSpool, type SpoolDamage, type SpoolOptions } from "../../../src/sdk/spool/index.ts";
import { until } from "../../until.ts";
import { event, events, startScene } from "../clients.ts";

const scene = await startScene({ after });
const ALL = { countMax: 1e6, bytesMax: 1e9 };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-spool-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function outgoing(id: string, more: object = {}): OutgoingEvent {
  const text = JSON.stringify(event(id, more));
  return { id, text, bytes: Buffer.byteLength(text) };
}

async function fill(folder: string, ids: readonly string[], options: Partial<SpoolOptions> = {}): Promise<void> {
  const spool = await openSpool({ folder, ...options });
  for (const id of ids) await spool.add([outgoing(id)]);
  await spool.close();
}

/** What waits in a spool, taken out of it. */
async function drain(spool: EventSpool): Promise<string[]> {
  const ids: string[] = [];
  for (let some = await spool.peek(ALL); some.length > 0; some = await spool.peek(ALL)) {
    ids.push(...some.map(({ id }) => id));
    await spool.settle(some, []);
  }
  return ids;
}

const segmentsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".events"))
    .sort();

test("a disk that is full gets no file for each event that it has no room for", async (t) => {
  const folder = makeFolder(t);
  const spool = await openSpool({ folder });
  const handle = await open(join(folder, "lock"), "r");
  const fullDisk = t.mock.method(Object.getPrototypeOf(handle) as FileHandle, "write", async () => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  });
  await handle.close();
  for (let i = 0; i < 5; i++) await assert.rejects(spool.add([outgoing(`e${i}`)]), { code: "spool_failed" });
  assert.deepEqual(segmentsIn(folder), []);
  fullDisk.mock.restore();
  await spool.add([outgoing("e5")]);
  assert.deepEqual(await drain(spool), ["e5"]);
  await spool.close();
});

test("what was spooled by one run of a program is recorded by the next, in order and once", async (t) => {
  const folder = makeFolder(t);
  scene.meddler.otherwise = { status: 503 };
  const first = scene.client({ mode: "spool", spool: openSpool({ folder }) });
  const accepted = await first.append(events(30, "spooled"));
  assert.ok(accepted.every(({ state }) => state === "spooled"));
  await until("trouble", () => first.status().trouble !== undefined);
  const { waiting, trouble } = await first.close({ deadlineMs: 20 });
  assert.equal(waiting, 30);
  assert.equal(trouble?.status, 503);
  scene.meddler.otherwise = "reset after";
  const second = scene.client({ mode: "spool", spool: openSpool({ folder }) });
  await until("the service to have them", async () => (await scene.recorded()).length >= 30);
  scene.meddler.otherwise = "pass";
  await second.append(event("later"));
  await second.flush();
  const names = events(30, "spooled").map(({ id }) => id);
  assert.deepEqual(
    (await scene.recorded()).filter((id) => /spooled|later/.test(id)),
    [...names, "later"],
  );
  await second.close();
  assert.deepEqual(segmentsIn(folder), [], "what is recorded takes no room");
});

test("closing at once after an event was handed over still sends it", async (t) => {
  const client = scene.client({ mode: "spool", spool: openSpool({ folder: makeFolder(t) }) });
  const handed = client.append(event("handed over"));
  const { waiting, recorded } = await client.close();
  assert.deepEqual([waiting, recorded, (await handed).state], [0, 1, "spooled"]);
});

test("what waits is told in bytes as in events: those of its texts, over files and a start, and none when all is delivered", async (t) => {
  const folder = makeFolder(t);
  const options = { folder, bytesMax: 12_000 };
  const waiting = Array.from({ length: 40 }, (_, i) => outgoing(`byte-${i}`));
  const told = () => [waiting.length, waiting.reduce((sum, { bytes }) => sum + bytes, 0)];
  const settle = async (spool: EventSpool, countMax: number) => {
    await spool.settle(await spool.peek({ countMax, bytesMax: 1e6 }), []);
    waiting.splice(0, countMax);
    assert.deepEqual([spool.count, spool.bytes], told());
  };
  const first = await openSpool(options);
  assert.deepEqual([first.count, first.bytes], [0, 0]);
  for (const each of waiting) await first.add([each]);
  assert.ok(segmentsIn(folder).length > 2, `expected some files, got ${segmentsIn(folder)}`);
  await settle(first, 3);
  await first.close();
  const second = await openSpool(options);
  assert.deepEqual([second.count, second.bytes], told());
  while (waiting.length > 0) await settle(second, 1);
  waiting.push(outgoing("one more"));
  await second.add(waiting);
  await settle(second, 1);
  await second.close();

  const client = scene.client({ mode: "spool", spool: openSpool({ folder: makeFolder(t) }) });
  await client.append(events(3, "told"));
  await client.flush();
  const status = client.status();
  assert.deepEqual([status.waiting, status.waitingBytes, status.recorded], [0, 0, 3]);
});

test("an event that the service refuses is set aside in a file with the reason, and holds nobody up", async (t) => {
  const folder = makeFolder(t);
  const client = scene.client({ mode: "spool", spool: openSpool({ folder }) });
  await client.append([event("good-1"), event("refused", { action: "" }), event("good-2")]);
  await client.flush();
  assert.deepEqual((await scene.recorded()).slice(-2), ["good-1", "good-2"]);
  const [line = ""] = readFileSync(join(folder, "refused.ndjson"), "utf8").split("\n");
  const { code, event: text } = JSON.parse(line) as { code: string; event: string };
  assert.equal(code, "event_invalid");
  assert.equal((JSON.parse(text) as { id: string }).id, "refused");
  assert.equal((await client.close()).refused, 1);
});

test("a program that is killed at any moment has lost nothing of what it was told is accepted, over many runs", async (t) => {
  const folder = makeFolder(t);
  const told: string[] = [];
  for (let run = 0; run < 5; run++) {
    const program = join(import.meta.dirname, "killed-program.ts");
    const child = spawn(process.execPath, [program, folder, "http://127.0.0.1:1", `run${run}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    const lines = 1 + run * 67;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.split("\n").length > lines) child.kill("SIGKILL");
    });
    const [, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once("close", (status, by) => resolve([status, by]));
    });
    assert.equal(signal, "SIGKILL");
    told.push(...output.split("\n").slice(0, -1));
  }
  const damages: SpoolDamage[] = [];
  const spool = await openSpool({ folder, onDamage: (damage) => damages.push(damage) });
  const kept = await drain(spool);
  await spool.close();
  const set = new Set(kept);
  assert.equal(set.size, kept.length, "each is there once");
  assert.ok(told.length > 400, `expected some hundred events, got ${told.length}`);
  assert.deepEqual(
    told.filter((id) => !set.has(id)),
    [],
  );
  const isTold = new Set(told);
  assert.deepEqual(
    kept.filter((id) => isTold.has(id)),
    told,
    "in the order in which they were accepted",
  );
  assert.deepEqual(damages, []);
});

test("a file that ends anywhere within its last event is read to the event before it", async (t) => {
  const folder = makeFolder(t);
  await fill(folder, ["one", "two", "three"]);
  const [name = ""] = segmentsIn(folder);
  const path = join(folder, name);
  const whole = readFileSync(path);
  const { frames } = readFrames(whole.subarray(17), 17);
  const [, before = { end: 0 }, last = { end: 0 }] = frames;
  assert.equal(last.end, whole.length);
  const cuts = [before.end, before.end + 1, before.end + 7, before.end + 8, before.end + 9, whole.length - 1];
  for (const cut of cuts) {
    writeFileSync(path, whole);
    truncateSync(path, cut);
    const damages: SpoolDamage[] = [];
    const spool = await openSpool({ folder, onDamage: (damage) => damages.push(damage) });
    assert.deepEqual(
      (await spool.peek(ALL)).map(({ id }) => id),
      ["one", "two"],
      `cut at ${cut}`,
    );
    assert.deepEqual(damages, [], "a crash is no damage");
    await spool.close();
  }
});

test("a damaged file is set aside as it is and told, and what is whole in it is sent", async (t) => {
  for (const place of ["length", "sum", "text", "head"] as const) {
    const folder = makeFolder(t);
    await fill(folder, ["one", "two", "three"]);
    const [name = ""] = segmentsIn(folder);
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const [first = { end: 0 }] = readFrames(bytes.subarray(17), 17).frames;
    const at = { length: first.end, sum: first.end + 4, text: first.end + 20, head: 3 }[place];
    bytes[at] = (bytes[at] as number) ^ 0x41;
    writeFileSync(path, bytes);
    const damages: SpoolDamage[] = [];
    const spool = await openSpool({ folder, onDamage: (damage) => damages.push(damage) });
    const ids = place === "head" ? ["one", "two", "three"] : ["one", "three"];
    assert.deepEqual(await drain(spool), ids, place);
    assert.equal(damages.length, 1, place);
    assert.deepEqual(readFileSync(join(folder, damages[0]?.setAside ?? "")), bytes, "whole, as it was found");
    await spool.close();
  }
});

test("how far it is recorded may be lost or wrong: then it is sent again, and nothing is left out", async (t) => {
  for (const front of [
    undefined,
    "",
    "{}",
    '{"segment":"000000000001.events","end":40,"recorded":1}',
    '{"segment":"x","end":1,"recorded":9}',
  ]) {
    const folder = makeFolder(t);
    const spool = await openSpool({ folder });
    for (const id of ["one", "two", "three"]) await spool.add([outgoing(id)]);
    await spool.settle(await spool.peek({ countMax: 1, bytesMax: 1e6 }), []);
    await spool.close();
    const path = join(folder, "front.json");
    const isRight = await openSpool({ folder });
    assert.deepEqual(
      (await isRight.peek(ALL)).map(({ id }) => id),
      ["two", "three"],
    );
    await isRight.close();
    if (front === undefined) rmSync(path);
    else writeFileSync(path, front);
    const again = await openSpool({ folder });
    assert.deepEqual(await drain(again), ["one", "two", "three"], front);
    await again.close();
  }
});

test("a spool that is full says so and keeps what it has, and one that was told to drops its oldest file and counts", async (t) => {
  const refusing = await openSpool({ folder: makeFolder(t), bytesMax: 8_000 });
  const ids = Array.from({ length: 200 }, (_, i) => `full-${i}`);
  const taken: string[] = [];
  let error: { readonly code?: string; readonly ids?: readonly string[]; readonly isTemporary?: boolean } = {};
  for (const id of ids) {
    await refusing.add([outgoing(id)]).then(
      () => taken.push(id),
      (refused: typeof error) => {
        error = refused;
      },
    );
  }
  assert.deepEqual([error.code, error.isTemporary, error.ids], ["spool_full", true, ["full-199"]]);
  assert.ok(taken.length > 20 && taken.length < 80, `got ${taken.length}`);
  assert.deepEqual(await drain(refusing), taken);
  await refusing.add([outgoing("room again")]);
  await refusing.close();
  const dropping = await openSpool({ folder: makeFolder(t), bytesMax: 8_000, whenFull: "drop-oldest" });
  for (const id of ids) await dropping.add([outgoing(id)]);
  const kept = await drain(dropping);
  assert.deepEqual(kept, ids.slice(-kept.length), "the newest are kept");
  assert.equal(dropping.dropped, ids.length - kept.length);
  await dropping.close();
});

test("a spool has one process, and one that was killed does not keep it", async (t) => {
  const folder = makeFolder(t);
  const spool = await openSpool({ folder });
  await assert.rejects(openSpool({ folder }), { code: "spool_locked" });
  const program = join(import.meta.dirname, "killed-program.ts");
  const other = spawnSync(process.execPath, [program, folder, "http://127.0.0.1:1", "other"], { encoding: "utf8" });
  assert.match(other.stderr, /spool_locked/);
  assert.equal(other.stdout, "", "nothing was accepted");
  await spool.close();
  const child = spawn(process.execPath, [program, folder, "http://127.0.0.1:1", "child"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await assert.rejects(openSpool({ folder }), { code: "spool_locked" });
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("close", resolve));
  const next = await openSpool({ folder });
  assert.ok(next.count >= 2);
  await next.close();
  assert.equal(existsSync(join(folder, "lock")), false);
  // Another container's, which was heard of just now; and one that says nothing.
  for (const holder of [JSON.stringify({ pid: 1, started: "1", place: "elsewhere", token: "t" }), ""]) {
    writeFileSync(join(folder, "lock"), holder);
    await assert.rejects(openSpool({ folder }), { code: "spool_locked" });
    rmSync(join(folder, "lock"));
  }
});

test("after a write that failed, the disk has only what was accepted, and takes more when it can", async (t) => {
  const mounted = makeFolder(t);
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", mounted]).status === 0;
  if (!isMounted) return t.skip("NOT TRIED: a disk of 128 KiB cannot be mounted here");
  try {
    await fillDisk(join(mounted, "spool"));
  } finally {
    spawnSync("umount", [mounted]);
  }
});

async function fillDisk(folder: string): Promise<void> {
  const spool = await openSpool({ folder });
  const accepted: string[] = [];
  let failed = 0;
  for (let i = 0; i < 12; i++) {
    const id = `disk-${i}`;
    await spool.add([outgoing(id, { message: "x".repeat(20_000) })]).then(
      () => accepted.push(id),
      (error: { readonly code: string; readonly ids: readonly string[] }) => {
        assert.deepEqual([error.code, error.ids], ["spool_failed", [id]]);
        failed++;
      },
    );
  }
  assert.ok(accepted.length > 2 && failed > 2, `got ${accepted.length} and ${failed}`);
  const [first] = await spool.peek({ countMax: 1, bytesMax: 1 });
  assert.equal(first?.id, accepted[0]);
  const recorded = await drain(spool);
  assert.deepEqual(recorded, accepted);
  await spool.add([outgoing("after")]);
  assert.deepEqual(await drain(spool), ["after"]);
  await spool.close();
  const again = await openSpool({ folder });
  assert.deepEqual(await drain(again), []);
  await again.close();
}

test("a frame is found only where it stands", () => {
  const frame = encodeFrame('{"id":"é"}');
  assert.equal(readFrames(frame, 0).frames[0]?.text, '{"id":"é"}');
  for (let at = 0; at < frame.length; at++) {
    const changed = Buffer.from(frame);
    changed[at] = (changed[at] as number) ^ 1;
    assert.deepEqual(readFrames(changed, 0).frames, [], `bit changed at ${at}`);
  }
});
