/**
 * Archives in a bucket, against a real store with Object Lock and through a proxy that does not mean well. `npm run test:bucket`; where the
 * store is not installed it is said that nothing was tried.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before, type TestContext } from "node:test";
import { keepArchive } from "../../src/archive/keep-archive.ts";
import { ArchiveMissingError, ArchiveNotKeptError } from "../../src/archive/places/archive-place.ts";
import { BucketPlace, type BucketPlaceOptions } from "../../src/archive/places/bucket-place.ts";
import { writeDraft } from "../../src/archive/places/draft.ts";
import { BucketClient, type BucketClientOptions, BucketError } from "../../src/bucket/bucket-client.ts";
import type { LockMode } from "../../src/bucket/object-lock.ts";
import { testLocks } from "../../src/bucket/self-test.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { type FaultProxy, startProxy } from "../bucket/fault-proxy.ts";
import { CREDENTIALS, type Gateway, missingGateway, startGateway } from "../bucket/gateway.ts";
import { runCli } from "../cli/run-cli.ts";
import { ask, event, SIGNER, startService } from "../http/service.ts";
import { bytesOf, check, makeFolder, sourceOf } from "./fixtures.ts";

const skip = missingGateway() ?? false;
/** What takes seconds is tried by `npm run test:bucket`. */
const skipLong = skip || (process.env.BUCKET === "all" ? false : "takes longer: npm run test:bucket");
const DAY_MS = 86_400_000;
const LOCK = { mode: "compliance" as LockMode, retainMs: DAY_MS };
/** The least that stores take as a part that is not the last. */
const PART_BYTES = 5 * 1024 * 1024;
const source = await sourceOf(10);
const request = { from: 0, to: 10, lock: undefined };
let gateway: Gateway;
if (skip !== false) console.log(`# buckets: ${skip}`);

before(async () => {
  if (skip !== false) return;
  gateway = await startGateway();
  await makeBucket("locked", { "x-amz-bucket-object-lock-enabled": "true" });
  await makeBucket("plain", {});
});
after(() => gateway?.close());

function clientOf(bucket: string, more: Partial<BucketClientOptions> = {}, base = gateway.url): BucketClient {
  return new BucketClient({
    url: `${base}/${bucket}`,
    region: "us-east-1",
    credentials: CREDENTIALS,
    pausesMs: [],
    ...more,
  });
}

async function makeBucket(name: string, headers: Record<string, string>): Promise<void> {
  // A bucket is asked for as an object without a name is.
  const { AwsClient } = await import("aws4fetch");
  const response = await new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "s3" }).fetch(
    `${gateway.url}/${name}`,
    { method: "PUT", headers },
  );
  assert.equal(response.status, 200, await response.text());
}

function placeOf(t: TestContext, client: BucketClient, more: Partial<BucketPlaceOptions> = {}): BucketPlace {
  return new BucketPlace({ client, drafts: join(makeFolder(t), "drafts"), lock: LOCK, partBytes: PART_BYTES, ...more });
}

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

const isRefused = (error: unknown) => error instanceof BucketError && error.reason === "AccessDenied";

test("an archive in a bucket is locked, verifies there, and cannot be deleted, kept for shorter, or hidden by another", {
  skip,
}, async (t) => {
  const client = clientOf("locked/first");
  const place = placeOf(t, client, { lock: { ...LOCK, legalHold: true } });
  const before = Date.now();
  const { archive } = await keepArchive(source, { ...request, place });
  assert.equal(archive.retention?.mode, "compliance");
  assert.ok(archive.retention.until >= before + DAY_MS, `locked until ${archive.retention.until}`);
  assert.equal(archive.legalHold, true);
  assert.deepEqual(readdirSync(place.drafts), [], "nothing waits");
  const { headers } = await client.ask("HEAD", archive.name);
  const versionId = headers.get("x-amz-version-id") ?? "";
  const query = { versionId };
  await assert.rejects(client.ask("DELETE", archive.name, { query }), isRefused);
  await assert.rejects(
    client.ask("DELETE", archive.name, { query, headers: { "x-amz-bypass-governance-retention": "true" } }),
    isRefused,
  );
  const retention = (mode: string, until: string) =>
    client.ask("PUT", archive.name, {
      query: { retention: "", versionId },
      body: Buffer.from(`<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`),
    });
  await assert.rejects(retention("COMPLIANCE", new Date(before + 60_000).toISOString()), isRefused);
  await assert.rejects(retention("GOVERNANCE", new Date(before + 9 * DAY_MS).toISOString()), isRefused);
  // Whoever may write can put another over it and say that it was deleted: the first version counts.
  await client.ask("PUT", archive.name, { body: Buffer.from("another") });
  await client.ask("DELETE", archive.name);
  const listed: string[] = [];
  for await (const { name } of place.list()) listed.push(name);
  assert.deepEqual(listed, [archive.name]);
  assert.equal((await check(await gather(place.read(archive.name)))).cell.name, "signed");
  assert.equal((await keepArchive(source, { ...request, place })).wasThere, true);
  await assert.rejects(gather(place.read("other.hfa")), ArchiveMissingError);
});

