/**
 * What becomes of a batch of OpenTelemetry's on each status that the service can answer it with, as measured with the senders
 * themselves, and that nothing of ours loses one but what is wrong with a key, a path or a size.
 */

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import test, { after, before } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CODES, type Code } from "../../src/http/api/codes.ts";
import { OPERATIONS } from "../../src/http/api/operations.ts";
import { Problem } from "../../src/http/problem.ts";
import { spellProblem } from "../../src/http/protocols/foreign-status.ts";
import { protocolOf } from "../../src/http/protocols/known-protocols.ts";
import { field, request } from "../ingest/formats/otlp/wire-writer.ts";
import { type Running, startService } from "./service.ts";

/** The Collector 0.165, Python 1.45, JavaScript 0.223 and Java 1.68 agree. */
const MEASURED: Readonly<Record<number, "taken" | "sent again" | "dropped">> = {
  200: "taken",
  400: "dropped",
  401: "dropped",
  403: "dropped",
  404: "dropped",
  405: "dropped",
  408: "dropped",
  413: "dropped",
  415: "dropped",
  429: "sent again",
  500: "dropped",
  502: "sent again",
  503: "sent again",
  504: "sent again",
};
/** What somebody has to mend, whatever is sent again. */
const TO_BE_MENDED: readonly Code[] = [
  "key_missing",
  "key_invalid",
  "role_insufficient",
  "ledger_forbidden",
  "ledger_reserved",
  "ledger_unnamed",
  "ledger_unknown",
  "request_too_large",
];

test("only what somebody has to mend is answered so that an exporter drops its batch", () => {
  const { otlpLogs, otlpLogsOfLedger, otlpLogsWithKey } = OPERATIONS;
  const codes = [otlpLogs, otlpLogsOfLedger, otlpLogsWithKey].flatMap((operation) => [...operation.codes]);
  const req = { headers: {} } as IncomingMessage;
  const dropped = new Set<Code>();
  for (const code of [...codes, "internal", "deadline_exceeded", "store_unavailable", "reads_full"] as const) {
    const { status, headers } = spellProblem(protocolOf("otlp"), new Problem(code, "told"), req);
    const fate = MEASURED[status];
    assert.ok(fate !== undefined, `${code}: nobody measured ${status}`);
    if (fate === "dropped") dropped.add(code);
    // With 15 two of the SDKs give up at once; with 2 they try most often.
    else assert.equal(headers["Retry-After"], "2", code);
  }
  assert.deepEqual([...dropped].sort(), [...TO_BE_MENDED].sort());
  assert.ok(TO_BE_MENDED.every((code) => Object.hasOwn(CODES, code)));
});

let service: Running;
let key: string;

before(async () => {
  service = await startService({ limits: { foreignBytesMax: 1_000_000 } });
  key = await service.key(["writer"], "fuzz", ["main"]);
});
after(() => service.close());

const PATHS = ["/v1/logs", "/v1/ledgers/main/ingest/cloudevents"];
const TYPES = [
  "application/json",
  "application/x-protobuf",
  "application/cloudevents+json",
  "application/cloudevents-batch+json",
  "text/plain; charset=utf-16",
];
const EVENT = '{"specversion":"1.0","id":"1","source":"/s","type":"a.b","data":{"message":"x"}}';
const WHOLE = [
  request([field(12, "user.login"), field(5, field(1, "x".repeat(300)))]),
  Buffer.from('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"a.b","body":{"stringValue":"x"}}]}]}]}'),
  Buffer.from(EVENT),
  Buffer.from(`[${EVENT},${EVENT}]`),
  Buffer.from("[".repeat(100_000)),
  Buffer.from('{"resourceLogs":[{"scopeLogs":['.repeat(3000)),
];

test("whatever comes over HTTP is recorded and answered 200, or is too large, and nothing of it fails", async () => {
  const bytes = fc
    .tuple(
      fc.constantFrom(...WHOLE),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
      fc.boolean(),
    )
    .map(([whole, changes, end, isCut]) => {
      const body = Buffer.from(whole);
      for (const [at, value] of changes) body[at % body.length] = value;
      return isCut ? body.subarray(0, end % body.length) : body;
    });
  const encodings = ["", "gzip", "zstd", "snappy", "br", "what"];
  const sent = fc.tuple(
    fc.oneof(bytes, fc.uint8Array({ maxLength: 200 })),
    fc.constantFrom(...PATHS),
    fc.constantFrom(...TYPES),
    fc.constantFrom(...encodings),
    fc.boolean(),
  );
  await fc.assert(
    fc.asyncProperty(sent, async ([body, path, type, encoding, isPacked]) => {
      const size = service.ledgers.get("main")?.size ?? 0;
      const packed = isPacked && encoding === "gzip" ? gzipSync(body) : body;
      const headers = { Authorization: `Bearer ${key}`, "Content-Type": type, "Content-Encoding": encoding };
      const answer = await fetch(service.url + path, {
        method: "POST",
        headers,
        body: packed as Uint8Array<ArrayBuffer>,
      });
      await answer.arrayBuffer();
      assert.equal(answer.status, 200);
      assert.ok((service.ledgers.get("main")?.size ?? 0) >= size);
    }),
    { seed: 11, numRuns: 200 },
  );
  const bomb = { method: "POST", body: gzipSync(Buffer.alloc(50_000_000)) };
  const headers = { Authorization: `Bearer ${key}`, "Content-Encoding": "gzip" };
  for (const path of PATHS) assert.equal((await fetch(service.url + path, { ...bomb, headers })).status, 413);
  assert.deepEqual(
    service.logged.filter(({ level }) => level === "error"),
    [],
  );
});
