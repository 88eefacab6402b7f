/** Whatever is answered: what may pass is tried again, what may not is told at once, and what is not true is never believed. */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { CODES } from "../../../src/http/api/codes.ts";
import { REMEDIES } from "../../../src/sdk/client/answers/problem-codes.ts";
import { Trust } from "../../../src/sdk/client/answers/trust.ts";
import { type EventSpool, HoldfastError } from "../../../src/sdk/client/index.ts";
import { event, startScene } from "../clients.ts";
import type { Meddling } from "../meddler.ts";

const scene = await startScene({ after });

const OTHER = `0x${"ab".repeat(32)}` as const;
const ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const SECOND = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
let made = 0;
const fresh = () => event(`fresh-${made++}`);

async function refused(work: Promise<unknown>): Promise<HoldfastError> {
  return await work.then(
    () => assert.fail("expected an error"),
    (error: unknown) => {
      assert.ok(error instanceof HoldfastError, String(error));
      return error;
    },
  );
}

test("a code that the client knows is one of the service, once, and waiting is for what may pass", () => {
  const known = Object.values(REMEDIES).flat();
  assert.equal(new Set(known).size, known.length);
  assert.deepEqual(
    known.filter((code) => !Object.hasOwn(CODES, code)),
    [],
  );
  for (const code of REMEDIES.wait) assert.ok([408, 429, 503].includes(CODES[code][0]), code);
  for (const code of REMEDIES.refuse) assert.ok([400, 409, 413].includes(CODES[code][0]), code);
});

test("a code of a newer service is handed on, and judged by its status", async () => {
  const client = scene.client();
  scene.meddler.next.push({ status: 503, code: "of_tomorrow" }, { status: 409, code: "also_of_tomorrow" });
  const error = await refused(client.append(fresh()));
  assert.deepEqual([error.code, error.status], ["also_of_tomorrow", 409]);
});