test("an archive that is there for less than is asked for is locked for longer, and where the store does not, it is not said to be kept", {
  skip,
}, async (t) => {
  const unlocked = placeOf(t, clientOf("locked/loose"), { lock: undefined as never });
  const { archive } = await keepArchive(source, { ...request, place: unlocked });
  assert.equal(archive.retention, undefined);
  const proxy = await startProxy(t, gateway.url);
  const deaf = placeOf(t, clientOf("locked/loose", {}, proxy.url));
  proxy.fault = ({ path }) => (path.includes("retention=") ? { kind: "answer", status: 200 } : undefined);
  await assert.rejects(
    keepArchive(source, { ...request, place: deaf }),
    /to be locked, compliance until .* got no lock/,
  );
  const short = await keepArchive(source, { ...request, place: placeOf(t, clientOf("locked/loose")) });
  assert.equal(short.wasThere, true);
  const lock = { mode: "governance" as LockMode, retainMs: 9 * DAY_MS, legalHold: true };
  const long = await keepArchive(source, { ...request, place: placeOf(t, clientOf("locked/loose"), { lock }) });
  assert.equal(long.archive.retention?.mode, "compliance", "it does not become weaker");
  assert.ok(long.archive.retention.until >= (short.archive.retention?.until ?? 0) + 8 * DAY_MS - 1000);
  assert.equal(long.archive.legalHold, true);
  await assert.rejects(
    keepArchive(source, { ...request, place: placeOf(t, clientOf("plain")) }),
    BucketError,
    "no Object Lock",
  );
});

test("the self-test passes a store that locks, in both modes", { skip }, async () => {
  for (const mode of ["governance", "compliance"] as const) {
    const checks = await testLocks(clientOf("locked/tests"), mode);
    assert.deepEqual(
      checks.filter(({ passed }) => !passed),
      [],
    );
    assert.ok(checks.length >= 6);
  }
});

const failing = async (client: BucketClient, mode: LockMode = "compliance") =>
  (await testLocks(client, mode)).filter(({ passed }) => !passed).map(({ name }) => name);

test("the self-test reports a bucket without versions, one that deletes, shortens or weakens, and one that takes no lock", {
  skip,
}, async (t) => {
  assert.deepEqual(await failing(clientOf("plain")), ["has versions and Object Lock"]);
  const proxy = await startProxy(t, gateway.url);
  const client = clientOf("locked/lies", {}, proxy.url);
  const isVersion = (path: string) => path.includes("versionId=");
  proxy.fault = ({ method, path }) =>
    method === "DELETE" && isVersion(path) ? { kind: "answer", status: 204 } : undefined;
  assert.deepEqual(await failing(client), [
    "refuses to delete the version",
    "refuses to delete the version with the right to bypass",
  ]);
  proxy.fault = ({ method, path }) =>
    method === "PUT" && path.includes("retention") ? { kind: "answer", status: 200 } : undefined;
  assert.deepEqual(await failing(client), ["refuses a shorter retention", "refuses a weaker mode"]);
  proxy.fault = ({ method, path }) =>
    method === "DELETE" && isVersion(path)
      ? { kind: "answer", status: 400, body: "<Error><Code>MalformedXML</Code></Error>" }
      : undefined;
  assert.deepEqual(await failing(client, "governance"), ["refuses to delete the version"], "an error is no refusal");
  proxy.fault = ({ method, path }) =>
    method === "GET" && isVersion(path) ? { kind: "answer", status: 200, body: "another object" } : undefined;
  assert.deepEqual(await failing(client), ["keeps the version when its name is overwritten and deleted"]);
  proxy.fault = () => ({ kind: "cut" });
  await assert.rejects(testLocks(client, "compliance"), BucketError, "nobody answers: nothing is known");
});

