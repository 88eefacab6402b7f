/** What a watcher tells of its rounds: once, signed, also after a kill, and that it is over; and its word to services. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import type { AlertChange } from "../../../src/alerts/alert.ts";
import type { Channel } from "../../../src/alerts/delivery/channel.ts";
import { Spokesman, type SpokesmanOptions } from "../../../src/cli/watch/telling/spokesman.ts";
import { ToldFile } from "../../../src/cli/watch/telling/told-file.ts";
import { WatchAlerts } from "../../../src/cli/watch/telling/watch-alerts.ts";
import { keySigner } from "../../../src/keys/local-signer.ts";
import { bad, CHECKS, type Check, type CheckName, type Checks, good, unknown } from "../../../src/watch/checks.ts";
import { beginWatch } from "../../../src/watch/memory/state.ts";

const PATIENCE = { silentMs: 300_000, lagMs: 10_800_000 };
const PLACE = "log.example/main";
const NONE = new Map<string, string>();

function checksWith(others: Partial<Record<CheckName, Check>>): Checks {
  return Object.fromEntries(CHECKS.map((name) => [name, others[name] ?? good("fine")])) as Checks;
}

class Kept implements Channel {
  readonly name = "kept";
  readonly kind = "test";
  readonly from = "warning";
  readonly told: AlertChange[] = [];
  isAway = false;

  async send(change: AlertChange) {
    if (this.isAway) return { isTaken: false, reason: "away" } as const;
    this.told.push(change);
    return { isTaken: true } as const;
  }
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "watch-telling-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const clock = { now: 1_790_000_000_000 };

/** A watcher that begins, as the rounds of a timer do. */
function begin(path: string, channel: Channel, isOnlyRound = false): Promise<WatchAlerts> {
  const file = new ToldFile(join(path, "told.json"));
  return WatchAlerts.open({ file, channels: [channel], patience: PATIENCE, now: () => clock.now, isOnlyRound });
}

async function round(path: string, channel: Channel, checks: Checks, untaken = NONE): Promise<void> {
  const alerts = await begin(path, channel);
  await alerts.take(checks, PLACE, untaken);
  await alerts.sendDue();
  clock.now += 60_000;
}

const FORKED = checksWith({ fork: bad("two statements contradict each other") });

test("what a round finds bad is told once however many rounds find it, and once when it is good; what cannot be told any more is not over", async (t) => {
  const path = folder(t);
  const channel = new Kept();
  for (const checks of [FORKED, FORKED, checksWith({ fork: unknown("no node answers") }), FORKED])
    await round(path, channel, checks);
  assert.deepEqual(
    channel.told.map(({ kind, alert }) => [kind, alert.subject, alert.severity]),
    [["fired", "log.example/main/fork", "critical"]],
  );
  await round(path, channel, checksWith({}));
  assert.deepEqual(
    channel.told.map(({ kind, alert }) => [kind, alert.id]),
    [
      ["fired", channel.told[0]?.alert.id],
      ["resolved", channel.told[0]?.alert.id],
    ],
  );
});

test("killed between finding and telling, it is told by the next start under the same id; a receiver that is away gets it later", async (t) => {
  const path = folder(t);
  const channel = new Kept();
  const killed = await begin(path, channel);
  await killed.take(FORKED, PLACE, NONE);
  assert.equal(channel.told.length, 0);
  const [id] = /[0-9a-f]{16}-1/.exec(readFileSync(join(path, "told.json"), "utf8")) ?? [];
  channel.isAway = true;
  await round(path, channel, FORKED);
  channel.isAway = false;
  await round(path, channel, FORKED);
  assert.deepEqual(
    channel.told.map((change) => change.id),
    [id],
  );
});

test("what could not be told for long is told, also of a timer's rounds; and so is a service that takes no word", async (t) => {
  const path = folder(t);
  const channel = new Kept();
  const blind = checksWith({ agreement: unknown("no node answers") });
  const untaken = new Map([["log.example", "status 401"]]);
  await round(path, channel, blind, untaken);
  clock.now += PATIENCE.silentMs;
  await round(path, channel, blind, untaken);
  assert.deepEqual(
    channel.told.map(({ alert }) => alert.rule),
    ["watcher_silent"],
  );
  clock.now += PATIENCE.lagMs;
  await round(path, channel, blind, untaken);
  assert.deepEqual(
    channel.told.map(({ alert }) => alert.rule),
    ["watcher_silent", "watcher_blind"],
  );
});

