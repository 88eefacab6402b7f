/** A spool's folder is for its owner alone, and no more than it was given: also what is set aside in it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { HoldfastError, type OutgoingEvent } from "../../../src/sdk/client/index.ts";
import { openSpool, type SpoolDamage } from "../../../src/sdk/spool/index.ts";

const REFUSAL = new HoldfastError("event_invalid", "expected an action, got none");
const ALL = { countMax: 1e6, bytesMax: 1e9 };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-aside-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function outgoing(id: string): OutgoingEvent {
  const text = JSON.stringify({ id, action: "", actor: { type: "user", id: "ada" }, message: "x".repeat(400) });
  return { id, text, bytes: Buffer.byteLength(text) };
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Refuses as many events, as a service would. */
async function refuseAll(folder: string, count: number, bytesMax: number) {
  const told: number[] = [];
  const spool = await openSpool({ folder, bytesMax, onRefusedDropped: (dropped) => told.push(dropped) });
  for (let i = 0; i < count; i++) {
    await spool.add([outgoing(`r-${i}`)]);
    const [event] = await spool.peek({ countMax: 1, bytesMax: 1 });
    await spool.refuse(event as OutgoingEvent, REFUSAL);
  }
  await spool.close();
  return { told, refused: spool.refused, dropped: spool.refusedDropped };
}

test("what the service refuses has a part of the folder's bytes: what is more is counted and told, and the folder stays within them", async (t) => {
  const folder = makeFolder(t);
  const bytesMax = 64_000;
  const path = join(folder, "refused.ndjson");
  const first = await refuseAll(folder, 40, bytesMax);
  assert.equal(first.refused, 40);
  const kept = linesOf(path).length;
  assert.ok(kept > 5 && kept < 20, `got ${kept}`);
  assert.equal(first.dropped, 40 - kept);
  assert.deepEqual(first.told, [1, 2, 4, 8, 16]);
  const spool = await openSpool({ folder, bytesMax });
  let room = true;
  for (let i = 0; room && i < 1000; i++) {
    room = await spool.add(Array.from({ length: 8 }, (_, n) => outgoing(`w-${i}-${n}`))).then(
      () => true,
      () => false,
    );
  }
  assert.equal(room, false);
  // The lock, and the words about what was dropped.
  assert.ok(bytesIn(folder) < bytesMax + 1000, `got ${bytesIn(folder)} bytes`);
  await spool.peek(ALL);
  await spool.settle(await spool.peek(ALL), []);
  await spool.close();
  const second = await refuseAll(folder, 3, bytesMax);
  const counted = JSON.parse(readFileSync(join(folder, "refused-dropped.json"), "utf8")) as Record<string, unknown>;
  assert.equal(counted.dropped, first.dropped + second.dropped, "over all runs");
  assert.ok(String(counted.since) < String(counted.last));
  rmSync(path);
  assert.deepEqual(await refuseAll(folder, 2, bytesMax), { told: [], refused: 2, dropped: 0 });
  assert.equal(linesOf(path).length, 2);
});

test("a line of a refused event that a crash has cut is made whole again, and mixes with no other", async (t) => {
  const folder = makeFolder(t);
  await refuseAll(folder, 2, 1e6);
  const path = join(folder, "refused.ndjson");
  const [one = "", two = ""] = linesOf(path);
  writeFileSync(path, `${one}\n${two.slice(0, 50)}`);
  await refuseAll(folder, 1, 1e6);
  const lines = linesOf(path);
  assert.equal(lines[0], one);
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { code: string }).code),
    ["event_invalid", "event_invalid"],
  );
});

test("a damaged file for which there is no room is said to be kept nowhere", async (t) => {
  const folder = makeFolder(t);
  const options = { folder, bytesMax: 12_000 };
  const damages: SpoolDamage[] = [];
  for (let i = 0; i < 3; i++) {
    const spool = await openSpool({ ...options, onDamage: (damage) => damages.push(damage) });
    await spool.add([outgoing(`a-${i}`), outgoing(`b-${i}`)]);
    await spool.close();
    const name = readdirSync(folder).findLast((each) => each.endsWith(".events")) ?? "";
    const bytes = readFileSync(join(folder, name));
    bytes[30] = (bytes[30] as number) ^ 1;
    writeFileSync(join(folder, name), bytes);
  }
  await (await openSpool({ ...options, onDamage: (damage) => damages.push(damage) })).close();
  assert.equal(damages.length, 3);
  const kept = damages.filter(({ setAside }) => setAside !== undefined);
  assert.equal(kept.length, 1);
  for (const { setAside = "" } of kept) assert.ok(existsSync(join(folder, setAside)));
});

