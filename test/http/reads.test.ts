/** Reading: events and their search, what proves them, and what the tree shows to everybody. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type * as z from "zod";
import type { SCHEMAS } from "../../src/http/api/schemas.ts";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import { recoverSigner } from "../../src/merkle/checkpoint.ts";
import { emptyRoot, keccak256 } from "../../src/merkle/hash.ts";
import { checkConsistency } from "../../src/merkle/proof.ts";
import { tileRoot } from "../../src/merkle/tile.ts";
import { type AnchorRecord, anchorWrite } from "../../src/store/anchor-record.ts";
import { until } from "../until.ts";
import { type Answer, ask, codeOf, event, type Running, startService } from "./service.ts";

const START = 1_790_000_000_000;
const CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

let service: Running;
let key: string;

/** 300 events, one a second: actors u0..u2 in turn, every tenth denied, every hundredth on a target. */
before(async () => {
  service = await startService();
  key = await service.key(["admin"], "desk");
  for (let from = 0; from < 300; from += 50) {
    for (let i = from; i < from + 50; i += 10) {
      service.clock.now = START + i * 1000;
      const body = Array.from({ length: 10 }, (_, k) => sample(i + k));
      await ask(service, "POST /v1/ledgers/main/events", { key, body });
    }
  }
});
after(() => service.close());

function sample(i: number): object {
  return event({
    action: i % 2 === 0 ? "doc.read" : "doc.write",
    actor: { type: "user", id: `u${i % 3}` },
    ...(i % 10 === 0 && { outcome: "denied" }),
    ...(i % 100 === 0 && {
      targets: [
        { type: "doc", id: "d1" },
        { type: "doc", id: "d2" },
      ],
    }),
  });
}

function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(service, `GET /v1/ledgers/main${path}`, { key, headers });
}

async function indexes(query: string): Promise<number[]> {
  return (await get(`/events?${query}`)).as("Events").events.map(({ index }) => index);
}

test("all pages together are all events, in either order, each once", async () => {
  for (const order of ["asc", "desc"]) {
    const seen: number[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const page: z.output<typeof SCHEMAS.Events> = (
        await get(`/events?order=${order}&limit=70${next && `&after=${next}`}`)
      ).as("Events");
      assert.equal(page.size, 300);
      seen.push(...page.events.map(({ index }) => index));
      next = page.next;
    }
    const all = Array.from({ length: 300 }, (_, i) => (order === "asc" ? i : 299 - i));
    assert.deepEqual(seen, all);
  }
});

test("filters select by action, actor, target, outcome, source and the time of recording", async () => {
  assert.deepEqual(await indexes("action=doc.write&limit=3"), [1, 3, 5]);
  assert.deepEqual(await indexes("actor=u2&limit=3"), [2, 5, 8]);
  assert.deepEqual(await indexes("target=d2"), [0, 100, 200]);
  assert.deepEqual(await indexes("outcome=denied&order=desc&limit=2"), [290, 280]);
  assert.deepEqual(await indexes("outcome=unknown&actor=u1&limit=2"), [1, 4]);
  assert.deepEqual(await indexes("source=desk&limit=1"), [0]);
  assert.deepEqual(await indexes("source=nobody"), []);
  assert.deepEqual(await indexes(`since=${START + 290_000}&action=doc.read`), [290, 292, 294, 296, 298]);
  assert.deepEqual(await indexes(`until=${new Date(START + 10_000).toISOString()}&actor=u0`), [0, 3, 6, 9]);
});

test("a page that was filled says where to go on, one at the end says null", async () => {
  const page = (await get("/events?target=d1&limit=2")).as("Events");
  assert.deepEqual([page.events.map(({ index }) => index), page.complete], [[0, 100], true]);
  const rest = (await get(`/events?target=d1&limit=2&after=${page.next}`)).as("Events");
  assert.deepEqual([rest.events.map(({ index }) => index), rest.next], [[200], null]);
});

