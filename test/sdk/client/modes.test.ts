/** What each mode does while the service is away, what goes into a batch, and that nothing ever hangs. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import test, { after } from "node:test";
import { createClient, HoldfastError } from "../../../src/sdk/client/index.ts";
import { until } from "../../until.ts";
import { event, events, startScene } from "../clients.ts";

const scene = await startScene({ after }, { limits: { requestBytesMax: 4_000, batchMax: 20 } });
const { meddler, service } = scene;
const sizeOf = () => service.ledgers.get("main")?.size ?? 0;
const codeOf = (error: unknown) => (error instanceof HoldfastError ? error.code : String(error));

test("block: an append ends at its deadline and at its signal, says under which ids it may be recorded, and is sent no more", async () => {
  meddler.otherwise = { status: 503, code: "queue_full" };
  const client = scene.client();
  const late = await client.append([event("late-1"), event("late-2")], { deadlineMs: 700 }).catch((error) => error);
  assert.equal(codeOf(late), "deadline_passed");
  assert.deepEqual(late.ids, ["late-1", "late-2"]);
  assert.match(late.message, /told queue_full/);
  // Of one that is answered, the next try might be under way just then.
  meddler.otherwise = "hang";
  const caller = new AbortController();
  const ended = client.append(event("ended"), { signal: caller.signal });
  await until("a try", () => meddler.met.some(({ body }) => body.includes("ended")));
  caller.abort();
  assert.equal(codeOf(await ended.catch((error) => error)), "aborted");
  assert.equal(client.status().waiting, 0);
  meddler.otherwise = "pass";
  await client.append(event("next"));
  assert.deepEqual(await scene.recorded(), ["next"]);
  assert.equal(codeOf(await client.append(event("x"), { signal: AbortSignal.abort() }).catch((e) => e)), "aborted");
});

test("block: whoever appends is held while the queue is full, and goes on when there is room", async () => {
  meddler.otherwise = "hang";
  const client = scene.client({ queue: { eventsMax: 2 }, tryMs: 60_000 });
  const held = [event("held-1"), event("held-2")].map((each) => client.append(each));
  await until("the queue to be full", () => client.status().waiting === 2);
  const full = await client.append(event("no-room"), { deadlineMs: 20 }).catch((error) => error);
  assert.equal(codeOf(full), "deadline_passed");
  assert.equal(client.status().waiting, 2);
  await client.close({ deadlineMs: 1 });
  assert.deepEqual(await Promise.all(held.map((each) => each.catch(codeOf))), ["client_closed", "client_closed"]);
  meddler.otherwise = { status: 503, code: "service_busy" };
  const patient = scene.client({ queue: { bytesMax: 250 } });
  const all = events(6, "patient").map((each) => patient.append(each));
  await until("the queue to be full", () => patient.status().waiting === 2);
  meddler.otherwise = "pass";
  const ids = (await Promise.all(all)).map(({ id }) => id);
  assert.deepEqual((await scene.recorded()).slice(-6), ids);
});

test("best-effort: nobody waits, what there is no room for is dropped and counted, and the rest is recorded later", async () => {
  meddler.otherwise = { status: 503 };
  const client = scene.client({ mode: "best-effort", queue: { eventsMax: 3 } });
  const states = (await client.append(events(5, "best"))).map(({ state }) => state);
  assert.deepEqual(states, ["queued", "queued", "queued", "dropped", "dropped"]);
  await until("trouble", () => client.status().trouble !== undefined);
  meddler.otherwise = "pass";
  await client.flush();
  assert.deepEqual((await scene.recorded()).slice(-3), ["best-0", "best-1", "best-2"]);
  assert.equal(client.status().dropped, 2);
  meddler.otherwise = "reset";
  await client.append(events(2, "lost"));
  assert.equal(
    (await client.close({ deadlineMs: 20 })).dropped,
    4,
    "what is in memory at the end is lost, and counted",
  );
});

test("best-effort: a key that is refused loses nothing: events wait until it is right", async () => {
  meddler.otherwise = "pass";
  let key = "hf_wrong";
  const troubles: (string | undefined)[] = [];
  const onTrouble = (trouble: HoldfastError | undefined) => void troubles.push(trouble?.code);
  const client = scene.client({ mode: "best-effort", key: () => key, onTrouble });
  await client.append(event("rotated"));
  await until("trouble", () => troubles.length > 0);
  key = scene.key;
  await client.flush();
  assert.deepEqual(troubles, ["key_invalid", undefined]);
  assert.equal((await scene.recorded()).at(-1), "rotated");
});

test("a proxy that refuses sets no event aside: what the service did not refuse itself is sent again", async () => {
  const statuses = [400, 404, 409, 413];
  meddler.next.push(...statuses.map((status) => ({ status })));
  const refused: string[] = [];
  const onRefused = ({ id }: { readonly id: string }) => void refused.push(id);
  const client = scene.client({ mode: "best-effort", onRefused });
  await client.append(event("behind a proxy"));
  await client.flush();
  assert.deepEqual([refused, (await scene.recorded()).at(-1)], [[], "behind a proxy"]);
});

test("a batch ends by count and by bytes, keeps the order, and one request is under way at a time", async () => {
  meddler.met.length = 0;
  meddler.atOnce.most = 0;
  const counted = scene.client({ batch: { countMax: 4 } });
  await counted.append(events(10, "count"));
  assert.deepEqual(
    meddler.met.map(({ body }) => body.split('"id":"count').length - 1),
    [4, 4, 2],
  );
  meddler.met.length = 0;
  const sized = scene.client({ batch: { bytesMax: 350 } });
  const all = events(9, "bytes");
  const recorded = await Promise.all(all.map((each) => sized.append(each)));
  assert.ok(
    meddler.met.every(({ body }) => body.length <= 360),
    "no body is larger than asked for",
  );
  assert.deepEqual(
    recorded.map(({ index }) => index),
    recorded.map((_, i) => (recorded[0]?.index ?? 0) + i),
  );
  assert.equal(meddler.atOnce.most, 1);
  meddler.met.length = 0;
  const aged = scene.client({ mode: "best-effort", batch: { ageMs: 60_000 } });
  await aged.append(event("aged-1"));
  await aged.append(event("aged-2"));
  assert.equal(meddler.met.length, 0, "the first one waits for others");
  await aged.flush();
  assert.equal(meddler.met.length, 1, "and together they are sent");
});

test("one event that is refused is refused alone: all others of its batch are recorded, once and in order", async () => {
  const refused: string[] = [];
  const onRefused = ({ id }: { readonly id: string }) => void refused.push(id);
  const client = scene.client({ mode: "best-effort", onRefused });
  const all = events(11, "mixed").map((each, i) => (i % 5 === 3 ? { ...each, action: "" } : each));
  await client.append(all);
  await client.flush();
  assert.deepEqual(refused, ["mixed-3", "mixed-8"]);
  const good = all.map(({ id }) => id).filter((id) => !refused.includes(id));
  assert.deepEqual((await scene.recorded()).slice(-9), good);
  const blocking = scene.client();
  const error = await blocking.append([event("fine-1"), event("bad", { action: "" }), event("fine-2")]).catch((e) => e);
  assert.equal(error.code, "event_invalid");
  assert.deepEqual(error.ids, ["bad"]);
  assert.equal(error.errors[0]?.path, "/action");
  assert.deepEqual((await scene.recorded()).slice(-2), ["fine-1", "fine-2"]);
});

test("a service that takes less at once is sent less, and no event is lost for it", async () => {
  const before = sizeOf();
  const client = scene.client();
  await client.append(events(60, "smaller"));
  assert.equal(sizeOf(), before + 60);
  meddler.met.length = 0;
  await client.append(events(60, "learnt"));
  assert.deepEqual(
    meddler.met.filter(({ body }) => body.length > 4_000),
    [],
    "what was learnt is kept",
  );
  const error = await client.append(event("huge", { message: "x".repeat(5_000) })).catch((e) => e);
  assert.equal(error.code, "request_too_large");
});

test("what JSON would silently make into something else is refused before it is sent", async () => {
  const client = scene.client();
  const odd = [{ n: Number.NaN }, { f: () => 1 }, { s: Symbol("s") }, { b: 1n }];
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const metadata of [...odd, circle]) {
    const error = await client.append(event("odd", { metadata })).catch((e) => e);
    assert.equal(codeOf(error), "event_unspellable");
  }
  const { bundle } = await client.append({
    action: "a.b",
    actor: { type: "user", id: "u" },
    time: new Date(0),
    tenant: undefined,
  });
  assert.ok(
    bundle?.entry.members.some((member) => "text" in member && member.text === '"time":"1970-01-01T00:00:00.000Z"'),
  );
});

test("options that cannot be are told without what is secret in them", () => {
  const key = "hf_secret";
  const wrong = [
    { url: "ftp://x" },
    { url: "https://user:word@x" },
    { url: "https://x", mode: "spool" },
    { url: "https://x", tryMs: 0 },
    { url: "https://x", mode: "other" },
  ];
  for (const options of wrong) {
    assert.throws(
      () => createClient({ key, ...options } as never),
      (error: HoldfastError) => error.code === "options_invalid" && !/hf_secret|word/.test(error.message),
    );
  }
});

/** Runs a program that uses a client, until it ends by itself. */
async function runProgram(body: string): Promise<{ readonly status: number | null; readonly output: string }> {
  const client = join(import.meta.dirname, "../../../src/sdk/client/index.ts");
  const settings = JSON.stringify({ url: meddler.url, key: scene.key });
  const source = `import { createClient } from ${JSON.stringify(client)}; const settings = ${settings};
    const event = (id) => ({ id, action: "a.b", actor: { type: "user", id: "u" } }); ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, output };
}

test("a program that ends by itself has its last events recorded, without a word about closing", async () => {
  meddler.otherwise = "pass";
  const { status, output } = await runProgram(`
    const client = createClient({ ...settings, mode: "best-effort" });
    await client.append(event("last-word"));`);
  assert.deepEqual([status, output], [0, ""]);
  assert.equal((await scene.recorded()).at(-1), "last-word");
});

test("a program that ends by itself is not held by a service that never answers", async () => {
  meddler.otherwise = "hang";
  const { status, output } = await runProgram(`
    const client = createClient({ ...settings, mode: "best-effort", tryMs: 500, closeMs: 200 });
    await client.append(event("never"));`);
  assert.equal(status, 0);
  assert.match(output, /the program ended before 1 events were recorded/);
  const blocked = await runProgram(`
    const client = createClient({ ...settings, tryMs: 60_000 });
    try { await client.append(event("never"), { deadlineMs: 200 }); } catch (error) { console.log(error.code); }
    await client.close({ deadlineMs: 10 });`);
  assert.deepEqual(blocked, { status: 0, output: "deadline_passed\n" });
  meddler.otherwise = "pass";
});