test("what is changed on its way there or back is found, and told as not kept", { skip }, async (t) => {
  const proxy = await startProxy(t, gateway.url);
  const flip = (body: Buffer) => {
    const changed = Buffer.from(body);
    changed[100] = (changed[100] ?? 0) ^ 1;
    return changed;
  };
  const isArchive = (path: string) => /\.hfa(?:\?|$)/.test(path);
  const there = placeOf(t, clientOf("locked/there", {}, proxy.url));
  proxy.fault = ({ method, path, body }) =>
    method === "PUT" && isArchive(path) ? { kind: "body", body: flip(body) } : undefined;
  await assert.rejects(
    keepArchive(source, { ...request, place: there }),
    (error: unknown) => error instanceof BucketError && error.status === 400,
  );
  for await (const { name } of there.list()) assert.fail(`${name} is there`);
  const back = placeOf(t, clientOf("locked/back", {}, proxy.url));
  proxy.fault = ({ method, path }) =>
    method === "GET" && isArchive(path) ? { kind: "answer-body", change: flip } : undefined;
  await assert.rejects(keepArchive(source, { ...request, place: back }), (error: Error) => {
    assert.ok(error instanceof ArchiveNotKeptError);
    assert.match(error.message, /to have the SHA-256 [0-9a-f]{64}, got/);
    return true;
  });
});

test("a store that is busy is asked again, one that says nothing is given up, and no message has a secret", {
  skip,
}, async (t) => {
  const proxy = await startProxy(t, gateway.url);
  let busy = 3;
  proxy.fault = ({ method }) =>
    method === "PUT" && busy-- > 0
      ? { kind: "answer", status: 503, body: "<Error><Code>SlowDown</Code></Error>" }
      : undefined;
  const patient = placeOf(t, clientOf("locked/busy", { pausesMs: [10, 10, 10] }, proxy.url));
  assert.equal((await keepArchive(source, { ...request, place: patient })).wasThere, false);
  assert.equal(proxy.seen.filter(({ method }) => method === "PUT").length, 4);
  const said: string[] = [];
  for (const fault of [{ kind: "silent" }, { kind: "cut" }, { kind: "answer", status: 503 }] as const) {
    proxy.fault = () => fault;
    const client = clientOf("locked/silent", { silenceMs: 200 }, proxy.url);
    await assert.rejects(client.ask("GET", "x.hfa"), (error: Error) => {
      said.push(error.message);
      return error instanceof BucketError;
    });
  }
  const stranger = clientOf("locked", { credentials: { ...CREDENTIALS, secretAccessKey: "WRONGWRONGWRONG" } });
  await assert.rejects(stranger.ask("GET", "x.hfa"), (error: Error) => {
    said.push(error.message);
    return /SignatureDoesNotMatch/.test(error.message);
  });
  for (const secret of [CREDENTIALS.secretAccessKey, CREDENTIALS.accessKeyId, "WRONGWRONG", "Signature="]) {
    assert.ok(!said.join().includes(secret), secret);
  }
});

async function putLarge(
  t: TestContext,
  proxy: FaultProxy,
  name: string,
): Promise<{ place: BucketPlace; bytes: Buffer; drafts: string }> {
  const drafts = join(makeFolder(t), "drafts");
  const bytes = randomBytes(2 * PART_BYTES + 1000);
  const draft = await writeDraft(drafts, bytesOf(bytes));
  const place = placeOf(t, clientOf("locked/large", {}, proxy.url), { drafts });
  await assert.rejects(place.put(name, draft), BucketError);
  return { place, bytes, drafts };
}

const partsIn = (proxy: FaultProxy) =>
  proxy.seen.flatMap(({ method, path }) =>
    method === "PUT" && path.includes("partNumber=") ? [new URL(path, proxy.url).searchParams.get("partNumber")] : [],
  );

