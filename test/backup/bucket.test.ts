/**
 * Restore points in a bucket: in memory, and with `npm run test:bucket` in a real store as well. What the bucket holds at the end is looked at, and
 * not what was said of it.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test, { after, type TestContext } from "node:test";
import { AwsClient } from "aws4fetch";
import { BackupBucket } from "../../src/backup/backup-bucket.ts";
import { readPoint } from "../../src/backup/backup-place.ts";
import { copyDatabase } from "../../src/backup/copy-database.ts";
import { BackupDamagedError, type RestorePoint } from "../../src/backup/point.ts";
import { restoreFiles } from "../../src/backup/restore-files.ts";
import { BucketClient, BucketError } from "../../src/bucket/bucket-client.ts";
import { foundLock, type ObjectLock } from "../../src/bucket/object-lock.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { bareEnv } from "../bare-env.ts";
import { CREDENTIALS, type Gateway, missingGateway, startGateway } from "../bucket/gateway.ts";
import { type SmallBucket, startSmallBucket } from "../bucket/small-bucket.ts";
import { makeFolder, runCli } from "../cli/run-cli.ts";
import { ENTRIES, makeStore } from "./fixtures.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const DAY_MS = 86_400_000;
const quiet = () => undefined;
const env = { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey };
let gateway: Gateway | undefined;
after(() => gateway?.close());

/** Addresses of buckets with locks, by what they are. */
async function addressesOf(t: TestContext): Promise<[kind: string, url: string, small: SmallBucket | undefined][]> {
  const small = await startSmallBucket(t);
  const all: [string, string, SmallBucket | undefined][] = [["in memory", `${small.url}/bucket`, small]];
  if (process.env.BUCKET !== "all" || missingGateway() !== undefined) return all;
  if (gateway === undefined) {
    gateway = await startGateway();
    const headers = { "x-amz-bucket-object-lock-enabled": "true" };
    const aws = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "s3" });
    await aws.fetch(`${gateway.url}/points`, { method: "PUT", headers });
  }
  return [...all, ["Ceph", `${gateway.url}/points/${process.hrtime.bigint()}`, undefined]];
}

function clientOf(url: string): BucketClient {
  return new BucketClient({ url, region: "us-east-1", credentials: CREDENTIALS, pausesMs: [] });
}

function bucketAt(t: TestContext, url: string, lock?: ObjectLock): BackupBucket {
  return new BackupBucket({ client: clientOf(url), scratch: makeFolder(t), ...(lock !== undefined && { lock }) });
}

async function makePoint(data: string, to: BackupBucket): Promise<RestorePoint> {
  await to.begin();
  const files = await copyDatabase(join(data, "store"), { to, as: "store", onProgress: quiet });
  const point = await to.add({ madeAt: Date.now(), ledgers: null, files });
  await to.sweep();
  return point;
}

async function restored(t: TestContext, from: BackupBucket, name?: string): Promise<LevelStore> {
  const into = join(makeFolder(t), "data");
  await restoreFiles(from, await readPoint(from, name), into, quiet);
  return LevelStore.open(join(into, "store"));
}

const tablesOf = ({ files }: RestorePoint) => files.filter(({ path }) => path.endsWith(".ldb"));

test("points in a bucket share what did not change, and each restores by itself", async (t) => {
  for (const [kind, url] of await addressesOf(t)) {
    const { data, store, ledgerId } = await makeStore(t);
    await store.compact();
    const first = await makePoint(data, bucketAt(t, url));
    await store.writeRecords([{ space: "probe", key: "a", value: "later" }], { durable: true });
    const next = bucketAt(t, url);
    const second = await makePoint(data, next);
    await store.close();
    assert.deepEqual(tablesOf(second), tablesOf(first), kind);
    assert.ok(tablesOf(first).length > 0 && next.count.shared >= tablesOf(first).length, kind);
    for (const [name, value] of [
      [first.name, undefined],
      [second.name, "later"],
    ] as const) {
      const found = await restored(t, bucketAt(t, url), name);
      assert.equal((await found.head(ledgerId))?.size, ENTRIES, kind);
      assert.equal(await found.record("probe", "a"), value, kind);
      await found.close();
    }
  }
});

