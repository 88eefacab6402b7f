/** How lines become requests, and which idempotency keys they get. */

import assert from "node:assert/strict";
import test from "node:test";
import { type Batch, type BatchOptions, batchesOf } from "../../../src/cli/append/batches.ts";

const OPTIONS: BatchOptions = { countMax: 3, charactersMax: 100, run: "", addIds: false };

async function batch(lines: readonly string[], options: Partial<BatchOptions> = {}): Promise<Batch[]> {
  async function* source(): AsyncGenerator<string> {
    yield* lines;
  }
  const batches: Batch[] = [];
  for await (const one of batchesOf(source(), { ...OPTIONS, ...options })) batches.push(one);
  return batches;
}

test("batches end at their count and at their length, and know the lines they are made of", async () => {
  const batches = await batch(["a", "", "b", "c", "d", "e".repeat(99), "f"]);
  assert.deepEqual(
    batches.map(({ text, lines }) => [text.length, lines]),
    [
      [6, [1, 3, 4]],
      [2, [5]],
      [100, [6]],
      [2, [7]],
    ],
  );
  assert.equal(batches[0]?.text, "a\nb\nc\n");
});

test("a line longer than a batch is sent alone, for the service to judge", async () => {
  const batches = await batch(["x".repeat(500), "y"]);
  assert.deepEqual(
    batches.map(({ lines }) => lines),
    [[1], [2]],
  );
});

test("keys are the same for the same file, and different for every place, text and run", async () => {
  const keysOf = async (lines: readonly string[], options?: Partial<BatchOptions>) =>
    (await batch(lines, options)).map(({ idempotencyKey }) => idempotencyKey);
  const same = ["a", "a", "a", "a", "a", "a"];
  assert.deepEqual(await keysOf(same), await keysOf(same));
  assert.equal(new Set(await keysOf(same)).size, 2, "equal batches at two places");
  assert.notDeepEqual(await keysOf(["a"]), await keysOf(["b"]));
  assert.notDeepEqual(await keysOf(["a"]), await keysOf(["a"], { run: "again" }));
});

test("ids are added to events that have none, one for each line however often its text comes", async () => {
  const lines = ['{"a":1}', '{"a":1}', " { } ", '{"id":"mine"}', "[1]", "no json", '{"a":{"id":1}}'];
  const [added] = await batch(lines, { addIds: true, countMax: 10, charactersMax: 10_000 });
  const texts = added?.text.trimEnd().split("\n") ?? [];
  const ids = [0, 1, 2, 6].map((i) => JSON.parse(texts[i] ?? "").id as string);
  assert.equal(new Set(ids).size, 4);
  assert.deepEqual(JSON.parse(texts[0] ?? ""), { id: ids[0], a: 1 });
  assert.deepEqual(JSON.parse(texts[2] ?? ""), { id: ids[2] });
  assert.deepEqual(texts.slice(3, 6), lines.slice(3, 6));
  const [again] = await batch(lines, { addIds: true, countMax: 10, charactersMax: 10_000 });
  assert.equal(again?.text, added?.text);
});