test("what a service says is told short, visibly, and without the key that it was shown", async () => {
  const client = scene.client({ tryMs: 60_000, deadlineMs: 60_000 }); // 50 MB take a while
  const long = "x".repeat(100_000);
  const errors = Array.from({ length: 500 }, () => ({ path: "/a", expected: long, got: "\u001b]0;b\u0007" }));
  const body = JSON.stringify({ code: "event_invalid", detail: `\u001b[2J${scene.key} ${long}`, errors });
  scene.meddler.next.push({ status: 400, body });
  const error = await refused(client.append(fresh()));
  assert.match(error.message, /^the service refused: \\u001b\[2J\(the API key\) x+… \(\d+ characters\)$/);
  assert.ok(error.message.length < 3000);
  assert.equal(error.errors.length, 100);
  assert.ok(JSON.stringify(error.errors).length < 300_000);
  assert.equal(error.errors[0]?.got, "\\u001b]0;b\\u0007");
});

test("one ledger with two roots at a size is a fork, whoever signed them", () => {
  const trust = new Trust({}, () => undefined);
  const ledger = { id: OTHER, name: "main", label: OTHER, owner: ADDRESS, signer: ADDRESS } as const;
  trust.take(ledger, { size: 5, root: OTHER });
  trust.take(ledger, { size: 5, root: OTHER });
  assert.throws(() => trust.take(ledger, { size: 5, root: `0x${"cd".repeat(32)}` }), { code: "answer_false" });
  assert.throws(() => trust.take({ ...ledger, signer: SECOND }, { size: 6, root: OTHER }), { code: "answer_false" });
  assert.throws(() => trust.take({ ...ledger, id: `0x${"cd".repeat(32)}` }, { size: 7, root: OTHER }), {
    code: "answer_false",
  });
});

const later = Object.entries(CODES).filter(([, [status]]) => status === 503 || status === 408);
const MAY_PASS: readonly (readonly [string, Meddling])[] = [
  ...later.map(([code, [status]]) => [`${status} ${code}`, { status, code }] as const),
  ["429 of a proxy", { status: 429 }],
  ["500 of a proxy", { status: 500 }],
  ["502 of a proxy", { status: 502 }],
  ["504 of a proxy", { status: 504 }],
  ["200 with a page", { status: 200 }],
  ["200 with half of a JSON text", { status: 200, body: '{"format":' }],
  ["a redirection", { status: 307, headers: { Location: "http://127.0.0.1:1/" } }],
  ["a reset", "reset"],
  ["a reset after it was recorded", "reset after"],
  ["half of the answer", "cut"],
  ["no answer", "hang"],
  ["no answer after it was recorded", "hang after"],
];
assert.ok(later.length > 10);

for (const [name, meddling] of MAY_PASS) {
  test(`${name}: the same event is sent again, and is recorded once`, async () => {
    const { meddler, service } = scene;
    const client = scene.client({ tryMs: meddling === "hang" || meddling === "hang after" ? 150 : 5_000 });
    const size = service.ledgers.get("main")?.size ?? 0;
    meddler.met.length = 0;
    meddler.next.push(meddling);
    const sent = fresh();
    const recorded = await client.append(sent);
    assert.equal(recorded.id, sent.id);
    assert.equal(service.ledgers.get("main")?.size, size + 1);
    const [first, second, ...more] = meddler.met;
    assert.equal(second?.body, first?.body, "byte for byte the same");
    assert.deepEqual(more, []);
  });
}

const NEVER: readonly (readonly [string, Meddling, string])[] = [
  ...Object.entries(CODES)
    .filter(([, [status]]) => [400, 401, 403, 404, 405, 409, 413, 415, 431, 501].includes(status))
    .filter(([code]) => !["request_too_large", "batch_too_large"].includes(code))
    .map(([code, [status]]) => [`${status} ${code}`, { status, code }, code] as const),
  ["400 of a proxy", { status: 400 }, "answer_invalid"],
  ["403 of a proxy", { status: 403 }, "answer_invalid"],
  ["404 of a proxy", { status: 404 }, "answer_invalid"],
  ["413 of a proxy, for one event", { status: 413 }, "answer_invalid"],
];

test("what may not pass is told at once, with the service's code, and is not sent again", async () => {
  const client = scene.client();
  const { meddler } = scene;
  for (const [name, meddling, code] of NEVER) {
    meddler.met.length = 0;
    meddler.next.push(meddling);
    const sent = fresh();
    const error = await refused(client.append(sent));
    assert.equal(error.code, code, name);
    assert.deepEqual(error.ids, [sent.id], name);
    assert.equal(error.isTemporary, false, name);
    assert.equal(meddler.met.length, 1, name);
  }
});

type Said = Record<string, Record<string, unknown>> & { receipts: Record<string, unknown>[] };
const flip = (text: unknown) => String(text).replace(/.$/, (last) => (last === "0" ? "1" : "0"));
const inside = (part: string, change: (held: Record<string, unknown>) => void) => (said: Record<string, unknown>) =>
  change((said as Said)[part] as Record<string, unknown>);

/** Lies about a single event, which is answered with its bundle. */
const LIES: readonly (readonly [string, (said: Record<string, unknown>) => void])[] = [
  ["another index", inside("entry", (entry) => (entry.index = 0))],
  ["another time", inside("entry", (entry) => (entry.recordedAt = Number(entry.recordedAt) + 1))],
  ["another leaf hash", inside("entry", (entry) => (entry.leafHash = OTHER))],
  [
    "another actor",
    inside("entry", (entry) => {
      for (const member of entry.members as { text: string }[]) member.text = member.text.replace("ada", "eve");
    }),
  ],
  [
    "a member withheld",
    inside("entry", (entry) => (entry.members = [{ digest: OTHER }, ...(entry.members as object[]).slice(1)])),
  ],
  ["another path", inside("inclusion", (inclusion) => (inclusion.path = [OTHER]))],
  ["another root", inside("checkpoint", (checkpoint) => (checkpoint.root = OTHER))],
  ["a larger size", inside("checkpoint", (checkpoint) => (checkpoint.size = Number(checkpoint.size) + 1))],
  ["a forged signature", inside("checkpoint", (checkpoint) => (checkpoint.signature = `0x${"11".repeat(64)}1b`))],
  ["another signer", inside("ledger", (ledger) => (ledger.signer = ADDRESS))],
  ["another ledger", inside("ledger", (ledger) => (ledger.id = OTHER))],
  ["another owner", inside("ledger", (ledger) => (ledger.owner = ADDRESS))],
];

for (const [name, alter] of LIES) {
  test(`an answer to one event with ${name} is not believed`, async () => {
    const client = scene.client();
    await client.append(fresh());
    scene.meddler.next.push({ alter });
    const sent = fresh();
    const error = await refused(client.append(sent));
    assert.equal(error.code, "answer_false", error.message);
    assert.deepEqual(error.ids, [sent.id]);
  });
}

test("a true proof of another event is none of the one that was sent", async () => {
  const client = scene.client();
  const { bundle } = await client.append(fresh());
  const sent = fresh();
  scene.meddler.next.push({ alter: (said) => Object.assign(said, bundle) });
  const error = await refused(client.append(sent));
  assert.equal(error.code, "answer_false");
  assert.match(error.message, /another one/);
});

const first = (change: (receipt: Record<string, unknown>) => void) => (said: Record<string, unknown>) =>
  change((said as Said).receipts[0] as Record<string, unknown>);
const RECEIPT_LIES: readonly (readonly [string, (said: Record<string, unknown>) => void])[] = [
  ["a receipt too few", (said) => void (said as Said).receipts.pop()],
  ["a receipt too many", (said) => void (said as Said).receipts.push({ ...(said as Said).receipts[0] })],
  ["the receipts in another order", (said) => void (said as Said).receipts.reverse()],
  ["the id of another event", first((receipt) => (receipt.id = "other"))],
  ["no id", first((receipt) => delete receipt.id)],
  ["an index beyond the size", first((receipt) => (receipt.index = 1e6))],
  [
    "one index twice",
    (said) => (((said as Said).receipts[1] as { index: unknown }).index = (said as Said).receipts[0]?.index),
  ],
  ["another root", inside("checkpoint", (checkpoint) => (checkpoint.root = OTHER))],
  ["a forged signature", inside("checkpoint", (checkpoint) => (checkpoint.signature = flip(checkpoint.signature)))],
  ["another signer", inside("ledger", (ledger) => (ledger.signer = ADDRESS))],
  ["another ledger", inside("ledger", (ledger) => (ledger.label = OTHER))],
];

for (const [name, alter] of RECEIPT_LIES) {
  test(`an answer to several events with ${name} is not believed`, async () => {
    scene.meddler.next.push({ alter });
    const error = await refused(scene.client().append([fresh(), fresh(), fresh()]));
    assert.equal(error.code, "answer_false", error.message);
    assert.equal(error.ids.length, 3);
  });
}

test("with proofs asked for, a receipt of another leaf and a proof of another event are not believed", async () => {
  const client = scene.client({ verify: "bundles" });
  const recorded = await client.append([fresh(), fresh(), fresh()]);
  assert.deepEqual(
    recorded.map(({ bundle }) => bundle?.entry.index),
    recorded.map(({ index }) => index),
  );
  const lies = [
    [{ alter: first((receipt) => (receipt.leafHash = OTHER)) }],
    ["pass", { alter: LIES[3]?.[1] as (said: object) => void }],
    ["pass", { alter: inside("entry", (entry) => (entry.index = 0)) }],
    // As if it had recorded something else under the right receipt: both are true, and not of what was sent.
    [
      {
        alter: (said: object) =>
          void Object.assign((said as Said).receipts[0] as object, { index: 0, duplicate: true }),
      },
    ],
  ] as const;
  for (const [i, meddlings] of lies.entries()) {
    scene.meddler.next.push(...meddlings);
    const error = await refused(client.append([fresh(), fresh()]));
    assert.equal(error.code, "answer_false", `${i}: ${error.message}`);
    scene.meddler.next.length = 0;
  }
});

test("who signs is trusted on first use and said, and a pinned signer or ledger is demanded", async () => {
  const trusted: object[] = [];
  const onTrustedOnFirstUse = (each: object) => void trusted.push(each);
  const client = scene.client({ onTrustedOnFirstUse });
  const { ledger } = await client.append(fresh());
  await client.append(fresh());
  assert.deepEqual(trusted, [{ ledgerId: ledger.id, signer: ledger.signer }]);
  const pinned = scene.client({ onTrustedOnFirstUse, signers: [ledger.signer.toLowerCase()], ledgerId: ledger.id });
  await pinned.append(fresh());
  assert.equal(trusted.length, 1, "what is pinned is not told");
  for (const pins of [{ signers: [ADDRESS] }, { ledgerId: OTHER }]) {
    const error = await refused(scene.client(pins).append(fresh()));
    assert.equal(error.code, "answer_false", error.message);
  }
});

test("nothing leaves a spool because of a lie, and it is sent again", async () => {
  const kept: string[] = [];
  const spool: EventSpool = {
    count: 0,
    bytes: 0,
    dropped: 0,
    refused: 0,
    refusedDropped: 0,
    add: async () => undefined,
    peek: async () => [],
    settle: async () => undefined,
    refuse: async () => undefined,
    fail: async (all) => void kept.push(...all.map(({ id }) => id)),
    close: async () => undefined,
  };
  const { HoldfastClient } = await import("../../../src/sdk/client/index.ts");
  const sent = { id: "spooled-1", text: JSON.stringify(event("spooled-1")), bytes: 100 };
  let waiting = true;
  const lying = Object.create(spool, {
    count: { get: () => (waiting ? 1 : 0) },
    peek: { value: async () => (waiting ? [sent] : []) },
    settle: {
      value: async () => {
        waiting = false;
      },
    },
  }) as EventSpool;
  const { meddler, key } = scene;
  meddler.next.push({ alter: LIES[2]?.[1] as (said: object) => void }, { status: 401, code: "key_invalid" });
  const options = { url: meddler.url, key, retry: { baseMs: 1, maxMs: 2 } };
  const client = new HoldfastClient({ ...options, mode: "spool", spool: lying });
  await client.flush();
  assert.deepEqual(kept, ["spooled-1", "spooled-1"]);
  assert.equal(client.status().trouble, undefined);
  await client.close();
});

test("what was recorded once and pruned since is recorded, with a receipt and without a proof; nothing else is without one", async () => {
  const { service, meddler } = scene;
  const ledger = service.ledgers.get("main") ?? assert.fail("main");
  const client = scene.client({ verify: "bundles" });
  const once = fresh();
  const { index, recordedAt } = await client.append(once);
  const pruned = { leafHash: (await ledger.leafHash(index)).slice() };
  const entry = { recordedAt, members: new Uint8Array(0), pruned };
  await service.store.replaceEntries(ledger.record.id, [{ index, entry }], []);
  const again = await client.append(once);
  assert.deepEqual([again.index, again.isDuplicate, again.isPruned, again.bundle], [index, true, true, undefined]);
  const [among, next] = await client.append([once, fresh()]);
  assert.deepEqual([among?.isPruned, among?.bundle, next?.isPruned], [true, undefined, false]);
  assert.ok(next?.bundle);
  meddler.next.push({
    alter: (answer) => {
      const [said] = answer.receipts as [{ duplicate: boolean }];
      said.duplicate = false;
    },
  });
  const lied = await refused(client.append(once));
  assert.equal(lied.code, "answer_false");
});
