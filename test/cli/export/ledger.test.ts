/** A ledger taken away from a service or a store, and brought somewhere else: whole, or not at all. */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { after, before, type TestContext } from "node:test";
import { importArchive } from "../../../src/archive/restore.ts";
import { takeLedger } from "../../../src/cli/export/take-ledger.ts";
import { ServiceClient } from "../../../src/cli/remote/service-client.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { ask, event, type Running, startService } from "../../http/service.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { makeFolder, runCli } from "../run-cli.ts";

const COUNT = 3000;
const ENV = (url: string, key: string) => ({ HOLDFAST_URL: url, HOLDFAST_KEY: key });
const hash = await fastKeccak256();
let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["reader"], "desk");
  const writer = await service.key(["writer"], "app");
  for (let from = 0; from < COUNT; from += 500) {
    const body = Array.from({ length: 500 }, (_, i) => event({ message: `a secret ${from + i}` }));
    await ask(service, "POST /v1/ledgers/main/events", { key: writer, body });
  }
});
after(() => service.close());

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Stands between, and breaks each of the first answers off behind so many bytes, or so many before its end. */
async function breaking(t: TestContext, bytesMax: readonly number[]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const wanted = bytesMax[asked.length] ?? Number.POSITIVE_INFINITY;
    asked.push(req.url ?? "");
    request(service.url + (req.url as string), { headers: req.headers }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("end", () => {
        const whole = Buffer.concat(pieces);
        const most = wanted < 0 ? whole.length + wanted : wanted;
        res.writeHead(answer.statusCode as number, { "content-type": answer.headers["content-type"] as string });
        if (whole.length > most) res.write(whole.subarray(0, most), () => setTimeout(() => res.destroy(), 20));
        else res.end(whole);
      });
    }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test("a ledger goes from a service through a pipe into a new data folder, encrypted there, and comes out again as the same bytes", async (t) => {
  const folder = makeFolder(t);
  const data = join(folder, "new");
  const file = join(folder, "main.hfa");
  const made = await runCli(["export", file, "--as", "ledger"], { env: ENV(service.url, key) });
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /^Exported ledger main \(0x.*\) with 3000 entries, \d+ bytes\. All of it was verified/);
  const imported = await runCli(["import", "--data", data, "--json"], { input: readFileSync(file) });
  assert.equal(imported.status, 0, imported.stderr);
  assert.equal(JSON.parse(imported.stdout).root, service.ledgers.get("main")?.head?.root);
  assert.deepEqual(readdirSync(data).sort(), ["keyring", "keys", "store"]);
  for (const name of readdirSync(join(data, "store")))
    assert.ok(!readFileSync(join(data, "store", name)).includes("a secret"), `${name} has an event in clear`);
  const again = join(folder, "again.hfa");
  const offline = await runCli(["export", again, "--as", "ledger", "--data", data]);
  assert.equal(offline.status, 0, offline.stderr);
  assert.deepEqual(readFileSync(again), readFileSync(file));
});

test("a stream that ends in the middle, or is for other keys, leaves nothing where it was to be", async (t) => {
  const folder = makeFolder(t);
  const data = join(folder, "new");
  const whole = await gather(
    takeLedger(new ServiceClient({}, ENV(service.url, key)), { ledger: "main", size: COUNT, retryForS: 1 }),
  );
  const cut = await runCli(["import", "-", "--data", data], { input: whole.subarray(0, 90_000) });
  assert.equal(cut.status, 1, cut.stderr);
  assert.match(
    cut.stderr,
    /Nothing was imported: FAILED at step "archive": .* got the end at byte 90000: the file was cut/,
  );
  assert.deepEqual(readdirSync(data), []);
  const file = join(folder, "main.hfa");
  writeFileSync(file, whole);
  const another = `0x${"1".repeat(40)}`;
  const foreign = await runCli(["import", file, "--data", data, "--signer", another]);
  assert.equal(foreign.status, 1, foreign.stderr);
  assert.match(foreign.stderr, /Nothing was imported: FAILED at step "expected"/);
  assert.deepEqual(readdirSync(data), []);
  const taken = await runCli(["import", file, "--data", folder]);
  assert.equal(taken.status, 2);
  assert.match(taken.stderr, /--data: expected a new folder or an empty one, got .* with main\.hfa in it/);
  const used = join(folder, "used");
  mkdirSync(join(used, "store"), { recursive: true });
  const there = await runCli(["import", file, "--data", used]);
  assert.equal(there.status, 2);
  assert.match(
    there.stderr,
    /which has a store, .* import it with --data \.\/imported while the service goes on, and serve that/,
  );
  assert.deepEqual(readdirSync(used), ["store"]);
});