test("what cannot be written down is told from memory, and a file of another kind is never written over", async (t) => {
  const path = folder(t);
  const channel = new Kept();
  const alerts = await begin(path, channel);
  writeFileSync(join(path, "told.json"), "somebody else's");
  for (let i = 0; i < 3; i++) await alerts.take(FORKED, PLACE, NONE);
  assert.equal(channel.told.length, 1);
  assert.match(channel.told[0]?.alert.detail ?? "", /two statements contradict each other/);
  assert.equal(readFileSync(join(path, "told.json"), "utf8"), "somebody else's");
  assert.throws(() => new ToldFile(join(path, "told.json")), /cannot be used/);
});

test("a round of a timer that cannot write down what it found tells it at once: the next one will not know of it", async (t) => {
  const path = folder(t);
  const channel = new Kept();
  const alerts = await begin(path, channel, true);
  writeFileSync(join(path, "told.json"), "somebody else's");
  await alerts.take(FORKED, PLACE, NONE);
  assert.match(channel.told[0]?.alert.detail ?? "", /two statements contradict each other/);
});

test("a file that was replaced and could not be made durable is still the watcher's own", {
  skip: process.platform === "win32",
}, async (t) => {
  const path = folder(t);
  const file = new ToldFile(join(path, "told.json"));
  const write = (value: string) => file.writeRecords([{ space: "s", key: "k", value }]);
  await write("before");
  const folderOf = await open(path);
  const syncing = t.mock.method(Object.getPrototypeOf(folderOf), "sync");
  await folderOf.close();
  let syncs = 0;
  syncing.mock.mockImplementation(async () => {
    if (++syncs === 2) throw new Error("the disk does not answer");
  });
  await assert.rejects(write("lost"), /the disk does not answer/);
  syncing.mock.restore();
  await write("after");
  assert.equal(new ToldFile(join(path, "told.json")).record("s", "k"), "after");
});

test("its word has a larger number after each start, and a service that shows another word has not taken it", async (t) => {
  const path = folder(t);
  const heard: { number: number; signature: string }[] = [];
  const shown: (string | undefined)[] = [];
  let isLying = false;
  const server = createServer((req: IncomingMessage, res) => {
    let text = "";
    shown.push(req.headers.authorization);
    req.on("data", (piece) => {
      text += piece;
    });
    req.on("end", () => {
      heard.push(JSON.parse(text));
      res.end(JSON.stringify({ last: isLying ? heard[0] : heard.at(-1) }));
    });
  });
  const url = await listening(server);
  t.after(() => server.close());
  const signer = keySigner(new Uint8Array(32).fill(3));
  const ledgerId = `0x${"5c".repeat(32)}` as const;
  const of = { ledger: "main", ledgerId, chainId: 1, contract: `0x${"11".repeat(20)}`, signers: [] };
  const say = (roundAt: number, more: Partial<SpokesmanOptions> = {}) => {
    const file = new ToldFile(join(path, "told.json"));
    const spokesman = new Spokesman({ name: "auditor", signer, services: [url], ledger: "main", file, ...more });
    return spokesman.say(FORKED, { ...beginWatch(of, roundAt), roundAt });
  };
  assert.equal((await say(1000)).size, 0);
  assert.equal((await say(500)).size, 0, "also when the clock was put back");
  assert.deepEqual(
    heard.map(({ number }) => number),
    [1000, 1001],
  );
  isLying = true;
  assert.match([...(await say(2000)).values()].join(), /another word/);
  isLying = false;
  shown.length = 0;
  const other = `${url}/other`;
  for (const service of [url, other]) await say(3000, { services: [service], keys: new Map([[url, "hf_key"]]) });
  assert.deepEqual(shown, ["Bearer hf_key", undefined], "a key goes to the service that it is of");
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
