/**
 * For every sender and every status that the service can answer it: what it does then, and that nothing of ours loses evidence. Which
 * statuses there are is told by the codes and protocols of the service, and what real requests are answered by the service itself.
 */

import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import test from "node:test";
import { CODES, type Code } from "../../src/http/api/codes.ts";
import { OPERATIONS, type Operation } from "../../src/http/api/operations.ts";
import { Problem } from "../../src/http/problem.ts";
import { spellProblem } from "../../src/http/protocols/foreign-status.ts";
import { protocolOf } from "../../src/http/protocols/known-protocols.ts";
import { NATIVE } from "../../src/ingest/known-formats.ts";
import { SENDERS, senderNamed } from "../../src/senders/known-senders.ts";
import { fillItem, testItemOf } from "../../src/senders/test-items.ts";
import { ask, type Running, startService } from "../http/service.ts";
import { FATES, senderOfRow } from "./fates.ts";

/** Whom the service answers over HTTP in words of theirs: not programs for its own API, nor those that are answered nothing. */
const answered = SENDERS.filter(({ format, key }) => format !== NATIVE && key !== "network");

/** That say what somebody has to mend: a key, a path, a method, a limit. Everything else may pass. */
const TO_BE_MENDED: readonly number[] = [401, 403, 404, 405, 413];
/** Of requests with nothing in them, which Splunk's clients expect to be told. */
const EMPTY: readonly Code[] = ["batch_empty", "channel_missing", "request_invalid"];

/** What routes of foreign senders can give: what they declare, and what everything can. */
const GIVEN: ReadonlySet<Code> = new Set([
  ...Object.values(OPERATIONS as Readonly<Record<string, Operation>>).flatMap(({ foreign, codes }) =>
    foreign === undefined ? [] : codes,
  ),
  "internal",
  "deadline_exceeded",
  "request_timeout",
]);

function spelled(format: string, code: Code) {
  const req = new IncomingMessage(new Socket());
  const { status, headers, spelling } = spellProblem(protocolOf(format), new Problem(code, "expected otherwise"), req);
  return { status, retryAfter: headers["Retry-After"], body: Buffer.from(spelling?.body ?? "").toString("latin1") };
}

test("every sender that is answered has a row that says what it does, and every row is of one", () => {
  assert.deepEqual([...new Set(Object.keys(FATES).map(senderOfRow))].sort(), answered.map(({ id }) => id).sort());
});

test("no refusal is taken for success, and what may pass is kept by every sender that keeps anything", () => {
  for (const [row, { fate, isWithoutMemory = false }] of Object.entries(FATES)) {
    const { format = "" } = senderNamed(senderOfRow(row)) ?? {};
    for (const code of Object.keys(CODES) as Code[]) {
      const { status, retryAfter, body } = spelled(format, code);
      const told = `${row} on ${status} for ${code}`;
      const becomes = fate(status, format === "hec" ? body : "");
      assert.notEqual(becomes, "done", told);
      const mayBeMended = TO_BE_MENDED.includes(CODES[code][0]);
      if (mayBeMended || !GIVEN.has(code) || (format === "hec" && EMPTY.includes(code))) continue;
      assert.equal(status, 503, `${told}: whatever may pass is 503`);
      assert.equal(retryAfter, "2", told);
      if (!isWithoutMemory) assert.equal(becomes, "again", told);
    }
  }
});

test("what is recorded is done for every sender, and what the service has no room for comes again, as it is really answered", async (t) => {
  const service = await startService();
  const busy = await startService({ limits: { bodiesBytesMax: 10 } });
  t.after(() => Promise.all([service.close(), busy.close()]));
  const send = async (to: Running, key: string, format: string) => {
    const known = testItemOf(format) ?? assert.fail(format);
    const { path, headers, body } = fillItem(known, "mark-1", 1_795_763_652_557, "main");
    return ask(to, `POST ${path}`, { body, headers: { ...headers, Authorization: `${known.scheme} ${key}` } });
  };
  const key = await service.key(["writer"], "senders", ["main"]);
  const other = await busy.key(["writer"], "senders", ["main"]);
  for (const [row, { fate, isWithoutMemory = false }] of Object.entries(FATES)) {
    const { format = "" } = senderNamed(senderOfRow(row)) ?? {};
    const taken = await send(service, key, format);
    assert.equal(taken.status, 200, `${row}: ${taken.text}`);
    assert.equal(fate(taken.status, format === "hec" ? taken.text : ""), "done", row);
    const refused = await send(busy, other, format);
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "2"], row);
    const becomes = fate(refused.status, format === "hec" ? refused.text : "");
    assert.equal(becomes, isWithoutMemory ? "lost" : "again", row);
  }
});
