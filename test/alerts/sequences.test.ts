/** Numbers of senders: what is missing of them is told, what is late, repeated, begun anew or no sequence is not. */

import assert from "node:assert/strict";
import test from "node:test";
import { SequenceComplete } from "../../src/alerts/rules/sequence-complete.ts";
import { type SequenceSpan, SequenceSpans, SourceSequences, sequencesOf } from "../../src/ingest/sources/sequences.ts";
import { SourceBook } from "../../src/ingest/sources/source-counts.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { BEGIN, MINUTE, told } from "./alerts-bench.ts";

const DAY = 24 * 60 * MINUTE;
const span = (from: number, to: number, of = "s"): SequenceSpan => ({ of, from, to });

function gapsAfter(...spans: readonly SequenceSpan[]): string[] {
  const sequences = new SourceSequences();
  for (const each of spans) sequences.take([each], BEGIN);
  const again = new SourceSequences(sequences.kept());
  return again.gaps().map(({ from, to }) => `${from}-${to}`);
}

test("numbers that did not come are missed once a hundred came without a gap, until they come", () => {
  assert.deepEqual(gapsAfter(span(5, 104), span(108, 110)), ["105-107"]);
  assert.deepEqual(gapsAfter(span(5, 103), span(108, 110)), [], "nobody knows yet that it is a sequence");
  assert.deepEqual(gapsAfter(span(5, 104), span(108, 110), span(106, 106)), ["105-105", "107-107"]);
  assert.deepEqual(gapsAfter(span(5, 104), span(108, 110), span(100, 110)), []);
  assert.deepEqual(gapsAfter(span(1, 100), span(50, 70), span(101, 200)), [], "what came before comes again");
  assert.deepEqual(gapsAfter(span(1, 500), span(1, 20), span(21, 30), span(40, 50)), [], "it begins anew");
  assert.deepEqual(gapsAfter(span(1, 500), span(1, 100), span(102, 103)), ["101-101"]);
  assert.deepEqual(gapsAfter(...Array.from({ length: 500 }, (_, i) => span(2 * i, 2 * i))), [], "every other one");
});

test("syslog and CloudEvents have numbers, by host and program or by source; other formats and texts have none", () => {
  const spans = new SequenceSpans();
  for (const sequenceId of ["7", "8", "10", "x", undefined])
    spans.add(sequencesOf("syslog", { metadata: { host: "h", app: "a", structured_data: { meta: { sequenceId } } } }));
  assert.deepEqual(spans.all, [span(7, 8, "h"), span(7, 8, "h a"), span(10, 10, "h"), span(10, 10, "h a")]);
  const cloud = { metadata: { source: "/s", extensions: { sequence: "00000042" } } };
  assert.deepEqual(sequencesOf("cloudevents", cloud), [span(42, 42, "/s")]);
  assert.deepEqual(sequencesOf("logs", cloud), []);
  assert.deepEqual(sequencesOf("syslog", {}), []);
});

test("items that each name another sequence are not compared with all that came before", () => {
  const spans = new SequenceSpans();
  let reads = 0;
  const named = (name: string, at: number): SequenceSpan => ({
    get of() {
      reads++;
      return name;
    },
    from: at,
    to: at,
  });
  for (let at = 0; at < 1000; at++) spans.add([named(`h${at}`, at)]);
  assert.equal(spans.all.length, 1000);
  assert.ok(reads <= 4000, `${reads} names were read`);
});

test("gaps are told after ten minutes, once, and are over when what was missing has come, or after a day", async () => {
  const gap = { of: "h", from: 5, to: 6, since: BEGIN };
  const sequences = [{ ledger: "main", source: "hosts", gaps: [gap] }];
  const looks = [0, 10, 11, 12].map((minutes) => ({ after: minutes * MINUTE, sequences }));
  assert.deepEqual(await told(new SequenceComplete(), ...looks), ["fired warning main/hosts"]);
  const over = [13, 14].map((minutes) => ({ after: minutes * MINUTE, sequences: [] }));
  assert.deepEqual(await told(new SequenceComplete(), ...looks, ...over), [
    "fired warning main/hosts",
    "resolved warning main/hosts",
  ]);
  assert.deepEqual(await told(new SequenceComplete(), { after: DAY, sequences }), []);
});

test("a gap while the service was stopped is seen; behind a crash, when nobody knows what came last, none is", async () => {
  const store = new MemoryStore();
  const place = { ledger: "main", source: "hosts", key: "", format: "syslog" };
  const ledger = { record: { id: "0x01", name: "main" }, size: 0 } as const;
  const book = await SourceBook.open(store, () => BEGIN);
  book.follow(ledger);
  book.count(place, { recorded: 100, bytes: 1, sequences: [span(1, 100)] });
  await book.close();
  const again = await SourceBook.open(store, () => BEGIN);
  again.follow(ledger);
  again.count(place, { recorded: 1, bytes: 1, sequences: [span(102, 102)] });
  assert.deepEqual(
    again.gaps("main").map(({ source, gaps }) => [source, gaps.length]),
    [["hosts", 1]],
  );
  assert.deepEqual(again.gaps("other"), []);
  await again.close();
  const crashed = await SourceBook.open(store, () => BEGIN);
  crashed.follow({ ...ledger, size: 1 });
  crashed.count(place, { recorded: 1, bytes: 1, sequences: [span(120, 120)] });
  assert.deepEqual(crashed.gaps("main")[0]?.gaps, []);
  await crashed.close();
});