test("an upload that broke off is gone on with after a start, without what is there already, and ends whole and locked", {
  skip,
}, async (t) => {
  const proxy: FaultProxy = await startProxy(t, gateway.url);
  const name = "broken.hfa";
  proxy.fault = ({ path }) => (path.includes("partNumber=2") ? { kind: "cut" } : undefined);
  const { bytes, drafts } = await putLarge(t, proxy, name);
  assert.deepEqual(readdirSync(drafts).sort(), [name, `${name}.upload`]);
  proxy.seen.length = 0;
  proxy.fault = () => undefined;
  const next = placeOf(t, clientOf("locked/large", {}, proxy.url), { drafts });
  assert.equal(await next.find(name), undefined, "it is not there before it is whole");
  assert.deepEqual(await next.resume(), [name]);
  assert.deepEqual(partsIn(proxy), ["2", "3"]);
  assert.deepEqual(readdirSync(drafts), []);
  assert.deepEqual(await gather(next.read(name)), bytes);
  assert.equal((await next.confirm(name)).retention?.mode, "compliance");
  assert.deepEqual(await next.resume(), []);
});

test("an upload whose last answer was lost, and one that the store forgot, end whole too", {
  skip: skipLong,
}, async (t) => {
  const proxy: FaultProxy = await startProxy(t, gateway.url);
  // The parts are put together, and the answer does not come.
  proxy.fault = ({ method, path }) =>
    method === "POST" && path.includes("uploadId=")
      ? { kind: "answer-body", change: () => Buffer.from("<Error><Code>InternalError</Code></Error>") }
      : undefined;
  const lost = await putLarge(t, proxy, "lost.hfa");
  proxy.fault = () => undefined;
  assert.deepEqual(await lost.place.resume(), ["lost.hfa"]);
  assert.deepEqual(await gather(lost.place.read("lost.hfa")), lost.bytes);
  proxy.fault = ({ path }) => (path.includes("partNumber=3") ? { kind: "cut" } : undefined);
  const forgotten = await putLarge(t, proxy, "forgotten.hfa");
  proxy.fault = () => undefined;
  const { uploadId } = JSON.parse(readFileSync(join(forgotten.drafts, "forgotten.hfa.upload"), "utf8"));
  await clientOf("locked/large").ask("DELETE", "forgotten.hfa", { query: { uploadId } });
  assert.deepEqual(await forgotten.place.resume(), ["forgotten.hfa"]);
  assert.deepEqual(await gather(forgotten.place.read("forgotten.hfa")), forgotten.bytes);
  assert.ok(!existsSync(join(forgotten.drafts, "forgotten.hfa")));
});

test("the command line tests a bucket, does not use one that does not lock, keeps an archive in one that does, and verifies it there", {
  skip: skipLong,
}, async (t) => {
  const data = makeFolder(t);
  const store = await LevelStore.open(join(data, "store"));
  const service = await startService({ store });
  const key = await service.key(["admin"], "tests");
  await ask(service, "POST /v1/ledgers/main/events", { key, body: [event(), event()] });
  await service.close();
  await store.close();
  const { accessKeyId, secretAccessKey } = CREDENTIALS;
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, HOLDFAST_DATA: data };
  const run = (bucket: string, ...args: string[]) =>
    runCli(["archive", ...args, "--bucket", `${gateway.url}/${bucket}`], { env });
  assert.match((await run("locked/cli", "test")).stdout, /is write-once: it refused everything that was tried/);
  const plain = await run("plain", "test");
  assert.equal(plain.status, 1);
  assert.match(plain.stdout, /is NOT write-once\.\nFAILED {2}has versions and Object Lock/);
  const create = ["create", "--clear", "--retention", "compliance", "--retain-days", "7"];
  const refused = await run("plain", ...create);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /is not write-once: .* Nothing was archived there/);
  const made = await run("locked/cli", ...create, "--json");
  assert.equal(made.status, 0, made.stderr);
  const { name, retention } = JSON.parse(made.stdout);
  assert.equal(retention.mode, "compliance");
  const listed = await run("locked/cli", "list");
  assert.match(listed.stdout, new RegExp(`\\n${name} .* compliance until `));
  const verified = await run("locked/cli", "verify", name, "--offline", "--signer", SIGNER.address);
  assert.equal(verified.status, 0, verified.stdout);
  for (const { stdout, stderr } of [plain, refused, made, listed, verified]) {
    for (const secret of [accessKeyId, secretAccessKey]) assert.ok(!`${stdout}${stderr}`.includes(secret));
  }
});
