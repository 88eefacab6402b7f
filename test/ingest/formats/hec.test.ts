/** Envelopes and lines of Splunk's HTTP Event Collector as events: what is mapped and what is not, whatever the bytes are. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import { checkEvent } from "../../../src/entry/event.ts";
import { hec } from "../../../src/ingest/formats/hec/hec.ts";
import { processorMs } from "../../processor-time.ts";
import { adaptAll, itemsOf, SOURCE } from "../deliveries.ts";

type Members = Readonly<Record<string, unknown>>;

/** The one event of a body. */
function eventOf(body: unknown, more: Parameters<typeof itemsOf>[3] = { route: "event" }): Members {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const items = itemsOf(hec, text, {}, more);
  assert.equal(items.length, 1, text);
  const [adapted] = adaptAll(hec, items);
  assert.deepEqual(
    adapted?.notes.filter((note) => note !== "time_of_receipt"),
    [],
    text,
  );
  return adapted?.event as Members;
}

test("times are read as the protocol has them, exactly, and nothing is made up for others", () => {
  const table: [unknown, string | undefined][] = [
    [1_795_763_652, "2026-11-27T07:14:12Z"],
    ["1795763652.557843", "2026-11-27T07:14:12.557843Z"],
    [1_795_763_652.25, "2026-11-27T07:14:12.25Z"],
    ["1795763652.123456789", "2026-11-27T07:14:12.123456789Z"],
    [1_795_763_652_557, "2026-11-27T07:14:12.557Z"],
    ["1795763652557843", "2026-11-27T07:14:12.557843Z"],
    ["1795763652557843123", "2026-11-27T07:14:12.557843123Z"],
    [0, "1970-01-01T00:00:00Z"],
    ["2026-11-27T08:14:12+01:00", "2026-11-27T08:14:12+01:00"],
    ["yesterday", undefined],
    [-1, undefined],
    [null, undefined],
    [[1], undefined],
    ["", undefined],
  ];
  for (const [time, expected] of table) {
    const [item] = itemsOf(hec, JSON.stringify({ event: "x", time }), {}, { route: "event" });
    assert.equal(item?.event.time, expected, JSON.stringify(time));
  }
  assert.equal(itemsOf(hec, '{"event":"x"}')[0]?.event.time, undefined);
});

test("an object that names the parts of an event has them, in our names or in those of the Elastic Common Schema", () => {
  const own = {
    id: "e-1",
    action: "user.delete",
    actor: { type: "agent", id: "bot-7", on_behalf_of: { type: "user", id: "ada", name: "Ada" } },
    targets: [{ type: "user", id: "u2", name: "Bob" }, "no target", 7],
    outcome: "denied",
    op: "d",
    context: { ip: "10.0.0.1", request_id: "r1", more: 1 },
    tenant: "acme",
    changes: { old: 1, new: 2 },
    message: "Ada deletes Bob",
    extra: { deep: [1] },
  };
  assert.deepEqual(eventOf({ event: own, time: 1, host: "vm", source: "desk" }), {
    id: "e-1",
    action: "user.delete",
    time: "1970-01-01T00:00:01Z",
    actor: { type: "agent", id: "bot-7", on_behalf_of: { type: "user", id: "ada", name: "Ada" } },
    source: "desk",
    targets: [
      { type: "user", id: "u2", name: "Bob" },
      { type: "object", id: "no target" },
      { type: "object", id: "7" },
    ],
    outcome: "denied",
    op: "d",
    context: { ip: "10.0.0.1", request_id: "r1" },
    tenant: "acme",
    changes: { old: 1, new: 2 },
    message: "Ada deletes Bob",
    metadata: {
      host: "vm",
      source: "desk",
      record: {
        actor: own.actor,
        targets: own.targets,
        context: own.context,
        changes: own.changes,
        extra: own.extra,
      },
    },
  });
  const nested = {
    "@timestamp": "2026-11-27T07:14:12.5Z",
    event: { action: "user-login", outcome: "failure" },
    user: { id: "u1", name: "ada" },
    source: { ip: "10.0.0.2" },
    user_agent: { original: "curl" },
    trace: { id: "t1" },
  };
  const dotted = {
    "@timestamp": "2026-11-27T07:14:12.5Z",
    "event.action": "user-login",
    "event.outcome": "failure",
    "user.id": "u1",
    "user.name": "ada",
    "source.ip": "10.0.0.2",
    "user_agent.original": "curl",
    "trace.id": "t1",
  };
  for (const record of [nested, dotted]) {
    const { metadata: _, ...event } = eventOf({ event: record });
    assert.deepEqual(event, {
      action: "user-login",
      time: "2026-11-27T07:14:12.5Z",
      actor: { type: "user", id: "u1", name: "ada" },
      outcome: "failure",
      context: { ip: "10.0.0.2", user_agent: "curl", trace_id: "t1" },
    });
  }
});

