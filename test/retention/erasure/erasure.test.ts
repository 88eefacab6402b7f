/** Erasing: nothing of a subject is left in any file, every proof stays, and it ends whatever comes between. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Member } from "../../../src/entry/entry.ts";
import { makeBundle } from "../../../src/prove/make-bundle.ts";
import { query } from "../../../src/query/query.ts";
import { stats } from "../../../src/query/stats.ts";
import type { ErasureOptions } from "../../../src/retention/erasure/erasure-parts.ts";
import { StoreUnavailableError } from "../../../src/store/store.ts";
import type { Bundle } from "../../../src/verify/bundle/bundle.ts";
import { parseBundle } from "../../../src/verify/bundle/parse.ts";
import { verifyBundle } from "../../../src/verify/verify.ts";
import { newFolder, openEncrypted } from "../../encryption/encrypted-store.ts";
import { MemoryKek } from "../../encryption/memory-kek.ts";
import { AUTHOR, eventOf, foundIn, hash, LEDGER_ID, openWorld, overOf, WISH, type World } from "./erase-world.ts";

/** EVENTS=10000 EVERY=1 makes it the long one. */
const EVENTS = Number(process.env.EVENTS ?? 1000);
const EACH = 20;
const PLANTED = ["Name-of-ada", "told-by-ada", "raw-of-ada"];

/** Every twentieth event is ada's. */
async function fill({ ledger, indexer }: World, events = EVENTS): Promise<void> {
  for (let from = 0; from < events; from += 250) {
    const numbers = Array.from({ length: Math.min(250, events - from) }, (_, i) => from + i);
    const entries = numbers.map((n) => eventOf(n % EACH === 0 ? "ada" : `u${n % 7}`, n));
    await ledger.append({ entries, source: "app", idempotencyKey: `request-${from}` });
  }
  await indexer.waitFor(ledger.size);
}

async function found({ indexer }: World, filter: object): Promise<number[]> {
  const page = await query(indexer, { filter, order: "asc", limit: 1000 });
  return page.items.map(({ index }) => index);
}

const isWithheld = (member: Member) => "digest" in member;
const bundleOf = (world: World, index: number) => makeBundle({ ...world, hash, index });

async function requireVerified(bundle: Bundle, index: number): Promise<void> {
  const { steps } = await verifyBundle(parseBundle(JSON.stringify(bundle)), { offline: true });
  const failed = steps.filter(({ state }) => state === "failed");
  assert.deepEqual(failed, [], `entry ${index}`);
}

async function requireProven(world: World, size: number, step = 1): Promise<void> {
  for (let index = 0; index < size; index += step) {
    await requireVerified(await bundleOf(world, index), index);
  }
}