test("a search in a long ledger finds what is rare at once, and says how far the index is", async () => {
  await service.ledgers.create({ name: "long" });
  const target = "POST /v1/ledgers/long/events";
  await ask(service, target, { key, body: Array.from({ length: 5100 }, (_, i) => sample(i)) });
  const search = async () => (await ask(service, "GET /v1/ledgers/long/events?actor=nobody", { key })).as("Events");
  await until("the index to have them all", async () => (await search()).searchableSize === 5100);
  const none = await search();
  assert.deepEqual([none.events, none.next, none.complete], [[], null, true]);
  assert.deepEqual([none.size, none.searchableSize], [5100, 5100]);
  const rare = "GET /v1/ledgers/long/events?target=doc:d2&actor=user:u0&order=desc&limit=2";
  assert.deepEqual(
    (await ask(service, rare, { key })).as("Events").events.map(({ index }) => index),
    [5100 - 300, 5100 - 600],
  );
});

test("a cursor of another query is refused, and so is one that is none", async () => {
  const { next } = (await get("/events?limit=2")).as("Events");
  assert.equal(codeOf(await get(`/events?limit=2&actor=u1&after=${next}`)), "400 cursor_mismatch");
  assert.equal(codeOf(await get("/events?after=x")), "400 cursor_invalid");
});

test("counts tell the events of each hour and the most frequent values", async () => {
  const counted = (await get("/stats?interval=hour&top=2")).as("Stats");
  assert.equal(counted.total, 300);
  assert.equal(
    counted.entries.reduce((sum, n) => sum + n, 0),
    300,
  );
  assert.equal(counted.top.action.length, 2);
  assert.equal(codeOf(await get("/stats?interval=day")), "400 parameter_invalid");
});

test("one event comes with its leaf hash and how far it is", async () => {
  const one = (await get("/events/7")).as("StoredEvent");
  assert.equal(one.index, 7);
  assert.equal(one.status, "recorded");
  assert.deepEqual(one.event.actor, { type: "user", id: "u1" });
  assert.equal(codeOf(await get("/events/300")), "404 event_unknown");
  assert.equal(codeOf(await get("/events/9007199254740991")), "404 event_unknown");
});

test("a parameter that is wrong or unknown is refused by its name", async () => {
  for (const query of ["limit=0", "limit=1001", "since=soon", "order=up", "actr=u1", "limit=1&limit=2"]) {
    const answer = await get(`/events?${query}`);
    assert.equal(codeOf(answer), "400 parameter_invalid", query);
    assert.equal(answer.as("Problem").errors?.[0]?.path, `/${query.split("=")[0]}`);
  }
  for (const path of [
    "/events/-1",
    "/events/01",
    "/events/1e3",
    "/events/9007199254740993",
    "/checkpoint/x",
    "/tile/a/0",
  ]) {
    assert.equal(codeOf(await get(path)), "400 parameter_invalid", path);
  }
  const misspelt = await get("/events/0/bundle?omti=actor");
  assert.equal(codeOf(misspelt), "400 parameter_invalid");
  assert.match(misspelt.as("Problem").detail, /^unknown query parameter omti; expected one of .*\bomit\b/);
});

test("a bundle withholds what is to be omitted, and refuses a name that is not there", async () => {
  const answer = await get("/events/3/bundle?omit=actor,_source");
  assert.doesNotMatch(answer.text, /u0|desk/);
  const { entry } = answer.as("Bundle");
  assert.equal(entry.members.filter((member) => "digest" in member).length, 2);
  assert.equal(codeOf(await get("/events/3/bundle?omit=acto")), "400 member_unknown");
  assert.equal(codeOf(await get("/events/3/bundle?size=3")), "404 checkpoint_unknown");
  assert.equal(codeOf(await get("/events/3/bundle?size=301")), "404 checkpoint_unknown");
  assert.equal((await get("/events/3/bundle?size=10")).as("Bundle").checkpoint.size, 10);
});

