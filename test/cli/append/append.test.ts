/** `holdfast append` as a process, against a real service and against one that behaves badly. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { event, type Running, startService } from "../../http/service.ts";
import { type Asked, deadUrl, problem, type Reply, serveHttp } from "../fake-http.ts";
import { History } from "../fork-proof/histories.ts";
import { makeFolder, runCli } from "../run-cli.ts";

async function startFor(t: TestContext): Promise<{ service: Running; env: Record<string, string> }> {
  const service = await startService();
  t.after(() => service.close());
  return { service, env: { HOLDFAST_URL: service.url, HOLDFAST_KEY: await service.key(["writer"], "tests") } };
}

function linesOf(count: number, first = 0): string {
  const events = Array.from({ length: count }, (_, i) => event({ message: `event ${first + i}` }));
  return events.map((one) => `${JSON.stringify(one)}\n`).join("");
}

function sizeOf(service: Running): number {
  return service.ledgers.get("main")?.size ?? -1;
}

/** Answers a batch as the service does. */
function receiptsFor({ body }: Asked): Reply {
  const count = body.trimEnd().split("\n").length;
  const receipts = Array.from({ length: count }, (_, index) => ({ index, duplicate: false }));
  return { status: 201, body: { ledger: {}, checkpoint: { size: count }, receipts } };
}

test("a file is sent in batches, and sent again it records nothing twice", async (t) => {
  const { service, env } = await startFor(t);
  const file = join(makeFolder(t), "events.ndjson");
  writeFileSync(file, linesOf(25));
  const first = await runCli(["append", file, "--batch", "10"], { env });
  assert.deepEqual([first.status, first.stderr], [0, ""]);
  assert.equal(first.stdout, "Recorded 25 events in main, indexes 0 to 24.\n");
  const again = await runCli(["append", file, "--batch", "10", "--json"], { env });
  assert.equal(again.status, 0, again.stderr);
  const { recorded, duplicates, first: from, last } = JSON.parse(again.stdout);
  assert.deepEqual([recorded, duplicates, from, last], [0, 25, 0, 24]);
  assert.equal(sizeOf(service), 25);
  const once = await runCli(["append", file, "--again"], { env });
  assert.equal(once.stdout, "Recorded 25 events in main, indexes 25 to 49.\n");
});

test("standard input is read, empty lines are left out, equal lines are two events", async (t) => {
  const { service, env } = await startFor(t);
  const input = `\n${linesOf(1)}\n\r\n${linesOf(1)}${JSON.stringify(event())}`;
  const { status, stdout } = await runCli(["append"], { env, input });
  assert.deepEqual([status, stdout], [0, "Recorded 3 events in main, indexes 0 to 2.\n"]);
  assert.equal(sizeOf(service), 3);
});

test("with ids added, a file that has grown records only what is new", async (t) => {
  const { service, env } = await startFor(t);
  const file = join(makeFolder(t), "events.ndjson");
  writeFileSync(file, linesOf(3) + linesOf(1));
  await runCli(["append", file, "--add-ids"], { env });
  writeFileSync(file, linesOf(3) + linesOf(1) + linesOf(4, 100));
  const grown = await runCli(["append", file, "--add-ids", "--batch", "3"], { env });
  assert.match(grown.stdout, /Recorded 4 events in main.* 4 had been recorded before/);
  assert.equal(sizeOf(service), 8);
});

test("receipts are written, one a line", async (t) => {
  const { env } = await startFor(t);
  const receipts = join(makeFolder(t), "receipts.ndjson");
  await runCli(["append", "--batch", "2", "--receipts", receipts], { env, input: linesOf(5) });
  const lines = readFileSync(receipts, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).index),
    [0, 1, 2, 3, 4],
  );
});

test("receipts on standard output are alone there", async (t) => {
  const { env } = await startFor(t);
  const args = ["append", "--batch", "2", "--receipts", "-"];
  const { status, stdout, stderr } = await runCli(args, { env, input: linesOf(3) });
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).index),
    [0, 1, 2],
  );
  assert.deepEqual([status, stderr], [0, "Recorded 3 events in main, indexes 0 to 2.\n"]);
  const both = await runCli([...args, "--json"], { env, input: linesOf(1) });
  assert.deepEqual([both.status, JSON.parse(both.stdout).error.code], [2, "usage"]);
});

