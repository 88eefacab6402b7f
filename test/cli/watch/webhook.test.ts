/** What a webhook gets of a watcher: every finding in order, or how many it missed, whoever was away in between. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { REPORT_FORMAT, type Report } from "../../../src/cli/watch/report.ts";
import { OWED_MAX, Webhook } from "../../../src/cli/watch/webhook.ts";
import { CHECKS, type Check, type CheckName, type Checks } from "../../../src/watch/checks.ts";
import { serveHttp } from "../fake-http.ts";
import { makeFolder } from "../run-cli.ts";

type Posted = Report & { readonly skipped?: { readonly count: number; readonly first: string; readonly last: string } };

const fine: Check = { mark: 1, detail: "fine" };
const at = (second: number): string => new Date(1_800_000_000_000 + second * 1000).toISOString();

/** A report in which one check went bad. */
function finding(second: number, name: CheckName = "size"): Report {
  const checks = Object.fromEntries(CHECKS.map((each) => [each, fine])) as Checks;
  return {
    format: REPORT_FORMAT,
    at: at(second),
    url: "https://log.example",
    ledger: "main",
    ledgerId: null,
    outcome: "bad",
    checks: { ...checks, [name]: { mark: -1, detail: `bad at ${second}` } },
    changed: [name],
    checkpoint: null,
    open: 0,
    disagrees: [],
    evidence: [],
  };
}

/** A receiver that can be away, and watchers in front of it that begin again with what is on disk. */
async function receiver(t: TestContext) {
  const posted: Posted[] = [];
  const hook = { isAway: true, posted, takesMost: Number.POSITIVE_INFINITY };
  const { url } = await serveHttp(t, ({ body }) => {
    if (hook.isAway || posted.length >= hook.takesMost) return { status: 503 };
    posted.push(JSON.parse(body) as Posted);
    return { status: 204 };
  });
  const file = join(makeFolder(t), "watch.json.webhook.json");
  const notes: string[] = [];
  const options = { file, pausesMs: [], tell: (note: string) => void notes.push(note) };
  return { hook, file, notes, begin: () => new Webhook(url, options) };
}

const times = (posted: readonly Posted[]): string[] => posted.map((each) => each.at);

test("findings of a time when the receiver was away arrive later, each of them and in order", async (t) => {
  const { hook, begin } = await receiver(t);
  const webhook = begin();
  for (const second of [1, 2, 3]) {
    webhook.offer(finding(second), undefined);
    assert.equal(await webhook.deliver(), false);
  }
  hook.isAway = false;
  hook.takesMost = 2;
  assert.equal(await webhook.deliver(), false);
  assert.deepEqual(times(hook.posted), [at(1), at(2)]);
  webhook.offer(finding(4), undefined);
  hook.takesMost = 9;
  assert.equal(await webhook.deliver(), true);
  assert.deepEqual(times(hook.posted), [1, 2, 3, 4].map(at));
  assert.ok(hook.posted.every(({ skipped }) => skipped === undefined));
  assert.equal(await webhook.deliver(), true);
  assert.equal(hook.posted.length, 4);
});

test("what is owed outlives the watcher, as each run of a timer is one", async (t) => {
  const { hook, file, begin } = await receiver(t);
  for (const second of [1, 2, 3]) {
    const webhook = begin();
    webhook.offer(finding(second), undefined);
    await webhook.deliver();
  }
  assert.doesNotMatch(readFileSync(file, "utf8"), /http:/, "the receiver's address may hold a key");
  hook.isAway = false;
  assert.equal(await begin().deliver(), true);
  assert.deepEqual(times(hook.posted), [1, 2, 3].map(at));
  assert.equal(await begin().deliver(), true);
  assert.equal(hook.posted.length, 3);
});

test("those for which there was no room are counted in the next report that arrives, with the first and the last", async (t) => {
  const { hook, begin } = await receiver(t);
  for (let second = 1; second <= OWED_MAX + 7; second++) {
    const webhook = begin();
    webhook.offer(finding(second), undefined);
    await webhook.deliver();
  }
  hook.isAway = false;
  assert.equal(await begin().deliver(), true);
  assert.deepEqual(
    times(hook.posted),
    Array.from({ length: OWED_MAX }, (_, i) => at(i + 8)),
  );
  assert.deepEqual(hook.posted[0]?.skipped, { count: 7, first: at(1), last: at(7) });
  assert.ok(hook.posted.slice(1).every(({ skipped }) => skipped === undefined));
});

test("where it cannot be kept it is sent all the same, and what cannot be read is told and holds up nothing", async (t) => {
  const { hook, file, notes, begin } = await receiver(t);
  mkdirSync(`${file}.new`);
  const webhook = begin();
  for (const second of [1, 2]) {
    webhook.offer(finding(second), undefined);
    await webhook.deliver();
  }
  assert.match(notes.join(), /kept in memory only: .*\.webhook\.json/);
  assert.equal(existsSync(file), false);
  rmdirSync(`${file}.new`);
  hook.isAway = false;
  assert.equal(await webhook.deliver(), true);
  for (const text of ["", "{", "null", '{"format":"holdfast/watch-webhook@1","reports":[null]}', '{"format":"x"}']) {
    writeFileSync(file, text);
    notes.length = 0;
    const next = begin();
    next.offer(finding(3), undefined);
    assert.equal(await next.deliver(), true, text);
    assert.match(notes.join(), /still owed the webhook is in .* and cannot be read: .*; it is not sent/, text);
  }
  assert.deepEqual(times(hook.posted), [1, 2, 3, 3, 3, 3, 3].map(at));
});