for (const isClear of [false, true]) {
  test(`nothing of a subject is left in any file of a ${isClear ? "store in clear" : "encrypted store"}, and every proof stays`, async (t) => {
    const folder = await newFolder(t);
    const kek = new MemoryKek();
    let world = await openWorld(folder, { kek, isClear });
    t.after(() => world.close());
    await fill(world, isClear ? EVENTS / 5 : EVENTS);
    const size = world.ledger.size;
    const before = await Promise.all([0, 1, EACH].map((index) => bundleOf(world, index)));
    assert.equal((await found(world, { actor: "user:ada" })).length, Math.min(size / EACH, 1000));
    const { count, held, own } = await world.erasures.plan(world.ledger, WISH);
    assert.deepEqual([count, held, own], [size / EACH, [], 0]);
    const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
    assert.equal(await overOf(world, id), "done");

    await world.indexer.waitFor(world.ledger.size);
    for (const filter of [{ actor: "user:ada" }, { text: "told-by-ada" }, { text: "ada" }, { id: "id-0" }])
      assert.deepEqual(await found(world, filter), [], JSON.stringify(filter));
    assert.deepEqual(await found(world, { id: "id-1" }), [1]);
    const hour = 3_600_000;
    const counted = await stats(world.indexer, {
      since: Date.now() - hour,
      until: Date.now() + hour,
      interval: "hour",
      top: 100,
    });
    assert.equal(JSON.stringify(counted).includes("ada"), false);
    await requireProven(world, size, EVENTS > 1000 ? 1 : 9);
    for (const [i, index] of [0, 1, EACH].entries()) await requireVerified(before[i] as Bundle, index);
    const event = (await world.ledger.entry(size))?.members ?? [];
    const told = event.map((member) => ("text" in member ? member.text : ""));
    assert.ok(told.includes('"action":"holdfast.erasure"') && told.includes('"reason":"request 31"'), String(told));
    assert.ok(told.some((text) => text.startsWith('"metadata"') && text.includes('"indexes":"0,20,40,')));
    assert.doesNotMatch(JSON.stringify(told), /\bada\b/);
    await assert.rejects(world.erasures.begin(world.ledger, WISH, AUTHOR), { code: "erasure_empty" });
    assert.deepEqual(foundIn(folder, PLANTED), []);
    await world.close();
    assert.deepEqual(foundIn(folder, PLANTED), []);
    world = await openWorld(folder, { kek, isClear });
    assert.equal(world.erasures.get(LEDGER_ID, id).step, "done");
    assert.deepEqual(await found(world, { text: "ada" }), []);
  });
}

test("the events of an older copy show nothing with the keyring of today, and opening it does not bring it back", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const world = await openWorld(folder, { kek });
  await fill(world, 300);
  // Whose key stays, so that the older copy could be read: only part of the event went.
  const filter = "actor=user:u1&to=100";
  await world.close();
  const copy = join(folder, "copy");
  for (const part of ["store", "index"]) cpSync(join(folder, part), join(copy, part), { recursive: true });
  const again = await openWorld(folder, { kek });
  for (const wish of [WISH, { filter, members: ["message"], reason: "too much" }]) {
    const { id } = await again.erasures.begin(again.ledger, wish, AUTHOR);
    assert.equal(await overOf(again, id), "done");
  }
  await again.close();
  cpSync(join(folder, "keyring"), join(copy, "keyring"), { recursive: true });
  // Read without erasing again: the key of the subject is gone, so that nobody can.
  const plain = await openEncrypted(copy, kek, false);
  for (const index of [0, EACH]) assert.ok((await plain.store.entry(LEDGER_ID, index))?.members.every(isWithheld));
  await plain.close();
  const restored = await openWorld(copy, { kek });
  t.after(() => restored.close());
  for (const index of [0, EACH]) {
    const entry = await restored.ledger.entry(index);
    assert.ok(entry?.members.every(isWithheld));
  }
  const shown = (await restored.ledger.entry(1))?.members.map((member) => ("text" in member ? member.text : "-"));
  assert.ok(shown?.includes('"action":"file.read"') && !JSON.stringify(shown).includes("told-by"), String(shown));
  const [first] = restored.erasures.list(LEDGER_ID).filter(({ count }) => count > 0);
  assert.equal(await overOf(restored, first?.id as string), "done");
  assert.deepEqual(await found(restored, { text: "told-by-ada" }), []);
  assert.deepEqual(await found(restored, { actor: "user:ada" }), []);
  await requireProven(restored, 300, 7);
  const events = await found(restored, { action: "holdfast.erasure" });
  assert.deepEqual(events, [300]);
});

test("a full disk, or any step that fails, is tried again until it is done, and nothing is half visible meanwhile", async (t) => {
  const folder = await newFolder(t);
  const failures: string[] = [];
  const failing = new Map<string, number>();
  const fail = (name: string): undefined => {
    const left = failing.get(name) ?? 2;
    failing.set(name, left - 1);
    if (left <= 0) return;
    failures.push(name);
    throw new StoreUnavailableError("no space left on device");
  };
  const alter = (options: ErasureOptions): ErasureOptions => ({ ...options, ...altered(options, fail) });
  const world = await openWorld(folder, { alter });
  t.after(() => world.close());
  await fill(world, 200);
  const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  assert.equal(await overOf(world, id), "done");
  assert.deepEqual([...new Set(failures)].sort(), [
    "compact",
    "destroy",
    "forgetAll",
    "keep",
    "note",
    "replaceEntries",
    "settleClaims",
  ]);
  await world.indexer.waitFor(world.ledger.size);
  assert.deepEqual(await found(world, { text: "ada" }), []);
  assert.deepEqual(foundIn(folder, PLANTED), []);
  assert.equal((await found(world, { action: "holdfast.erasure" })).length, 1);
});