test("a wrong event is named by its line in the file, and what came before stays", async (t) => {
  const { service, env } = await startFor(t);
  const input = `${linesOf(4)}\n${linesOf(1)}{"action":"x"}\n${linesOf(3)}`;
  const { status, stdout, stderr } = await runCli(["append", "--batch", "4"], { env, input });
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^holdfast: Line 7 is refused: .*\. The 4 events before are recorded/);
  assert.equal(sizeOf(service), 4);
  const asJson = await runCli(["append", "--json"], { env, input: "no json\n" });
  assert.equal(JSON.parse(asJson.stdout).error.code, "json_invalid");
});

test("all lines of a batch that are refused are told by their numbers in the file, twenty of them, and how many more there are", async (t) => {
  const { service, env } = await startFor(t);
  const file = join(makeFolder(t), "events.ndjson");
  writeFileSync(file, `${linesOf(2)}\n${"no json\n".repeat(2)}${linesOf(1)}${'{"action":"x","time":5}\n'.repeat(23)}`);
  const { status, stderr } = await runCli(["append", file], { env });
  assert.equal(status, 1);
  const told = stderr.split("\n").filter((line) => / line \d+: |Line \d+ is refused/.test(line));
  const numbers = told.map((line) => Number(/[Ll]ine (\d+)/.exec(line)?.[1]));
  assert.deepEqual(numbers, [4, 5, ...Array.from({ length: 18 }, (_, i) => 7 + i)]);
  assert.match(told[1] ?? "", /\(json_invalid\)$/);
  assert.match(told[2] ?? "", /expected .* at \/time, got .*\(event_invalid\)$/);
  assert.match(stderr, /^ {2}and 5 lines more\nThese are of lines 1 to 29, sent as one\. Nothing was recorded; /m);
  assert.match(stderr, /holdfast check \S+ --ledger main\.$/m);
  assert.equal(sizeOf(service), 0);
});

test("nothing to send is not a success", async (t) => {
  const { env } = await startFor(t);
  const { status, stderr } = await runCli(["append"], { env, input: "\n\n" });
  assert.equal(status, 2);
  assert.match(stderr, /Expected events in standard input, got none/);
});

test("a service that is busy is asked again, with the same key, as long as it says", async (t) => {
  const replies: Reply[] = [
    { ...problem(503, "queue_full", "full"), headers: { "Retry-After": "0" } },
    { ...problem(429, "rate", "slow down"), headers: { "Retry-After": "0" } },
    { status: 502, headers: { "Retry-After": "0" }, body: "<html>bad gateway</html>" },
  ];
  const { url, asked } = await serveHttp(t, (request) => replies.shift() ?? receiptsFor(request));
  const { status, stdout } = await runCli(["append", "--url", url], { input: linesOf(2) });
  assert.deepEqual([status, stdout], [0, "Recorded 2 events in main, indexes 0 to 1.\n"]);
  assert.equal(asked.length, 4);
  const keys = new Set(asked.map(({ headers }) => headers["idempotency-key"]));
  assert.equal(keys.size, 1);
  assert.match([...keys][0] as string, /^cli-[0-9a-f]{64}$/);
});

test("a service that stays busy is given up in time, with status 2", async (t) => {
  const reply = { ...problem(503, "queue_full", "the queue is full"), headers: { "Retry-After": "0" } };
  const { url } = await serveHttp(t, () => reply);
  const { status, stderr } = await runCli(["append", "--url", url, "--retry-for", "1"], { input: linesOf(2) });
  assert.equal(status, 2);
  assert.match(stderr, /Lines 1 to 2: The service refused: the queue is full \(queue_full\)\. Nothing was recorded/);
});

