/** Watchers elsewhere say what they see: whose word counts, what is kept and recorded of it, and what is told of those who say nothing. */

import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { ACCESS_LEDGER } from "../../src/access/access.ts";
import type { Facts } from "../../src/alerts/facts.ts";
import { WatcherContradicts } from "../../src/alerts/rules/watchers/watcher-contradicts.ts";
import { WatcherBook, type WatcherSetting } from "../../src/alerts/watchers/watcher-book.ts";
import { createSalts } from "../../src/ingest/intake/salts.ts";
import { fastRecoverWordSigner, keySigner } from "../../src/keys/local-signer.ts";
import { checksumAddress } from "../../src/merkle/address.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { watcherSeen } from "../../src/service/watching/look-at-watchers.ts";
import { type Word, type WordBody, wordStatement } from "../../src/watch/word.ts";
import { many } from "../ledger/fixtures.ts";
import { ask, codeOf, type Running, startService } from "./service.ts";

const OURS = keySigner(new Uint8Array(32).fill(21));
const THEIRS = keySigner(new Uint8Array(32).fill(22));
const EVERY_MS = 60_000;
const WATCHERS: readonly WatcherSetting[] = [
  { ledger: "main", name: "auditor", key: OURS.address, everyMs: EVERY_MS },
  { ledger: "main", name: "customer", key: THEIRS.address, everyMs: EVERY_MS },
];
const ROOT = `0x${"ab".repeat(32)}` as const;

let service: Running;
let reader: string;
let number = 1;

/** Of the ledger when it has three entries. */
let root: `0x${string}`;

before(async () => {
  service = await startService({ watchers: WATCHERS, access: true });
  const ledger = service.ledgers.get("main");
  await ledger?.append({ entries: many(3), source: "app" });
  root = toHex((await ledger?.root(3)) ?? new Uint8Array(0));
  reader = await service.key(["auditor"], "auditor");
});
after(() => service.close());
beforeEach(() => {
  service.clock.now += 2000;
});

type Said = Partial<WordBody>;

async function signed(said: Said = {}, signer = OURS): Promise<Word> {
  const ledgerId = service.ledgers.get("main")?.record.id ?? "0x";
  const size = said.outcome === undefined ? { size: 3, rootHash: root } : {};
  const body: WordBody = {
    format: "holdfast/watcher-word@1",
    ledgerId,
    number: ++number,
    at: service.clock.now,
    outcome: "good",
    findings: [],
    ...size,
    ...said,
  };
  return { ...body, signature: await signer.signWord(wordStatement(body)) };
}

const BAD: Said = { outcome: "bad", findings: [{ code: "root", mark: "bad", detail: "size 3 has another root" }] };

function say(word: unknown, watcher = "auditor") {
  return ask(service, `POST /v1/ledgers/main/watchers/${watcher}/word`, { body: word as object });
}

async function listed() {
  return (await ask(service, "GET /v1/ledgers/main/watchers", { key: reader })).as("Watchers").watchers;
}

/** Words that are recorded as events, by their numbers. */
async function recorded(): Promise<number[]> {
  const ledger = service.ledgers.get(ACCESS_LEDGER);
  const numbers: number[] = [];
  for await (const { members } of service.store.entries(ledger?.record.id ?? "0x", 0, ledger?.size ?? 0)) {
    const texts = members.flatMap((each) => ("text" in each ? [each.text] : []));
    if (!texts.some((text) => text.includes("holdfast.watcher.word"))) continue;
    for (const text of texts) {
      const found = /"number":(\d+)/.exec(text)?.[1];
      if (found !== undefined) numbers.push(Number(found));
    }
  }
  return numbers;
}

test("a watcher that was never heard is told as that, and of one that is heard its last word, as it signed it", async () => {
  assert.deepEqual(
    (await listed()).map(({ state }) => state),
    ["never_heard", "never_heard"],
  );
  const word = await signed();
  assert.equal((await say(word)).status, 200);
  const [first, second] = await listed();
  assert.equal(first?.state, "good");
  assert.equal(first?.key, checksumAddress(OURS.address));
  const { format: _, ledgerId: __, ...said } = word;
  assert.deepEqual(first?.last, { ...said, receivedAt: service.clock.now });
  assert.equal(
    fastRecoverWordSigner(wordStatement(word), word.signature),
    OURS.address,
    "whoever reads it can check it",
  );
  assert.equal(second?.state, "never_heard");
});

test("nobody else can say it: forged, said as another watcher, of another ledger, changed on its way, or under a name that nobody set", async () => {
  const before = await listed();
  const word = await signed();
  const tries: readonly (readonly [unknown, string, string?])[] = [
    [await signed({}, THEIRS), "401 word_unsigned"],
    [await signed({}, keySigner(new Uint8Array(32).fill(9))), "401 word_unsigned"],
    [{ ...word, size: 4 }, "401 word_unsigned"],
    [{ ...word, at: word.at + 1 }, "401 word_unsigned"],
    [{ ...word, signature: `0x${"00".repeat(65)}` }, "401 word_unsigned"],
    [word, "401 word_unsigned", "customer"],
    [word, "404 watcher_unknown", "somebody"],
    [await signed({ ledgerId: ROOT }), "400 word_invalid"],
    [{ ...word, more: 1 }, "400 word_invalid"],
    [await signed({ outcome: "good", findings: BAD.findings ?? [] }), "400 word_invalid"],
    [await signed({ ...BAD, outcome: "unknown" }), "400 word_invalid"],
    [{ ...word, number: 0 }, "400 word_invalid"],
    [[], "400 word_invalid"],
  ];
  for (const [said, code, as] of tries) assert.equal(codeOf(await say(said, as)), code, JSON.stringify(said));
  const { size: _, rootHash: __, ...body } = await signed();
  const unsized = { ...body, signature: await OURS.signWord(wordStatement(body)) };
  assert.equal(codeOf(await say(unsized)), "400 word_invalid", "good about nothing");
  assert.deepEqual(await listed(), before);
});