test("the newest checkpoint, and each one by its size, carry the ledger's signature", async () => {
  const newest = (await get("/checkpoint")).as("Checkpoint");
  assert.equal(newest.size, 300);
  const older = await get("/checkpoint/120");
  const checkpoint = older.as("Checkpoint") as Parameters<typeof recoverSigner>[0];
  assert.equal(recoverSigner(checkpoint), service.ledgers.get("main")?.record.signer);
  assert.equal(older.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.equal(codeOf(await get("/checkpoint/121")), "404 checkpoint_unknown");
  assert.equal(codeOf(await get("/checkpoint/0")), "404 checkpoint_unknown");
  await service.ledgers.create({ name: "empty" });
  assert.equal(codeOf(await ask(service, "GET /v1/ledgers/empty/checkpoint")), "404 checkpoint_unknown");
  const empty = (await ask(service, "GET /v1/ledgers/empty")).as("Ledger");
  assert.deepEqual([empty.size, empty.root], [0, toHex(emptyRoot(keccak256))]);
});

test("consistency proofs hold between any two sizes", async () => {
  for (const [from, to] of [
    [0, 300],
    [1, 2],
    [77, 300],
    [256, 257],
    [300, 300],
  ] as const) {
    const answer = await get(`/consistency?from=${from}&to=${to}`);
    const proof = answer.as("Consistency");
    const [fromRoot, toRoot] = [proof.fromRoot, proof.toRoot].map((root) => fromHex(root, 32)) as [
      Uint8Array,
      Uint8Array,
    ];
    const path = proof.path.map((hash) => fromHex(hash, 32));
    checkConsistency(keccak256, { from, to, fromRoot, toRoot, path });
    assert.match(answer.headers.get("cache-control") ?? "", /immutable/);
  }
  const open = await get("/consistency?from=5");
  assert.equal(open.as("Consistency").to, 300);
  assert.doesNotMatch(open.headers.get("cache-control") ?? "", /immutable/);
  for (const query of ["from=5&to=4", "from=5&to=301", "to=4"]) {
    assert.equal(codeOf(await get(`/consistency?${query}`)), "400 parameter_invalid");
  }
});

test("a full tile is 8192 bytes that lead to the root of its size, and may be kept for ever", async () => {
  const response = await fetch(`${service.url}/v1/ledgers/main/tile/0/0`);
  const tile = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
  assert.match(response.headers.get("cache-control") ?? "", /immutable/);
  assert.equal(tile.length, 8192);
  const proof = (await get("/consistency?from=256&to=300")).as("Consistency");
  assert.equal(toHex(tileRoot(keccak256, tile)), proof.fromRoot);
  for (const path of ["/tile/0/1", "/tile/1/0", "/tile/9007199254740991/0"]) {
    assert.equal(codeOf(await get(path)), "404 tile_unknown");
  }
});

test("a client that has the answer already gets 304 without a body", async () => {
  for (const path of ["/checkpoint/10", "/events/1", "/tile/0/0", "/events/1/bundle"]) {
    const first = await get(path);
    const etag = first.headers.get("etag") as string;
    assert.match(etag, /^(W\/)?"[\w-]{22}"$/);
    const again = await get(path, { "If-None-Match": `"other", ${etag}` });
    assert.deepEqual([again.status, again.text], [304, ""]);
    assert.equal((await get(path, { "If-None-Match": '"other"' })).status, 200);
  }
});

test("a long answer is compressed for who asks, and HEAD has the headers without the body", async () => {
  const plain = await get("/events", { "Accept-Encoding": "identity" });
  const packed = await get("/events", { "Accept-Encoding": "gzip" });
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  assert.equal(packed.text, plain.text);
  const head = await ask(service, "HEAD /v1/ledgers/main/checkpoint");
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("anchors are listed by size, a page never cutting one size in two", async () => {
  const id = service.ledgers.get("main")?.record.id as Hex;
  const writes = [];
  for (const size of [10, 20, 30]) {
    for (const chainId of [1, 2]) writes.push(anchorWrite(await anchorOf(id, size, chainId)));
  }
  await service.store.writeRecords(writes, { durable: false });
  const first = (await get("/anchors?limit=3")).as("Anchors");
  assert.deepEqual(
    first.anchors.map(({ size, chainId }) => [size, chainId]),
    [
      [10, 1],
      [10, 2],
      [20, 1],
      [20, 2],
    ],
  );
  assert.equal(first.next, "20");
  const rest = (await get("/anchors?limit=3&after=20")).as("Anchors");
  assert.deepEqual([rest.anchors.map(({ size }) => size), rest.next], [[30, 30], null]);
  const newest = (await get("/anchors?order=desc&limit=1&chainId=2")).as("Anchors");
  assert.deepEqual(
    newest.anchors.map(({ size }) => size),
    [30],
  );
  assert.equal((await get("/events/12")).as("StoredEvent").status, "anchored");
  assert.equal((await get("/events/40")).as("StoredEvent").status, "recorded");
});

test("an anchor whose record is damaged is named, and the others are listed", async () => {
  const id = service.ledgers.get("main")?.record.id as Hex;
  const anchors = await Promise.all([10, 20, 30].map((size) => anchorOf(id, size, 3)));
  const [first, second] = anchors.map(anchorWrite);
  await service.store.writeRecords(anchors.map(anchorWrite), { durable: false });
  const damaged = { space: second?.space as string, key: second?.key as string, value: first?.value };
  await service.store.writeRecords([damaged], { durable: false });
  const listed = async (query: string) => {
    const answer = (await get(`/anchors?chainId=3&${query}`)).as("Anchors");
    return [answer.anchors.map(({ size }) => size), answer.damaged, answer.next];
  };
  assert.deepEqual(await listed(""), [[10, 30], [{ size: 20, chainId: 3 }], null]);
  // On one page only, whichever way.
  assert.deepEqual(await listed("limit=1"), [[10], [], "10"]);
  assert.deepEqual(await listed("limit=1&after=10"), [[30], [{ size: 20, chainId: 3 }], null]);
  assert.deepEqual(await listed("limit=1&order=desc"), [[30], [], "30"]);
  assert.deepEqual(await listed("limit=1&order=desc&after=30"), [[10], [{ size: 20, chainId: 3 }], null]);
  assert.deepEqual((await get("/anchors?chainId=1")).as("Anchors").damaged, []);
  await service.store.writeRecords(
    anchors.map((anchor) => ({ ...anchorWrite(anchor), value: undefined })),
    { durable: false },
  );
});

async function anchorOf(ledgerId: Hex, size: number, chainId: number): Promise<AnchorRecord> {
  const checkpoint = await service.ledgers.get("main")?.checkpoint(size);
  if (checkpoint === undefined) throw new RangeError(`expected a checkpoint of size ${size}`);
  const hash: Hex = `0x${"ab".repeat(32)}`;
  const block = { transactionHash: hash, blockNumber: size, blockHash: hash, blockTime: 1_790_000_000 };
  const { root, signedAt, signature } = checkpoint;
  return {
    ledgerId,
    chainId,
    contract: CONTRACT,
    size,
    root,
    signedAt,
    signature,
    stage: "mined",
    ...block,
    gasUsed: 1,
    feeWei: "1",
  };
}

test("the ledger shows sizes recorded, anchored and final side by side", async () => {
  const id = service.ledgers.get("main")?.record.id as Hex;
  const chain = { chainId: 1, contract: CONTRACT, anchoredSize: 30, finalSize: 10, lagMs: 5, lagMaxMs: 100 };
  service.chains.set(id, [chain, { ...chain, chainId: 2, anchoredSize: 20, finalSize: 20 }]);
  const { size, anchoredSize, finalSize, chains } = (await get("")).as("Ledger");
  assert.deepEqual([size, anchoredSize, finalSize, chains.length], [300, 30, 20, 2]);
  assert.equal((await get("/events?limit=1")).as("Events").anchoredSize, 30);
});

test("metrics have the same numbers", async () => {
  const { text } = await ask(service, "GET /metrics", { key });
  assert.match(text, /^holdfast_recorded_entries\{ledger="main"\} 300$/m);
  assert.match(text, /^holdfast_anchored_entries\{ledger="main",chain="1"\} 30$/m);
  assert.match(text, /^holdfast_final_entries\{ledger="main",chain="2"\} 20$/m);
  assert.match(
    text,
    /^holdfast_http_answers_total\{route="POST \/v1\/ledgers\/\{ledger\}\/events",status="201"\} 31$/m,
  );
  assert.match(text, /^holdfast_searchable_entries\{ledger="main"\} 300$/m);
  assert.match(text, /^holdfast_key_last_use_seconds\{key="[0-9a-f]{16}",source="\w+"\} 1790\d+$/m);
  assert.match(text, /^holdfast_http_problems_total\{code="tile_unknown"\} 3$/m);
});