test("a service that is not there is status 2 and says what to do", async () => {
  const args = ["append", "--url", await deadUrl(), "--retry-for", "1"];
  const { status, stderr } = await runCli(args, { input: linesOf(1) });
  assert.equal(status, 2);
  assert.match(
    stderr,
    /cannot be reached: .*ECONNREFUSED.*start it with "holdfast serve" \(in a checkout: "npm start"\), or say with --url where it is\.$/m,
  );
});

test("an answer without a receipt for every event is not taken for success", async (t) => {
  for (const body of ["", "{}", { receipts: [], checkpoint: {} }, { receipts: [{ index: 0 }] }]) {
    const { url } = await serveHttp(t, () => ({ status: 201, body }));
    const { status, stderr } = await runCli(["append", "--url", url], { input: linesOf(2) });
    assert.equal(status, 1);
    assert.match(stderr, /Expected a receipt for each of 2 events/);
  }
});

test("receipts have the form of receipts, and that nothing new was recorded is said", async (t) => {
  const receipt = { index: 0, duplicate: false };
  const lies: readonly (readonly [readonly unknown[], RegExp])[] = [
    [[{}, {}], /Expected a receipt for each of 2 events from the service, got receipt 1 as \{\}\./],
    [[receipt, null], /got receipt 2 as null/],
    [[receipt, { ...receipt, index: -1 }], /got receipt 2 as /],
    [[receipt, { index: 1 }], /got receipt 2 as /],
    [[receipt, receipt], /got receipt 2 as .* after index 0/],
    [[receipt, { ...receipt, index: 2 }], /got receipt 2 as .* under a checkpoint of 2 entries/],
    [[receipt], /got 1 receipts/],
  ];
  for (const [receipts, expected] of lies) {
    const { url } = await serveHttp(t, () => ({ status: 201, body: { receipts, checkpoint: { size: 2 } } }));
    const { status, stdout, stderr } = await runCli(["append", "--url", url], { input: linesOf(2) });
    assert.deepEqual([status, stdout, expected.test(stderr)], [1, "", true], stderr);
  }
  const receipts = [0, 1].map((index) => ({ index, duplicate: true }));
  const { url } = await serveHttp(t, () => ({ status: 200, body: { receipts, checkpoint: { size: 2 } } }));
  const { status, stdout } = await runCli(["append", "--url", url], { input: linesOf(2) });
  assert.equal(status, 0);
  assert.equal(stdout, "Nothing new was recorded in main: the service says that it had all 2 events before.\n");
});

test("the admin key of this machine is sent to this machine only, and a key file where it is told", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "admin.key"), "hf_secret\n");
  const { url, asked } = await serveHttp(t, receiptsFor);
  await runCli(["append", "--url", url], { input: linesOf(1), env: { HOLDFAST_DATA: folder } });
  assert.equal(asked[0]?.headers.authorization, "Bearer hf_secret");
  const own = { HOLDFAST_DATA: folder, HOLDFAST_KEY: "hf_own", HOLDFAST_URL: url };
  await runCli(["append"], { input: linesOf(1), env: own });
  assert.equal(asked[1]?.headers.authorization, "Bearer hf_own");
  await runCli(["append", "--url", url], { input: linesOf(1) });
  assert.equal(asked[2]?.headers.authorization, undefined);
  const none = await runCli(["append", "--url", url, "--key-file", join(folder, "none")], { input: linesOf(1) });
  assert.equal(none.status, 2);
});

test("the key in the environment goes to the environment's service, and to no other that is named", async (t) => {
  const folder = makeFolder(t);
  const { url, asked } = await serveHttp(t, receiptsFor);
  const bundle = join(folder, "bundle.json");
  writeFileSync(bundle, JSON.stringify(new History(3).bundle(1, 3)));
  const commands = [["append"], ["prove", "0"], ["status"], ["ledgers", "list"], ["keys", "list"], ["upgrade", bundle]];
  const keysOf = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
    asked.splice(0);
    await runCli(args, { cwd: folder, input: linesOf(1), env: { HOLDFAST_KEY: "hf_own", ...env } });
    return [...new Set(asked.map(({ headers }) => headers.authorization))];
  };
  for (const command of commands) {
    assert.deepEqual(await keysOf([...command, "--url", url], {}), [undefined], command.join(" "));
    assert.deepEqual(await keysOf(command, { HOLDFAST_URL: url }), ["Bearer hf_own"], command.join(" "));
  }
  assert.deepEqual(await keysOf(["append", "--url", `${url}/`], { HOLDFAST_URL: url }), ["Bearer hf_own"]);
  const other = { HOLDFAST_URL: "https://log.example" };
  assert.deepEqual(await keysOf(["append", "--url", url], other), [undefined]);
});