test("nothing is guessed: a plain user, an id of something else, an action that none can be, an outcome of another kind", () => {
  const record = { user: "alice", id: 17, action: "a\nb", outcome: "ok", tenant: "acme", msg: "hello" };
  assert.deepEqual(eventOf({ event: record, time: 1 }), {
    action: "log.record",
    time: "1970-01-01T00:00:01Z",
    actor: { type: "system", id: SOURCE },
    message: "hello",
    metadata: { record: { user: "alice", id: 17, action: "a\nb", outcome: "ok", tenant: "acme" } },
  });
});

test("an action that is none in the Elastic Common Schema either leaves the record one without", () => {
  const { action, metadata } = eventOf({ event: { "event.action": "a\u0007b" } });
  assert.deepEqual([action, metadata], ["log.record", { record: { "event.action": "a\u0007b" } }]);
});

test("a text that is an object as a whole is read as one, and one that is cut or followed by more is text", () => {
  const whole = eventOf({ event: '{"action":"user.login","actor":{"type":"user","id":"ada"}}', time: 1 });
  assert.deepEqual([whole.action, whole.actor], ["user.login", { type: "user", id: "ada" }]);
  for (const text of ['{"action":"user.login"', '{"a":1} and more', 'tag {"a":1}', "{}}", "[1]", "7"]) {
    const { action, message } = eventOf({ event: text, time: 1 });
    assert.deepEqual([action, message], ["log.line", text]);
  }
});

test("what labels and environment Docker was told to add stands beside the line", () => {
  const attrs = { team: "payments", env: "prod" };
  const event = { line: "started", source: "stderr", tag: "pay/1", attrs };
  const around = { time: "1795763652.000001", host: "vm", source: "shop", sourcetype: "docker", index: "main" };
  assert.deepEqual(eventOf({ event, ...around }), {
    action: "log.line",
    time: "2026-11-27T07:14:12.000001Z",
    actor: { type: "service", id: "shop" },
    message: "started",
    metadata: {
      host: "vm",
      source: "shop",
      sourcetype: "docker",
      index: "main",
      stream: "stderr",
      tag: "pay/1",
      attrs,
    },
  });
});

test("other values than texts and objects are events too, and fields stay beside them", () => {
  for (const value of [7, true, false, [1, "x"], 0]) {
    const { action, metadata } = eventOf({ event: value, fields: { region: "eu" } });
    assert.deepEqual([action, metadata], ["log.record", { fields: { region: "eu" }, value }]);
  }
});

test("a line in the route for text that is an envelope is one, and any other object is a record", () => {
  const envelope = '{"event":{"message":"m"},"fields":{},"host":"vm","source":"payments","time":5}';
  const { time, actor, message } = eventOf(envelope, { route: "raw" });
  assert.deepEqual([time, actor, message], ["1970-01-01T00:00:05Z", { type: "service", id: "payments" }, "m"]);
  const record = '{"event":"login","user":"ada"}';
  assert.deepEqual(eventOf(record, { route: "raw", query: { time: "5" } }), {
    action: "log.line",
    time: "1970-01-01T00:00:05Z",
    actor: { type: "system", id: SOURCE },
    message: record,
    metadata: { record: { event: "login", user: "ada" } },
  });
});

test("a byte that is wrong in one item is no harm to those beside it", () => {
  const bytes = (text: string) => Buffer.from(text, "latin1");
  const good = Buffer.from('{"event":"grün"}');
  const body = Buffer.concat([good, bytes('{"event":"\xff\xfe"}'), good, bytes("\n\xe4rger\n"), good]);
  const items = itemsOf(hec, body, {}, { route: "event" });
  assert.deepEqual(
    items.map(({ raw, notes }) => [
      typeof raw === "string" ? raw : Buffer.from(raw).toString("latin1"),
      notes !== undefined,
    ]),
    [
      ['{"event":"grün"}', false],
      ['{"event":"\xff\xfe"}', true],
      ['{"event":"grün"}', false],
      ["\xe4rger", true],
      ['{"event":"grün"}', false],
    ],
  );
  const lines = itemsOf(hec, Buffer.concat([bytes("fine\r\n\xff\n"), Buffer.from("grün")]), {}, { route: "raw" });
  assert.deepEqual(
    lines.map(({ raw }) => (typeof raw === "string" ? raw : raw.length)),
    ["fine", 1, "grün"],
  );
});