test("stopped at any step, an erasure ends after the next start, and from then on nobody is shown what goes", async (t) => {
  const never = new Promise<never>(() => undefined);
  const stops = [...STEPPING, "none"];
  for (const stop of process.env.EVERY === "1" ? stops : ["settleClaims", "note", "destroy", "none"]) {
    const folder = await newFolder(t);
    const kek = new MemoryKek();
    const copy = join(folder, "copy");
    let reached: (value?: unknown) => void = () => undefined;
    const isReached = new Promise((resolve) => {
      reached = resolve;
    });
    let isHanging = false;
    const hang = (name: string): Promise<never> | undefined => {
      if (name !== stop) return undefined;
      isHanging = true;
      reached();
      return never;
    };
    const world = await openWorld(folder, { kek, alter: (options) => ({ ...options, ...altered(options, hang) }) });
    await fill(world, 100);
    const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
    if (stop === "none") await overOf(world, id);
    else await isReached;
    // What a kill leaves: the files as they are now.
    for (const part of ["store", "index", "keyring"]) cpSync(join(folder, part), join(copy, part), { recursive: true });
    const after = await openWorld(copy, { kek });
    t.after(() => after.close());
    assert.equal(isHanging, stop !== "none");
    const entry = await after.ledger.entry(0);
    assert.ok(entry?.members.every(isWithheld), `after ${stop}`);
    assert.equal(await overOf(after, id), "done");
    await after.indexer.waitFor(after.ledger.size);
    // Behind them stands the event about the erasure, whose id may have these three digits.
    const shown = (await found(after, { text: "ada" })).filter((index) => index < 100);
    assert.deepEqual(shown, [], stop);
    assert.equal((await found(after, { action: "holdfast.erasure" })).length, 1, stop);
    assert.deepEqual(foundIn(copy, PLANTED), [], stop);
    await requireProven(after, 100, 10);
  }
});

test("events of the same subject that come meanwhile keep their own key, and stay", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  let world = await openWorld(folder, { kek });
  t.after(() => world.close());
  await fill(world, 100);
  let isOver = false;
  let sent = 0;
  const sending = (async () => {
    while (!isOver) await world.ledger.append({ entries: [eventOf("ada", 10_000 + sent++)], source: "app" });
  })();
  const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  assert.equal(await overOf(world, id), "done");
  isOver = true;
  await sending;
  const { ranges } = world.erasures.get(LEDGER_ID, id);
  const end = ranges.at(-1)?.[1] as number;
  await world.close();
  world = await openWorld(folder, { kek });
  await world.indexer.waitFor(world.ledger.size);
  const left = await found(world, { actor: "user:ada" });
  assert.ok(left.length > 0 && left.every((index) => index >= end), String(left.slice(0, 5)));
  await requireProven(world, world.ledger.size, 3);
});

test("what the service recorded about whoever is erased stays readable, though the key of the subject is destroyed", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  let world = await openWorld(folder, { kek });
  t.after(() => world.close());
  const { ledger, holds, erasures } = world;
  const { id: hold } = await holds.place(ledger, { filter: "actor=user:bob", reason: "case 7" }, AUTHOR);
  await holds.lift(ledger, hold, "closed", AUTHOR);
  const own = ledger.size;
  await ledger.append({ entries: [eventOf("x", 0, { actor: { type: "key", id: AUTHOR.key } })], source: "app" });
  const { id } = await erasures.begin(ledger, { ...WISH, subject: `actor=key:${AUTHOR.key}` }, AUTHOR);
  assert.equal(await overOf(world, id), "done");
  await world.close();
  world = await openWorld(folder, { kek });
  for (let index = 0; index < world.ledger.size; index++) {
    const shown = (await world.ledger.entry(index))?.members.some((member) => !isWithheld(member));
    assert.equal(shown, index !== own, `entry ${index}`);
  }
});

