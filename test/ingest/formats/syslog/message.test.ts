/** One message of syslog read: the examples of RFC 5424 and 3164, and what real senders make of them. */

import assert from "node:assert/strict";
import test from "node:test";
import { readMessage } from "../../../../src/ingest/formats/syslog/message.ts";
import { syslog } from "../../../../src/ingest/formats/syslog/syslog.ts";
import { adaptAll, itemsOf } from "../../deliveries.ts";

function only(text: string) {
  const [adapted, ...more] = adaptAll(syslog, itemsOf(syslog, text));
  assert.ok(adapted !== undefined && more.length === 0);
  return adapted;
}

/** RFC 5424 §6.5, without the byte order mark of which example 1 has one. */
const EXAMPLES: readonly (readonly [string, object])[] = [
  [
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8",
    {
      priority: 34,
      time: "2003-10-11T22:14:15.003Z",
      host: "mymachine.example.com",
      app: "su",
      msgid: "ID47",
      text: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  [
    "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
    { time: "2003-08-24T05:14:15.000003-07:00", procid: "8710", text: "%% It's time to make the do-nuts." },
  ],
  [
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] \ufeffAn application event log entry...',
    {
      data: { "exampleSDID@32473": { iut: "3", eventSource: "Application", eventID: "1011" } },
      text: "An application event log entry...",
    },
  ],
  [
    '<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [a@1 iut="3"][examplePriority@32473 class="high"]',
    { data: { "a@1": { iut: "3" }, "examplePriority@32473": { class: "high" } }, text: "" },
  ],
];

for (const [text, expected] of EXAMPLES) {
  test(`as RFC 5424 has it: ${text.slice(0, 60)}`, () => {
    const message = readMessage(text) as unknown as Record<string, unknown>;
    assert.equal(message.isModern, true);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(message[name], value, name);
  });
}

test("escapes of structured data are undone, and a parameter that comes several times has all its values", () => {
  const text = `<13>1 - - - - - [x a="\\"q\\" \\\\ \\] \\n" b="1" b="2" b="3"][y] rest`;
  const { data, text: rest, time, host } = readMessage(text) ?? assert.fail();
  assert.deepEqual(data, { x: { a: '"q" \\ ] \\n', b: ["1", "2", "3"] }, y: {} });
  assert.deepEqual([rest, time, host], ["rest", undefined, undefined]);
});

test("structured data that is not as it should be is text", () => {
  for (const bad of ["[", "[x", '[x a="1]', "[x a=1]", '[x a="1"', "[ ]", '[x a="1"]y', "x"]) {
    const { data, text, app } = readMessage(`<13>1 - h app - - ${bad} rest`) ?? assert.fail();
    assert.deepEqual([data, text, app], [undefined, `${bad} rest`, "app"]);
  }
});

test("names that JavaScript gives a meaning to make nothing of it", () => {
  const { data } = readMessage('<13>1 - - - - - [__proto__ a="1"][x __proto__="2" constructor="3"] y') ?? assert.fail();
  assert.deepEqual(JSON.stringify(data), '{"x":{"constructor":"3"}}');
});

const OLD: readonly (readonly [string, object])[] = [
  [
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    { timestamp: "Oct 11 22:14:15", host: "mymachine", app: "su", text: "'su root' failed for lonvick on /dev/pts/8" },
  ],
  [
    "<86>Nov  7 07:28:57 vm sshd[812]: x",
    { timestamp: "Nov  7 07:28:57", host: "vm", app: "sshd", procid: "812", text: "x" },
  ],
  ["<86>Nov 27 07:28:57 sshd[812]: x", { timestamp: "Nov 27 07:28:57", host: undefined, app: "sshd", text: "x" }],
  [
    "<86>Nov 27 2026 07:28:57 fw : %ASA-6-1: x",
    { timestamp: "Nov 27 2026 07:28:57", host: "fw", text: ": %ASA-6-1: x" },
  ],
  [
    "<86>2026-11-27T07:41:41.876447+00:00 vm payments: x",
    { time: "2026-11-27T07:41:41.876447+00:00", timestamp: undefined, host: "vm", app: "payments", text: "x" },
  ],
  ["<86>payments: user login ok\0", { timestamp: undefined, host: undefined, app: "payments", text: "user login ok" }],
  ["<0>Use the BFG!", { priority: 0, app: undefined, text: "Use the BFG!" }],
  ["<86>2 2026-11-27T07:41:41Z a b c d - x", { isModern: false, text: "2 2026-11-27T07:41:41Z a b c d - x" }],
  ["<86>1 yesterday a b c d - x", { isModern: false, text: "1 yesterday a b c d - x" }],
  ["<86>1 2026-11-27T07:41:41Z a", { isModern: false, text: "1 2026-11-27T07:41:41Z a" }],
  ["<86>", { text: "" }],
];

for (const [text, expected] of OLD) {
  test(`as RFC 3164 has it, or nobody: ${JSON.stringify(text)}`, () => {
    const message = readMessage(text) as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(message[name], value, name);
  });
}

test("without a priority from 0 to 191 it is no message of syslog, and is quarantined", () => {
  for (const text of ["<192>x", "<1000>x", "<>x", "x", "< 1>x", "<-1>x", "{", "[1]", '"a"']) {
    assert.equal(readMessage(text), undefined);
    assert.deepEqual(only(text).notes, ["time_of_receipt", "text_unreadable", "mapping_failed"], text);
  }
});

test("a time without year and zone is kept as it is spelled, and none is made up", () => {
  const { event, notes } = only("<34>Oct 11 22:14:15 mymachine su: failed");
  assert.deepEqual(notes, ["time_of_receipt"]);
  assert.equal(event.time, "2030-01-01T00:00:00.000Z");
  assert.equal((event.metadata as Record<string, unknown>).timestamp, "Oct 11 22:14:15");
});

test("application and message id are the action, the host acts, and the priority is told by its names", () => {
  const { event, notes } = only("<86>1 2026-11-27T07:41:53.531Z web-1 payments 7410 Audit - user login ok");
  assert.deepEqual(notes, []);
  assert.deepEqual(event, {
    action: "syslog.payments.Audit",
    time: "2026-11-27T07:41:53.531Z",
    actor: { type: "system", id: "web-1", name: "payments" },
    message: "user login ok",
    metadata: {
      severity: "info",
      facility: "authpriv",
      priority: 86,
      host: "web-1",
      app: "payments",
      procid: "7410",
      msgid: "Audit",
    },
  });
});

test("bytes that are no UTF-8 are kept, and read as far as they can be", () => {
  const bytes = Buffer.concat([Buffer.from("<13>Oct 11 22:14:15 h app: caf"), Buffer.from([0xe9])]);
  const [item] = itemsOf(syslog, bytes);
  assert.deepEqual(Buffer.from(item?.raw as Uint8Array), bytes);
  assert.equal(adaptAll(syslog, item === undefined ? [] : [item])[0]?.event.message, "caf\ufffd");
});

test("a message that is larger than an event is kept whole beside what can be an event of it", () => {
  const text = `<13>1 2026-11-27T07:41:53.531Z h app - - - ${"x".repeat(100_000)}`;
  const [item] = itemsOf(syslog, text);
  assert.equal(item?.raw, text);
  const { event, notes } = only(text);
  assert.deepEqual([event.action, event.time, notes], ["syslog.app", "2026-11-27T07:41:53.531Z", ["mapping_reduced"]]);
});