test("whatever is put over an object, and a mark that says that it was deleted, hides nothing", async (t) => {
  for (const [kind, url] of await addressesOf(t)) {
    const { data, store, ledgerId } = await makeStore(t);
    const { name, files } = await makePoint(data, bucketAt(t, url));
    await store.close();
    const client = clientOf(url);
    const keys = files.map(({ sha256 }) => `files/${sha256.slice(0, 2)}/${sha256}`);
    for (const key of [`points/${name}.jsonl`, ...keys]) {
      await client.ask("PUT", key, { body: Buffer.from("another") });
      await client.ask("DELETE", key);
    }
    const found = await restored(t, bucketAt(t, url));
    assert.equal((await found.head(ledgerId))?.size, ENTRIES, kind);
    await found.close();
  }
});

test("what is locked for a point stays, also a file that an earlier one has, for as long from the later one on", async (t) => {
  for (const [kind, url] of await addressesOf(t)) {
    const { data, store } = await makeStore(t);
    await store.compact();
    await makePoint(data, bucketAt(t, url, { mode: "compliance", retainMs: DAY_MS }));
    const point = await makePoint(data, bucketAt(t, url, { mode: "compliance", retainMs: 9 * DAY_MS }));
    await store.close();
    const client = clientOf(url);
    for (const { sha256 } of point.files) {
      const key = `files/${sha256.slice(0, 2)}/${sha256}`;
      const { headers } = await client.ask("HEAD", key);
      assert.ok(
        (foundLock(headers)?.until ?? 0) > Date.now() + 8 * DAY_MS,
        `${kind}: ${headers.get("x-amz-object-lock-retain-until-date")}`,
      );
      const versionId = headers.get("x-amz-version-id") ?? "";
      await assert.rejects(client.ask("DELETE", key, { query: { versionId } }), BucketError, kind);
    }
    assert.equal((await bucketAt(t, url).names()).length, 2, kind);
  }
});

test("an object that went bad is named, nothing is restored of it, and the next backup puts it there again", async (t) => {
  const bucket = await startSmallBucket(t);
  const url = `${bucket.url}/bucket`;
  const { data, store, ledgerId } = await makeStore(t);
  await store.compact();
  const point = await makePoint(data, bucketAt(t, url));
  const [table] = tablesOf(point);
  assert.ok(table);
  const key = `files/${table.sha256.slice(0, 2)}/${table.sha256}`;
  const [version] = bucket.objects.get(key) ?? [];
  assert.ok(version);
  version.bytes = Buffer.concat([version.bytes.subarray(0, 30), Buffer.from([1]), version.bytes.subarray(31)]);
  await assert.rejects(restored(t, bucketAt(t, url)), (error: Error) => {
    assert.ok(error instanceof BackupDamagedError);
    assert.deepEqual(error.paths, [`${url}/${key}`]);
    return true;
  });
  const mending = bucketAt(t, url);
  await makePoint(data, mending);
  assert.equal(mending.count.mended, 1);
  await store.close();
  const found = await restored(t, bucketAt(t, url), point.name);
  assert.equal((await found.head(ledgerId))?.size, ENTRIES);
  await found.close();
});

