/**
 * Whether a bucket keeps to its locks. A store that takes the words and removes the object all the same is reported, and not used as
 * write-once.
 * Why: docs/decisions/0199.
 */

import { randomBytes } from "node:crypto";
import { type BucketClient, BucketError } from "./bucket-client.ts";
import { describeLock, foundLock, type LockMode, lockHeaders, putRetention } from "./object-lock.ts";
import { tagOf, tagsOf } from "./xml.ts";

const SELF_TEST_MS = 60_000;
/** What is shorter than this would be gone before it was looked at. */
const SELF_TEST_SHORTER_MS = 30_000;
const SELF_TESTS = ".holdfast-self-test/";

/** One thing that a bucket has to refuse, or to have. */
export type LockCheck = { readonly name: string; readonly passed: boolean; readonly detail: string };

/**
 * Whether a bucket refuses what would undo a lock: an object that is locked for a minute is put, and everything is tried. It
 * stays there until its minute is over; those of earlier tests are cleared away.
 * @throws BucketError when it cannot be asked
 */
export async function testLocks(
  client: BucketClient,
  mode: LockMode,
  clock: () => number = Date.now,
): Promise<LockCheck[]> {
  await clearOldTests(client);
  const versioning = await versioningOf(client);
  if (!versioning.passed) return [versioning];
  const name = `${SELF_TESTS}${randomBytes(8).toString("hex")}`;
  const now = clock();
  const until = now + SELF_TEST_MS;
  const headers = lockHeaders({ mode }, until);
  const first = Buffer.from("a locked object");
  const put = await tryIt(() => client.ask("PUT", name, { body: first, headers }));
  if (put instanceof BucketError) return [versioning, told("takes an object with a lock", false, put.message)];
  const version = put.headers.get("x-amz-version-id") ?? "";
  const checks = [
    versioning,
    told("takes an object with a lock", version !== "", version === "" ? "it names no version" : "it does"),
  ];
  const query = { versionId: version };
  const said = foundLock((await client.ask("HEAD", name, { query })).headers);
  const isKept = said?.mode === mode && said.until >= until - 1000;
  checks.push(
    told(
      "says of it what was asked for",
      isKept,
      `asked for ${describeLock({ mode, until })}, got ${describeLock(said)}`,
    ),
  );
  const set = (named: LockMode, date: number) =>
    putRetention(client, { name, versionId: version }, { mode: named, until: date });
  const attempts: readonly [string, () => Promise<unknown>][] = [
    ["refuses to delete the version", () => client.ask("DELETE", name, { query })],
    ["refuses a shorter retention", () => set(mode, now + SELF_TEST_SHORTER_MS)],
  ];
  const more: readonly [string, () => Promise<unknown>][] =
    mode === "governance"
      ? []
      : [
          ["refuses a weaker mode", () => set("governance", until)],
          [
            "refuses to delete the version with the right to bypass",
            () => client.ask("DELETE", name, { query, headers: { "x-amz-bypass-governance-retention": "true" } }),
          ],
        ];
  for (const [what, attempt] of [...attempts, ...more]) checks.push(refused(what, await tryIt(attempt)));
  checks.push(await survives(client, name, version, first));
  return checks;
}

/** After an object of the same name was put and the name was deleted, the locked version has to be what it was. */
async function survives(client: BucketClient, name: string, version: string, first: Uint8Array): Promise<LockCheck> {
  const what = "keeps the version when its name is overwritten and deleted";
  await tryIt(() => client.ask("PUT", name, { body: Buffer.from("another object") }));
  await tryIt(() => client.ask("DELETE", name));
  const found = await tryIt(() => client.ask("GET", name, { query: { versionId: version } }));
  if (found instanceof BucketError) return told(what, false, found.message);
  const isSame = found.text === Buffer.from(first).toString();
  return told(what, isSame, isSame ? "it is what it was" : "it is another object now");
}

async function versioningOf(client: BucketClient): Promise<LockCheck> {
  const what = "has versions and Object Lock";
  const versioning = tagOf((await client.askBucket({ versioning: "" })).text, "Status") ?? "none";
  const lock = await tryIt(() => client.askBucket({ "object-lock": "" }));
  const enabled = lock instanceof BucketError ? lock.reason : (tagOf(lock.text, "ObjectLockEnabled") ?? "none");
  const passed = versioning === "Enabled" && enabled === "Enabled";
  return told(what, passed, `versioning: ${versioning}, Object Lock: ${enabled}`);
}

/** Removes what earlier tests left and nothing keeps any more; what is still locked stays, and that is right. */
async function clearOldTests(client: BucketClient): Promise<void> {
  const listed = await client.askBucket({ versions: "", prefix: `${client.prefix}${SELF_TESTS}`, "max-keys": "100" });
  for (const item of [...tagsOf(listed.text, "Version"), ...tagsOf(listed.text, "DeleteMarker")]) {
    const key = tagOf(item, "Key") ?? "";
    const versionId = tagOf(item, "VersionId") ?? "";
    if (!key.startsWith(`${client.prefix}${SELF_TESTS}`) || versionId === "") continue;
    const age = Date.now() - Date.parse(tagOf(item, "LastModified") ?? "");
    if (age < 2 * SELF_TEST_MS) continue;
    await tryIt(() => client.ask("DELETE", key.slice(client.prefix.length), { query: { versionId } }));
  }
}

/** Of the store's own refusals, not of an answer that did not come. */
async function tryIt<T>(attempt: () => Promise<T>): Promise<T | BucketError> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof BucketError && error.status !== 0) return error;
    throw error;
  }
}

/** Only a refusal counts; that something is wrong with the request says nothing of what it would have done. */
function refused(what: string, found: unknown): LockCheck {
  const isRefused = found instanceof BucketError && (found.status === 403 || found.reason === "AccessDenied");
  if (isRefused) return told(what, true, found.reason);
  return told(what, false, found instanceof BucketError ? `it said ${found.reason}` : "it was done");
}

function told(name: string, passed: boolean, detail: string): LockCheck {
  return { name, passed, detail };
}
