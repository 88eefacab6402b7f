/**
 * Every door by which JSON comes in, each with texts that the engine's parser misreads: what is understood is what the
 * same text says without an escape in its names. The doors over HTTP are in test/http/names.test.ts.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { batchesOf } from "../../src/cli/append/batches.ts";
import { ServiceClient } from "../../src/cli/remote/service-client.ts";
import { parseJson } from "../../src/entry/i-json.ts";
import { memberText, readMemberText } from "../../src/entry/member.ts";
import { KeyRing } from "../../src/http/auth/api-keys.ts";
import { github } from "../../src/ingest/formats/github.ts";
import { type Hex, utf8 } from "../../src/merkle/bytes.ts";
import { readConfig } from "../../src/service/config.ts";
import { anchorWrite, listAnchors } from "../../src/store/anchor-record.ts";
import { decodeLedger, encodeLedger } from "../../src/store/ledger-record.ts";
import { parseBundle } from "../../src/verify/bundle/parse.ts";
import { verifyText } from "../../src/verify/verify.ts";
import { readExhibit } from "../../src/watch/statement.ts";
import { serveHttp } from "../cli/fake-http.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { TestLedger, textsOf } from "../verify/fixture.ts";
import { poisoned } from "./poison.ts";

/** The event of an honest sender whose names have escapes, after one that begins alike. */
const HONEST =
  '{"action":"x.y","time":"2026-11-27T03:30:54Z","actor":{"type":"user","id":"q"},"a":{"zq1":1,"\\\\":1},"b":{"zq1":1,"\\n":1}}';
const TURNED = '{"b":{"!":1,"\\"":2},"a":{"!":1,"\\\\":2}}';

test("an event is read as it was sent, and its members have one text", () => {
  const event = parseJson(HONEST, { depthMax: 32 }) as Record<string, object>;
  assert.deepEqual(Object.entries(event.b as object), [
    ["zq1", 1],
    ["\n", 1],
  ]);
  assert.equal(memberText("b", event.b), '"b":{"\\n":1,"zq1":1}');
  const turned = parseJson(TURNED, { depthMax: 32 }) as Record<string, object>;
  assert.equal(memberText("b", turned.b), '"b":{"!":1,"\\"":2}');
  assert.equal(memberText("a", turned.a), '"a":{"!":1,"\\\\":2}');
});

test("the text of a member is read as it was recorded, whatever was read before", () => {
  // In canonical order the names in front come first: "" before a control character, "!" before a quote.
  for (const [trap, name] of [
    [
      { "": 0, "\\": 1 },
      { "": 0, "\n": 1 },
    ],
    [
      { "!": 0, "\\": 1 },
      { "!": 0, '"': 1 },
    ],
    [
      { "!!": 0, "a\\": 1 },
      { "!!": 0, 'a"': 1 },
    ],
  ] as const) {
    readMemberText(memberText("trap", trap));
    assert.deepEqual(readMemberText(memberText("x", name)), { name: "x", value: name });
  }
});

test("a delivery is mapped by the names that its payload has", () => {
  const text = JSON.stringify({
    ref: "refs/heads/main",
    action: "opened",
    sender: { login: "ada", id: 7, type: "Bot" },
    repository: { name: "log", id: 9, full_name: "ada/log" },
  });
  const delivery = { headers: { "x-github-event": "push", "x-github-delivery": "d" }, query: {} };
  const eventOf = (spelled: string) =>
    [...github.items(utf8(spelled), delivery, () => undefined)].map((item) => item.event);
  assert.deepEqual(eventOf(poisoned(text)), eventOf(text));
});

test("the configuration means what its names say", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-names-"));
  try {
    const path = join(folder, "config.json");
    const read = (text: string) => {
      writeFileSync(path, text);
      return readConfig({ HOLDFAST_DATA: folder, HOLDFAST_CONFIG: path });
    };
    const text = JSON.stringify({ limits: { eventBytes: 1000, requestBytes: 5000, batchEvents: 7 } });
    assert.deepEqual(read(poisoned(text)), read(text));
    assert.equal(read(text).limits.batchEvents, 7);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a bundle with escaped names is the same bundle, and one of an event with such names is proved", async () => {
  const events = [HONEST, TURNED].map((text) => parseJson(text, { depthMax: 32 }) as Record<string, unknown>);
  const ledger = new TestLedger(2, { texts: (index) => textsOf(events[index] as Record<string, unknown>) });
  for (const index of [0, 1, 0]) {
    const text = JSON.stringify(ledger.bundle(index));
    assert.deepEqual(parseBundle(poisoned(text)), parseBundle(text));
    assert.deepEqual(readExhibit(poisoned(text)), readExhibit(text));
    for (const each of [text, poisoned(text)]) assert.notEqual((await verifyText(each)).outcome, "failed");
  }
  const checkpoint = JSON.stringify({ note: "as a service answers", ledgerId: ledger.record.id, ...ledger.sign(2) });
  assert.deepEqual(readExhibit(poisoned(checkpoint)), readExhibit(checkpoint));
});

test("an answer of the service has the names that it was sent with", async (t) => {
  const text = '{"name":"main","size":7,"root":"0x1","chains":[{"chainId":1,"anchoredSize":3,"finalSize":2}]}';
  const { url } = await serveHttp(t, () => ({ body: poisoned(text) }));
  const answer = await new ServiceClient({ url }, {}).ask("/v1/ledgers/main");
  assert.deepEqual(answer, JSON.parse(text));
});

test("an event of a file that has an id under an escaped name is given no second one", async () => {
  const line = poisoned('{"action":"a.b","id":"mine","time":"2026-11-27T03:30:54Z"}');
  const options = { countMax: 10, charactersMax: 1000, run: "r", addIds: true };
  async function* lines() {
    yield line;
  }
  for await (const { text } of batchesOf(lines(), options)) assert.equal(text, `${line}\n`);
});

test("records of the store have the names that they were written with", async () => {
  const { record: ledger } = new TestLedger(1);
  const [owner, signer] = [ledger.owner, ledger.signer].map((address) => address.toLowerCase()) as [Hex, Hex];
  const record = { ...ledger, owner, signer, createdAt: 5, formerSigners: [owner] };
  assert.deepEqual(decodeLedger(poisoned(encodeLedger(record)), 0), record);
  const store = new MemoryStore();
  const key = { id: "1", digest: "d", source: "billing", roles: ["reader"], createdAt: 3 };
  await store.writeRecords([{ space: "keys", key: "1", value: poisoned(JSON.stringify(key)) }], { durable: true });
  const ring = await KeyRing.open(store);
  assert.deepEqual(ring.list(), [key]);
  await ring.close();
  const anchor = { ledgerId: ledger.id, chainId: 1, contract: "0x1", size: 4, root: "0x2", stage: "final" };
  const write = anchorWrite(anchor as unknown as Parameters<typeof anchorWrite>[0]);
  await store.writeRecords([{ ...write, value: poisoned(write.value) }], { durable: true });
  assert.deepEqual(await listAnchors(store, ledger.id), [anchor]);
});