const SAMPLES = globSync("*{splunk,hec}*.http", { cwd: join(import.meta.dirname, "..", "samples") }).map((name) => {
  const bytes = readFileSync(join(import.meta.dirname, "..", "samples", name));
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
});

/** Bodies of real senders with some of their bytes changed, left out, or put in again. */
const mutated = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.uint8Array({ maxLength: 8 })), { maxLength: 8 }),
  )
  .map(([sample, changes]) => {
    let body = Buffer.from(sample);
    for (const [place, kind, bytes] of changes) {
      const at = body.length === 0 ? 0 : place % body.length;
      const before = body.subarray(0, at);
      const after = body.subarray(at);
      if (kind === 0) body = Buffer.concat([before, bytes, after]);
      else if (kind === 1) body = Buffer.concat([before, bytes, after.subarray(bytes.length)]);
      else if (kind === 2) body = Buffer.concat([before, after.subarray(bytes.length)]);
      else body = Buffer.from(before);
    }
    return body;
  });
const json = fc
  .record(
    { event: fc.jsonValue({ noUnicodeString: false }), time: fc.jsonValue(), fields: fc.jsonValue() },
    { requiredKeys: [] },
  )
  .map((value) => Buffer.from(JSON.stringify(value)));

/** White space, commas, brackets of a list, NUL, the record separator, and the bytes of a byte order mark. */
const SEPARATORS = [...Buffer.from("\t\n\v\f\r ,[]\u0000\u001e\ufeff\u00a0\u2028\u3000\u1680")];

test("whatever bytes come, they are items, every one an event, and nothing of them is lost", () => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated, json);
  fc.assert(
    fc.property(body, fc.constantFrom("event", "event/1.0", "raw", undefined), (bytes, route) => {
      const items = itemsOf(hec, bytes, {}, { ...(route !== undefined && { route }), query: { time: "1", host: "h" } });
      assert.ok(items.length <= bytes.length + 1);
      adaptAll(hec, items).forEach(({ event, notes }, i) => {
        assert.equal(checkEvent(event), event);
        // What the format could read never becomes what is no event.
        assert.equal(notes.includes("mapping_failed"), items[i]?.notes !== undefined, JSON.stringify(event));
      });
      let at = 0;
      for (const raw of [...items.map((item) => Buffer.from(item.raw as string)), Buffer.alloc(0)]) {
        const found = raw.length === 0 ? bytes.length : Buffer.from(bytes).indexOf(raw, at);
        assert.ok(found >= at, "each item is a part of what came, in order");
        const between = [...bytes.subarray(at, found)].filter((byte) => !SEPARATORS.includes(byte));
        assert.deepEqual(between, [], "there is nothing but separators between items");
        at = found + raw.length;
      }
    }),
    { seed: 20_261_127, numRuns: 2000 },
  );
});

test("nesting without an end, quotes without an end and bodies without line ends take time in proportion to their length", () => {
  const makers: Readonly<Record<string, (n: number) => string>> = {
    brackets: (n) => '{"event":['.repeat(n / 10),
    quotes: (n) => '{"event":"'.repeat(n / 10),
    backslashes: (n) => `{"event":"${"\\".repeat(n)}`,
    escaped: (n) => `{"event":"${'\\"'.repeat(n / 2)}`,
    envelopes: (n) => '{"event":"a line of text","time":"1795763652.5"}'.repeat(n / 48),
    nothings: (n) => "{}".repeat(n / 2),
    openLines: (n) => '{"event\n'.repeat(n / 8),
    lines: (n) => "a line of text\n".repeat(n / 15),
  };
  for (const [name, make] of Object.entries(makers)) {
    for (const route of ["event", "raw"]) {
      const took = (n: number): number => {
        const text = make(n);
        return processorMs(() => itemsOf(hec, text, {}, { route }));
      };
      took(20_000);
      const small = Math.max(5, Math.min(took(100_000), took(100_000)));
      // Twenty times as much; were it squared, four hundred times as long.
      const large = took(2_000_000);
      assert.ok(large < 150 * small, `${name} at ${route}: ${small} ms, then ${large} ms`);
    }
  }
});