test("a service that goes away again and again is waited for, and what leaves is one archive all the same", async (t) => {
  const direct = await gather(
    takeLedger(new ServiceClient({}, ENV(service.url, key)), { ledger: "main", size: COUNT, retryForS: 1 }),
  );
  // In the head, among the entries, and when all of them are there and their proof is not.
  const proxy = await breaking(t, [100, direct.length >> 1, -400]);
  const client = new ServiceClient({}, ENV(proxy.url, key));
  const bytes = await gather(takeLedger(client, { ledger: "main", size: COUNT, retryForS: 20 }));
  const from = proxy.asked.map((path) => Number(new URL(path, proxy.url).searchParams.get("from")));
  assert.equal(from.length, 4);
  assert.ok(
    from.every((each, i) => i === 0 || each >= (from[i - 1] as number)) && (from[3] as number) > 0,
    String(from),
  );
  const { size, root } = await importArchive(new MemoryStore(), bytesOf(bytes), { hash, offline: true });
  assert.deepEqual([size, root], [COUNT, service.ledgers.get("main")?.head?.root]);
  const gone = await breaking(t, Array<number>(50).fill(100));
  const never = takeLedger(new ServiceClient({}, ENV(gone.url, key)), { ledger: "main", size: COUNT, retryForS: 1 });
  await assert.rejects(gather(never), /does not answer to its end/);
});

test("what is no range of the ledger is refused, and so is a key that may not read", async () => {
  const path = "GET /v1/ledgers/main/archive";
  assert.equal((await ask(service, `${path}?to=7`, { key })).status, 404);
  assert.equal((await ask(service, `${path}?from=3000`, { key })).status, 400);
  assert.equal((await ask(service, path, { key: await service.key(["writer"], "app") })).status, 403);
});

test("in a ledger that was imported to be read a service shows and proves, and records nothing", async (t) => {
  const store = new MemoryStore();
  const client = new ServiceClient({}, ENV(service.url, key));
  await importArchive(store, takeLedger(client, { ledger: "main", size: COUNT, retryForS: 1 }), {
    hash,
    offline: true,
  });
  const other = await startService({ store });
  t.after(() => other.close());
  const keys = {
    admin: await other.key(["admin"], "a"),
    privacy: await other.key(["privacy"], "p"),
    reader: await other.key(["reader"], "r"),
  };
  const ledger = await ask(other, "GET /v1/ledgers/main", { key: keys.reader });
  assert.deepEqual([JSON.parse(ledger.text).readOnly, JSON.parse(ledger.text).size], [true, COUNT]);
  assert.equal((await ask(other, "GET /v1/ledgers/main/events/7/bundle", { key: keys.reader })).status, 200);
  const recording = [
    ["POST /v1/ledgers/main/events", keys.admin],
    ["PUT /v1/ledgers/main/requirements", keys.admin],
    ["PUT /v1/ledgers/main/retention", keys.privacy],
    ["POST /v1/ledgers/main/holds", keys.privacy],
    ["POST /v1/ledgers/main/erasures", keys.privacy],
  ] as const;
  for (const [what, key] of recording) {
    const { status, text } = await ask(other, what, { key, body: event() });
    assert.deepEqual([status, JSON.parse(text).code], [409, "ledger_read_only"], what);
  }
  // A foreign sender keeps what it is told to send later, and drops what was wrong.
  const { status, text } = await ask(other, "POST /v1/ledgers/main/ingest/logs", { key: keys.admin, body: event() });
  assert.deepEqual([status, JSON.parse(text).code], [503, "ledger_read_only"]);
});
