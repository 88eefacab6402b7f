/** The journal export format: fields of every kind, entries that are damaged, and those beside them. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { journal } from "../../../src/ingest/formats/journal.ts";
import { concat, utf8 } from "../../../src/merkle/bytes.ts";
import { adaptAll, itemsOf } from "../deliveries.ts";

const HEAD = "__CURSOR=s=1;i=";

function entry(n: number, ...fields: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = fields.map((field) => (typeof field === "string" ? utf8(`${field}\n`) : field));
  return concat(utf8(`${HEAD}${n}\n__REALTIME_TIMESTAMP=1795765390582001\n`), ...parts, utf8("\n"));
}

/** A field with a length in front of its value. */
function binary(name: string, value: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(value.length), true);
  return concat(utf8(`${name}\n`), length, value, utf8("\n"));
}

function eventsOf(...entries: readonly Uint8Array[]) {
  return adaptAll(journal, itemsOf(journal, concat(...entries))).map(({ event, notes }) => ({ ...event, notes }));
}

test("an entry says what acted, for whom, where, and when it was said and recorded", () => {
  const [login, kernel, bare] = eventsOf(
    entry(
      1,
      "_SOURCE_REALTIME_TIMESTAMP=1795765390582000",
      "_HOSTNAME=node-7",
      "SYSLOG_IDENTIFIER=sudo",
      "_COMM=sudo",
      "_UID=0",
      "_PID=42",
      "_SYSTEMD_UNIT=session-1.scope",
      "_AUDIT_LOGINUID=1000",
      "PRIORITY=5",
      "MESSAGE=alice : COMMAND=/bin/sh",
    ),
    entry(2, "_TRANSPORT=kernel", "SYSLOG_IDENTIFIER=kernel", "MESSAGE=oom", "_AUDIT_LOGINUID=4294967295"),
    entry(3, "N=1", "N=2", "N=3"),
  );
  assert.deepEqual(login, {
    id: "s=1;i=1",
    action: "journal.sudo",
    time: "2026-11-27T07:43:10.582Z",
    observed_at: "2026-11-27T07:43:10.582001Z",
    actor: {
      type: "service",
      id: "session-1.scope",
      attrs: { uid: "0", pid: "42" },
      on_behalf_of: { type: "user", id: "1000" },
    },
    source: "node-7",
    message: "alice : COMMAND=/bin/sh",
    metadata: {
      _COMM: "sudo",
      _UID: "0",
      _PID: "42",
      _SYSTEMD_UNIT: "session-1.scope",
      _AUDIT_LOGINUID: "1000",
      PRIORITY: "5",
    },
    notes: [],
  });
  assert.deepEqual([kernel?.actor, kernel?.time], [{ type: "system", id: "kernel" }, "2026-11-27T07:43:10.582001Z"]);
  assert.deepEqual([bare?.action, bare?.metadata], ["journal.entry", { N: ["1", "2", "3"] }]);
});

test("a value of bytes is read by its length, empty lines and fields in it and all; one that is no text is in hex", () => {
  const text = utf8("first\n\n__CURSOR=no\nlast\u0001");
  const [event, next] = eventsOf(
    entry(1, binary("MESSAGE", text), binary("COREDUMP", Uint8Array.of(0xff, 0x0a, 0x0a, 0xfe))),
    entry(2, "MESSAGE=next"),
  );
  assert.equal(event?.message, "first\n\n__CURSOR=no\nlast\u0001");
  assert.deepEqual(event?.metadata, { COREDUMP: { hex: "0xff0a0afe" } });
  assert.equal(next?.message, "next");
  const [item] = itemsOf(journal, entry(1, binary("B", Uint8Array.of(0xff))));
  assert.ok(item?.raw instanceof Uint8Array, "what is no text is kept as bytes");
});

test("what is damaged is kept as it came, and the entries before and behind it are read", () => {
  const whole = entry(1, "MESSAGE=a");
  const cut = entry(2, binary("MESSAGE", utf8("x".repeat(50)))).subarray(0, -30);
  const tooLong = concat(utf8(`${HEAD}3\nMESSAGE\n`), new Uint8Array(8).fill(0xff), utf8("\n\n"));
  for (const damage of [tooLong, concat(utf8("=no name\n"), utf8("\n")), concat(cut, utf8("\n\n"))]) {
    const items = itemsOf(journal, concat(whole, damage, entry(4, "MESSAGE=d")));
    const read = adaptAll(journal, items).map(({ event, notes }) => event.message ?? notes.at(0));
    assert.deepEqual(read, ["a", "time_of_receipt", "d"]);
    assert.deepEqual(items[1]?.notes, ["text_unreadable"]);
  }
  const last = itemsOf(journal, concat(whole, cut));
  assert.deepEqual([last.length, last[1]?.notes], [2, ["text_unreadable"]]);
  const unended = itemsOf(journal, utf8(`${HEAD}1\nMESSAGE=a`));
  assert.deepEqual(adaptAll(journal, unended)[0]?.event.message, "a");
});

test("whatever comes, what is kept of it is all of it but empty lines, in time that its length allows", () => {
  const body = concat(entry(1, "MESSAGE=a"), entry(2, binary("MESSAGE", utf8("b\n\nc"))), entry(3, "X=1", "MESSAGE=d"));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 10 }), fc.nat(), (changes, cut) => {
      const bytes = Uint8Array.from(body);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      const came = bytes.subarray(0, cut % (bytes.length + 1));
      const items = itemsOf(journal, came);
      adaptAll(journal, items);
      const kept = items.reduce((sum, { raw }) => sum + (typeof raw === "string" ? utf8(raw) : raw).length, 0);
      const feeds = came.reduce((sum, byte) => sum + Number(byte === 0x0a), 0);
      assert.ok(kept <= came.length && kept >= came.length - feeds);
    }),
    { seed: 20_261_127, numRuns: 400 },
  );
  assert.equal(itemsOf(journal, utf8("A\n".repeat(200_000))).length, 1);
  assert.equal(itemsOf(journal, utf8("\n__CURSOR=\nx\n".repeat(50_000))).length, 50_000);
});