test("what a legal hold covers is refused by its name, also one that is placed before anything is gone", async (t) => {
  const folder = await newFolder(t);
  let place: (() => Promise<unknown>) | undefined;
  const alter = (options: ErasureOptions): ErasureOptions => ({
    ...options,
    holds: {
      heldBy: (...args) => options.holds.heldBy(...args),
      revision: (id) => options.holds.revision(id),
      whileNoneIsPlaced: async (id, work) => {
        await place?.();
        return await options.holds.whileNoneIsPlaced(id, work);
      },
    },
  });
  const world = await openWorld(folder, { alter });
  t.after(() => world.close());
  await fill(world, 100);
  const hold = await world.holds.place(world.ledger, { filter: "from=20&to=30", reason: "case 7" }, AUTHOR);
  const { held } = await world.erasures.plan(world.ledger, WISH);
  assert.deepEqual(held, [{ hold: hold.id, held: 1 }]);
  await assert.rejects(world.erasures.begin(world.ledger, WISH, AUTHOR), (error: Error & { code: string }) => {
    assert.equal(error.code, "erasure_held");
    return error.message.includes(hold.id);
  });
  await world.holds.lift(world.ledger, hold.id, "closed", AUTHOR);
  place = () => world.holds.place(world.ledger, { filter: "actor=user:ada", reason: "case 8" }, AUTHOR);
  const { id } = await world.erasures.begin(world.ledger, WISH, AUTHOR);
  assert.equal(await overOf(world, id), "refused");
  assert.equal((await found(world, { actor: "user:ada" })).length, 5);
});

test("members go and the others stay; an id still keeps its event from being recorded twice, and says nothing of it", async (t) => {
  const world = await openWorld(await newFolder(t));
  t.after(() => world.close());
  await fill(world, 40);
  const wish = { indexes: "3-4,9", members: ["message"], reason: "too much" };
  const { id } = await world.erasures.begin(world.ledger, wish, AUTHOR);
  assert.equal(await overOf(world, id), "done");
  for (const index of [3, 4, 9]) {
    const members = (await world.ledger.entry(index))?.members ?? [];
    const names = members.map((member) => ("text" in member ? member.text.slice(1, member.text.indexOf('"', 1)) : "-"));
    assert.deepEqual(names, ["-", "_source", "action", "actor", "id", "-", "time"]);
  }
  const size = world.ledger.size;
  await assert.rejects(world.ledger.append({ entries: [eventOf("u3", 3)], source: "app" }), {
    code: "idempotency_conflict",
  });
  await world.ledger.append({ entries: [eventOf("u5", 5)], source: "app" });
  assert.equal(world.ledger.size, size);
});

type Named = (name: string) => Promise<never> | undefined;

/** Parts of which each function first does what `before` says. */
function altered({ store, index, keys }: ErasureOptions, before: Named): Partial<ErasureOptions> {
  const wrapped = <T extends object>(part: T): T =>
    new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          // The barrier of a plan is no step.
          const isBarrier = name === "replaceEntries" && (args[1] as readonly unknown[]).length === 0;
          const waits = isBarrier || !STEPPING.includes(String(name)) ? undefined : before(String(name));
          if (waits !== undefined) return waits;
          return Reflect.apply(value, target, args);
        };
      },
    });
  return { store: wrapped(store), index: wrapped(index), ...(keys !== undefined && { keys: wrapped(keys) }) };
}

const STEPPING = ["replaceEntries", "settleClaims", "keep", "note", "forgetAll", "destroy", "compact"];