test("the sentence at the end counts what was recorded now, and says where that is", async (t) => {
  const { env } = await startFor(t);
  const file = join(makeFolder(t), "events.ndjson");
  const known = event({ id: "e-1" });
  const ids = (...list: string[]) => list.map((id) => `${JSON.stringify(event({ id }))}\n`).join("");
  writeFileSync(file, `${JSON.stringify(known)}\n`);
  const one = await runCli(["append", file], { env });
  assert.equal(one.stdout, "Recorded 1 event in main, index 0.\n");
  const again = await runCli(["append", file], { env });
  assert.equal(again.stdout, "Nothing new was recorded in main: the service says that it had the event before.\n");
  await runCli(["append"], { env, input: ids("e-2", "e-3") });
  const mixed = await runCli(["append"], { env, input: ids("e-1", "e-4") });
  assert.equal(mixed.stdout, "Recorded 1 event in main, index 3. 1 had been recorded before.\n");
  const more = await runCli(["append"], { env, input: ids("e-5", "e-1", "e-2", "e-6") });
  assert.equal(more.stdout, "Recorded 2 events in main, indexes 4 to 5. 2 had been recorded before.\n");
});

test("events of others between the batches are not counted as ours", async (t) => {
  let asked = 0;
  const { url } = await serveHttp(t, () => {
    const receipts = [{ index: 10 * asked++, duplicate: false }];
    return { status: 201, body: { ledger: {}, checkpoint: { size: 100 }, receipts } };
  });
  const env = { HOLDFAST_URL: url, HOLDFAST_KEY: "k" };
  const { stdout } = await runCli(["append", "--batch", "1"], { env, input: linesOf(3) });
  assert.equal(stdout, "Recorded 3 events in main, indexes between 0 and 20.\n");
});

test("members that may be misspelt are told with the line of the file, each kind once", async (t) => {
  const { env } = await startFor(t);
  const lines = [event(), event({ target: {} }), event({ target: {} }), event({ context: { userAgent: "x" } })];
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const told = await runCli(["append", "--batch", "3"], { env, input });
  assert.equal(told.status, 0);
  assert.equal(
    told.stderr,
    'Line 2, and 1 event more: "/target" was recorded as it is, and is not found as "targets"; is it misspelt?\n' +
      'Line 4: "/context/userAgent" was recorded as it is, and is not found as "user_agent"; is it misspelt?\n',
  );
  const asJson = await runCli(["append", "--json", "--again"], { env, input });
  assert.deepEqual(JSON.parse(asJson.stdout).warnings, [
    { path: "/target", known: "targets", line: 2, count: 2 },
    { path: "/context/userAgent", known: "user_agent", line: 4, count: 1 },
  ]);
});

test("a schema that the ledger does not have is told with the line of the file", async (t) => {
  const { env } = await startFor(t);
  const input = [event(), event({ schema: "order@9" })].map((line) => `${JSON.stringify(line)}\n`).join("");
  const { status, stderr } = await runCli(["append"], { env, input });
  assert.deepEqual([status, stderr], [0, 'Line 2: the ledger has no schema "order@9"; nothing was checked by it.\n']);
});

test("a byte order mark in front of a file is no part of its first event", async (t) => {
  const { service, env } = await startFor(t);
  for (const flags of [[], ["--add-ids"]]) {
    const { status, stderr } = await runCli(["append", ...flags], { env, input: `\ufeff${linesOf(2)}` });
    assert.deepEqual([status, stderr], [0, ""]);
  }
  assert.equal(sizeOf(service), 4);
});
