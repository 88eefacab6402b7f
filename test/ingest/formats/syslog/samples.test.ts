/** Connections and datagrams as real senders made them, byte for byte. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import { framesOfDatagram } from "../../../../src/ingest/formats/syslog/frames.ts";
import { itemOfFrame, syslog } from "../../../../src/ingest/formats/syslog/syslog.ts";
import { adaptAll, itemsOf } from "../../deliveries.ts";

const SAMPLES = join(import.meta.dirname, "../../samples");

type Expected = {
  readonly count: number;
  /** RFC 3339, of the first; undefined where it does not say it. */
  readonly time?: string;
  readonly timestamp?: string;
  readonly action?: string;
  readonly host?: string;
  readonly data?: object;
};

const MODERN = "syslog.payments";
const QUALITY = { timeQuality: { tzKnown: "1", isSynced: "0" } };

const FILES: Readonly<Record<string, Expected>> = {
  "log4j2-syslog-tcp.tcp": {
    count: 3,
    time: "2026-11-27T07:41:53.531Z",
    action: "syslog.payments.Audit",
    host: "localhost",
  },
  "logger-tcp-newline5424.tcp": { count: 3, time: "2026-11-27T07:41:49.636743+00:00", data: QUALITY },
  "logger-tcp-octet5424.tcp": { count: 3, time: "2026-11-27T07:41:49.002590+00:00", data: QUALITY },
  "pino-socket-tcp.tcp": { count: 3, time: "2026-11-27T07:41:55.606Z", action: "log.record" },
  "python-syslog-tcp.tcp": { count: 3 },
  "rsyslog-newline3164.tcp": { count: 3, timestamp: "Nov 27 07:41:40", host: "vm" },
  "rsyslog-newline5424.tcp": { count: 3, time: "2026-11-27T07:41:41.876447+00:00", host: "vm" },
  "rsyslog-octet5424.tcp": { count: 3, time: "2026-11-27T07:41:38.278402+00:00", host: "vm" },
  "syslog-ng-network.tcp": { count: 3, timestamp: "Nov 27 07:41:47", host: "vm" },
  "syslog-ng-syslog.tcp": { count: 3, time: "2026-11-27T07:41:45+00:00", data: { meta: { sequenceId: "1" } } },
  "log4j2-syslog-udp.udp": { count: 1, time: "2026-11-27T07:41:54.807Z", action: "syslog.payments.Audit" },
  "logger-udp3164.udp": { count: 1, timestamp: "Nov 27 07:41:50", host: "vm" },
  "logger-udp5424.udp": { count: 1, time: "2026-11-27T07:41:50.274761+00:00", data: QUALITY },
  "pino-socket-udp.udp": { count: 3, time: "2026-11-27T07:41:58.928Z", action: "log.record" },
  "python-syslog-udp.udp": { count: 1 },
  "rsyslog-udp5424.udp": { count: 1, time: "2026-11-27T07:41:43.634441+00:00", host: "vm" },
};

for (const [file, expected] of Object.entries(FILES)) {
  test(`${file} is read, nothing of it is quarantined or made up, and its text is kept`, () => {
    const bytes = readFileSync(join(SAMPLES, file));
    const isDatagram = file.endsWith(".udp");
    const items = isDatagram ? framesOfDatagram(bytes).map((frame) => itemOfFrame(frame)) : itemsOf(syslog, bytes);
    const adapted = adaptAll(syslog, items);
    assert.equal(adapted.length, expected.count);
    const [first] = adapted;
    const metadata = first?.event.metadata as Record<string, unknown>;
    assert.deepEqual(first?.notes, expected.time === undefined ? ["time_of_receipt"] : []);
    assert.equal(first?.event.time, expected.time ?? "2030-01-01T00:00:00.000Z");
    assert.equal(first?.event.action, expected.action ?? MODERN);
    if (expected.action !== "log.record") {
      assert.deepEqual([metadata.severity, metadata.facility, metadata.app], ["info", "authpriv", "payments"]);
      assert.equal(metadata.timestamp, expected.timestamp);
      assert.deepEqual(metadata.structured_data, expected.data);
      if (expected.host !== undefined) assert.equal(metadata.host, expected.host);
    }
    for (const [i, { event }] of adapted.entries())
      assert.match(String(event.message), new RegExp(`^user login ok hf-sample\\w+-${i} user=alice ünïcode$`));
    const text = bytes.toString();
    for (const { raw } of items) assert.ok(text.includes(raw as string));
  });
}

test("no body makes it throw, and each makes as many items as its messages, in a time that is not its square", () => {
  const real = Object.keys(FILES).map((file) => readFileSync(join(SAMPLES, file)));
  const mutated = fc
    .tuple(
      fc.constantFrom(...real),
      fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
      fc.nat(500),
    )
    .map(([body, changes, end]) => {
      const changed = Buffer.from(body);
      for (const [at, byte] of changes) changed[at % changed.length] = byte;
      return changed.subarray(0, Math.max(1, end % changed.length));
    });
  const nested = fc.nat(5000).map((depth) => Buffer.from(`{"a":${"[".repeat(depth)}`));
  const brackets = fc
    .constantFrom('[a b="', '\\"', "[", "]", " ", "<13>1 - - - - - ")
    .chain((part) => fc.nat(2000).map((n) => Buffer.from(`<13>1 - - - - - ${part.repeat(n)}`)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 2000 }), mutated, nested, brackets), (body) => {
      const items = itemsOf(syslog, body);
      assert.ok(items.length <= body.length);
      for (const { event } of adaptAll(syslog, items)) assert.equal(typeof event.action, "string");
    }),
    { seed: 20_261_127, numRuns: 1000 },
  );
});