test("what was said cannot be said again later, nor held up on its way; sent twice at once it is taken once", async () => {
  const old = await signed();
  assert.equal((await say(old)).status, 200);
  assert.equal((await say(old)).status, 200, "whose answer was lost sends it again");
  service.clock.now += 2000;
  const bad = await signed(BAD);
  assert.equal((await say(bad)).status, 200);
  service.clock.now += 2000;
  assert.equal(codeOf(await say(old)), "409 word_old");
  const held = await signed();
  service.clock.now += 301_000;
  assert.equal(codeOf(await say(held)), "409 word_untimely");
  assert.equal((await listed())[0]?.state, "silent", "none of it counts as being heard");
  const word = await signed(BAD);
  const answers = await Promise.all([say(word), say(word), say(word)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal((await listed())[0]?.last?.number, word.number);
});

test("a word is an event when it changes, and not each time that it is said", async () => {
  const before = await recorded();
  const numbers: number[] = [];
  for (const said of [{}, {}, BAD, { ...BAD, size: 3, rootHash: root }, {}]) {
    service.clock.now += 2000;
    const word = await signed(said);
    assert.equal((await say(word)).status, 200);
    numbers.push(word.number);
  }
  const [good, , bad, , again] = numbers;
  assert.deepEqual((await recorded()).slice(before.length), [good, bad, again]);
});

test("a good word about a root or a size that the ledger does not have is held against the ledger, told and recorded, until one agrees", async () => {
  const before = (await recorded()).length;
  const told = async () => {
    const facts = { watchers: service.watchers.all().map(watcherSeen) } as unknown as Facts;
    const troubles = new WatcherContradicts().judge(facts, () => false);
    return troubles === "unknown" ? [] : troubles.map(({ subject, severity }) => `${severity} ${subject}`);
  };
  const tries: readonly (readonly [Said, string, string])[] = [
    [{ rootHash: ROOT }, "contradicts", "critical main/auditor/other_root"],
    [{ size: 4 }, "contradicts", "critical main/auditor/other_size"],
    [{}, "good", ""],
  ];
  for (const [said, state, alert] of tries) {
    service.clock.now += 2000;
    assert.equal((await say(await signed(said))).status, 200);
    const [watcher] = await listed();
    assert.equal(watcher?.state, state);
    assert.equal(watcher?.last?.outcome, "good", "it is shown as it was signed");
    assert.equal(watcher?.differs?.includes("and the ledger has"), state === "good" ? undefined : true);
    assert.equal((await told()).join(), alert);
  }
  assert.equal((await recorded()).length - before, 3);
});

test("a watcher that floods is held to a word a second, and to some events an hour, and its last word stands all the same", async () => {
  const before = (await recorded()).length;
  const at = service.clock.now;
  const many = await Promise.all(Array.from({ length: 300 }, (_, i) => signed(i % 2 === 0 ? BAD : {})));
  const statuses = (await Promise.all(many.map((word) => say(word)))).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.ok((await recorded()).length - before <= 1);
  for (let i = 0; i < 60; i++) {
    service.clock.now += 1001;
    assert.equal((await say(await signed(i % 2 === 0 ? BAD : {}))).status, 200);
  }
  const last = await signed(BAD);
  service.clock.now += 1001;
  assert.equal((await say(last)).status, 200);
  assert.ok((await recorded()).length - before <= 20, "an event for each would be a way to fill the disk");
  assert.equal((await listed())[0]?.last?.number, last.number);
  service.clock.now = at + 3_700_000;
  const later = await signed(BAD);
  assert.equal((await say(later)).status, 200);
});

test("silence counts from the service's own clock, and what was said stays when the service starts again", async () => {
  const word = await signed(BAD);
  assert.equal((await say(word)).status, 200);
  const options = {
    store: service.store,
    hash: keccak256,
    salts: createSalts(),
    toleranceMs: 300_000,
    ledger: () => undefined,
  };
  const log = { warn: () => undefined };
  const open = (watchers: readonly WatcherSetting[]) =>
    WatcherBook.open({ ...options, log, watchers, now: () => service.clock.now });
  const again = await open(WATCHERS);
  assert.deepEqual(again.of("main")[0]?.heard?.word, word);
  service.clock.now += 3 * EVERY_MS;
  const [watcher] = again.of("main");
  assert.equal(watcher?.state, "silent");
  assert.equal(watcher?.countsFrom, service.clock.now - 3 * EVERY_MS);
  const [another] = (await open([{ ...(WATCHERS[0] as WatcherSetting), key: THEIRS.address }])).of("main");
  assert.equal(another?.state, "never_heard", "what another key said is not the word of this one");
});