test("what is not read back as it was put is no restore point", async (t) => {
  const bucket = await startSmallBucket(t);
  const { data, store } = await makeStore(t);
  bucket.fault = (asked, res) => {
    if (!/^GET files\//.test(asked)) return false;
    res.end("something else");
    return true;
  };
  const url = `${bucket.url}/bucket`;
  await assert.rejects(
    makePoint(data, bucketAt(t, url)),
    /expected to read back what was written to .* got one of SHA-256/,
  );
  await store.close();
  assert.deepEqual(bucket.names("points/"), []);
});

test("a backup that breaks off is no restore point, and the next one puts only what is not there yet", async (t) => {
  const bucket = await startSmallBucket(t);
  const url = `${bucket.url}/bucket`;
  const { data, store } = await makeStore(t);
  await store.compact();
  let puts = 0;
  bucket.fault = (asked, res) => {
    if (!asked.startsWith("PUT ") || ++puts < 3) return false;
    res.destroy();
    return true;
  };
  await assert.rejects(makePoint(data, bucketAt(t, url)), BucketError);
  assert.deepEqual(bucket.names("points/"), []);
  const there = bucket.names("files/");
  assert.equal(there.length, 2);
  bucket.fault = () => false;
  bucket.seen.length = 0;
  const next = bucketAt(t, url);
  await makePoint(data, next);
  await store.close();
  assert.equal(next.count.shared, 2);
  for (const name of there) assert.ok(!bucket.seen.includes(`PUT ${name}`), name);
});

test("files that no point names are removed when they are a day old, and nothing while a point cannot be read", async (t) => {
  const bucket = await startSmallBucket(t);
  const url = `${bucket.url}/bucket`;
  const { data, store } = await makeStore(t);
  const client = clientOf(url);
  const [old, young] = ["a", "b"].map((digit) => `files/${digit.repeat(2)}/${digit.repeat(64)}`) as [string, string];
  for (const name of [old, young]) await client.ask("PUT", name, { body: Buffer.from(name) });
  const [version] = bucket.objects.get(old) ?? [];
  assert.ok(version);
  version.keptAt -= 2 * DAY_MS;
  await client.ask("PUT", "points/20260101T000000Z.jsonl", { body: Buffer.from("cut") });
  await makePoint(data, bucketAt(t, url));
  assert.ok(bucket.names().includes(old));
  bucket.objects.delete("points/20260101T000000Z.jsonl");
  await makePoint(data, bucketAt(t, url));
  await store.close();
  assert.ok(!bucket.names().includes(old));
  assert.ok(bucket.names().includes(young));
});

test("the command line backs up to a bucket, also after a kill in the middle, drills and restores from it, and tells no secret", async (t) => {
  const bucket = await startSmallBucket(t);
  const url = `${bucket.url}/bucket/daily`;
  const { data, store } = await makeStore(t);
  await store.compact();
  await store.close();
  let puts = 0;
  const child = spawn(process.execPath, [MAIN, "backup", "--data", data, "--to", url], {
    env: { ...bareEnv(), ...env },
  });
  bucket.fault = (asked) => asked.startsWith("PUT ") && ++puts === 3 && child.kill("SIGKILL");
  await new Promise((resolve) => child.once("close", resolve));
  assert.equal(child.signalCode, "SIGKILL");
  assert.deepEqual(bucket.names("daily/points/"), []);
  bucket.fault = () => false;
  const said: string[] = [];
  const run = async (...args: string[]) => {
    const { status, stdout, stderr } = await runCli(args, { env });
    said.push(stdout, stderr);
    return { status, stdout, stderr };
  };
  const made = await run("backup", "--data", data, "--to", url, "--json");
  assert.equal(made.status, 0, made.stderr);
  assert.deepEqual([JSON.parse(made.stdout).shared, JSON.parse(made.stdout).ledgers[0].size], [2, ENTRIES]);
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith("backup-scratch")),
    [],
  );
  const drilled = await run("restore", "--from", url, "--drill");
  assert.equal(drilled.status, 0, drilled.stderr);
  assert.match(drilled.stdout, /restores, and is whole/);
  const keys = await run("backup", "--data", data, "--to", url, "--keys-to", `${bucket.url}/keys`);
  assert.match(keys.stderr, /Expected a folder after --keys-to: a bucket may keep versions/);
  const name = await run("backup", "--data", data, "--to", "s3://bucket/daily");
  assert.match(name.stderr, /--to: Expected the address of a bucket with its endpoint, https:/);
  assert.deepEqual([keys.status, name.status], [2, 2]);
  for (const text of said) for (const secret of Object.values(env)) assert.ok(!text.includes(secret));
});