test("a spool is made for its owner alone, whatever rights the program gives to its files", async (t) => {
  const folder = join(makeFolder(t), "deep", "spool");
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const spool = await openSpool({ folder });
  await spool.add([outgoing("one"), outgoing("two")]);
  const [one] = await spool.peek({ countMax: 1, bytesMax: 1 });
  await spool.refuse(one as OutgoingEvent, REFUSAL);
  assert.deepEqual([modeOf(join(folder, "..")), modeOf(folder)], ["700", "700"]);
  const names = readdirSync(folder);
  assert.deepEqual(names.sort(), ["000000000001.events", "front.json", "lock", "refused.ndjson"]);
  assert.deepEqual(
    names.map((name) => modeOf(join(folder, name))),
    names.map(() => "600"),
  );
  await spool.close();
  chmodSync(join(folder, "refused.ndjson"), 0o644);
  chmodSync(join(folder, "000000000001.events"), 0o666);
  const again = await openSpool({ folder });
  const [two] = await again.peek({ countMax: 1, bytesMax: 1 });
  await again.refuse(two as OutgoingEvent, REFUSAL);
  assert.equal(modeOf(join(folder, "refused.ndjson")), "600", "what others could read they cannot any more");
  await again.close();
});

test("a folder that others can open, that is another's or that leads elsewhere is refused, with what to do about it", async (t) => {
  const folder = makeFolder(t);
  const refused = async (path: string, message: RegExp) =>
    await assert.rejects(openSpool({ folder: path }), (error: HoldfastError) => {
      assert.equal(error.code, "spool_unsafe");
      assert.match(error.message, message);
      return true;
    });
  const open = join(folder, "open");
  mkdirSync(open);
  for (const mode of [0o755, 0o710, 0o701, 0o777]) {
    chmodSync(open, mode);
    await refused(open, /others can open \(0\d{3}\): run "chmod 700 .*open"/);
  }
  assert.deepEqual(readdirSync(open), [], "nothing is written into it");
  chmodSync(open, 0o700);
  symlinkSync(open, join(folder, "link"));
  for (const path of [join(folder, "link"), `${join(folder, "link")}/`])
    await refused(path, /got a link to another place/);
  symlinkSync(join(folder, "nothing"), join(folder, "dangling"));
  await refused(join(folder, "dangling"), /got a link to another place/);
  writeFileSync(join(folder, "file"), "");
  await refused(join(folder, "file"), /something that is no folder/);
  if (process.geteuid?.() !== 0) return t.diagnostic("NOT TRIED: only root can give a folder away");
  chownSync(open, 12_345, 12_345);
  await refused(open, /one of user 12345, and this is user 0: name a folder/);
});

test("a name in the folder that leads elsewhere is never written through, nor read, nor waited for", async (t) => {
  const folder = makeFolder(t);
  const elsewhere = join(makeFolder(t), "precious");
  const plant = (name: string) => {
    writeFileSync(elsewhere, "precious");
    symlinkSync(elsewhere, join(folder, name));
  };
  plant("refused.ndjson");
  await assert.rejects(openSpool({ folder }), { code: "spool_unsafe" });
  assert.equal(readFileSync(elsewhere, "utf8"), "precious");
  rmSync(join(folder, "refused.ndjson"));
  const plantPipe = spawnSync("mkfifo", [join(folder, "000000000001.events")]);
  if (plantPipe.status === 0) await assert.rejects(openSpool({ folder }), { code: "spool_unsafe" });
  rmSync(join(folder, "000000000001.events"), { force: true });
  plant("000000000001.events");
  await assert.rejects(openSpool({ folder }), { code: "spool_unsafe" });
  rmSync(join(folder, "000000000001.events"));
  plant("front.json.new");
  plant("front.json");
  const spool = await openSpool({ folder });
  await spool.add([outgoing("one"), outgoing("two")]);
  const [one] = await spool.peek({ countMax: 1, bytesMax: 1 });
  await spool.settle([one as OutgoingEvent], []);
  await spool.close();
  assert.equal(readFileSync(elsewhere, "utf8"), "precious");
  assert.equal(statSync(elsewhere).mode & 0o777, 0o644 & ~process.umask());
});

test("what processes that were killed have left half done is removed, and not what one is just doing", async (t) => {
  const folder = makeFolder(t);
  for (const name of ["front.json.new", "000000000001.events.new", "lock-old", "lock-young", "notes.txt"]) {
    writeFileSync(join(folder, name), "x");
  }
  utimesSync(join(folder, "lock-old"), 1, 1);
  await (await openSpool({ folder })).close();
  assert.deepEqual(readdirSync(folder).sort(), ["lock-young", "notes.txt"]);
});
