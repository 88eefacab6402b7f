/** The shared bundles and sets through what `holdfast verify` does: nothing forged passes, nothing good fails, nothing hangs. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { runCli } from "../cli/run-cli.ts";
import { bytesOf, type Finding, type Given, readBundleVectors, type Vector } from "./bundle-file.ts";
import { type Found, flagsOf, Judge } from "./bundle-judge.ts";

const file = readBundleVectors();
const EXITS = { verified: 0, failed: 1, undecided: 2 } as const;

let folder: string;
let judge: Judge;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-vectors-"));
  judge = new Judge(file, folder);
});

after(async () => {
  await judge.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Whether what was found is what the vector says, as far as it says it. */
function isAsMade(expected: Finding, found: Found): boolean {
  const { outcome, step, line } = expected;
  return (
    outcome === found.outcome &&
    (step === undefined || step === found.step) &&
    (line === undefined || line === found.line)
  );
}

test("the vectors are of every kind: good, forged in hundreds of ways, and such that cannot be told", () => {
  const outcomes = file.vectors.flatMap(({ findings }) => Object.values(findings).map(({ outcome }) => outcome));
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
  assert.ok(
    count("failed") > 1000 && count("verified") > 150 && count("undecided") > 40,
    JSON.stringify(outcomes.length),
  );
  const good = file.vectors.filter(
    ({ edits, findings }) => edits === undefined && findings.offline?.outcome === "verified",
  );
  assert.ok(good.length > 60, `expected many good ones, got ${good.length}`);
  const steps = new Set(
    file.vectors.flatMap(({ findings }) => Object.values(findings).flatMap(({ step }) => step ?? [])),
  );
  for (const step of ["bundle", "members", "leaf", "path", "signature", "ledger", "expected", "consistency", "state"]) {
    assert.ok(steps.delete(step as never), step);
  }
  assert.deepEqual([...steps].sort(), [
    "block",
    "chain",
    "contract",
    "signer",
    "status",
    "transaction",
    "trusted block",
  ]);
});

test("edits change what they say they change", () => {
  const whole = Buffer.from("héllo");
  const bases = { base: { text: whole.toString(), block: "0x" as const } };
  const edited = (edits: Vector["edits"] & object) =>
    Buffer.from(bytesOf({ bases }, { base: "base", edits })).toString();
  assert.equal(edited([]), "héllo");
  assert.equal(
    edited([
      { at: 1, remove: 2, put: "e" },
      { at: 6, put: "!", times: 3 },
    ]),
    "hello!!!",
  );
  assert.equal(
    edited([
      { at: 0, hex: "0x41" },
      { at: 3, remove: 3 },
    ]),
    "Ahé",
  );
  for (const vector of file.vectors) {
    if (vector.edits === undefined) continue;
    const base = bytesOf(file, { base: vector.base });
    assert.notDeepEqual(Buffer.from(bytesOf(file, vector)), Buffer.from(base), vector.name);
  }
});

for (const [given, title] of [
  ["offline", "offline, what a trusted block would tell is left unproved, and the rest is judged as it was made"],
  ["block", "with a block hash that is trusted, every vector is judged as it was made"],
  ["chain", "with a chain to ask, every vector is judged as it was made"],
] as const satisfies readonly (readonly [Given, string])[]) {
  test(title, async () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const [at, { name, findings }] of file.vectors.entries()) {
      const expected = findings[given];
      // What fails alike with a trusted block is tried there: nearly all that is forged fails before anybody is asked.
      if (expected === undefined || (given === "offline" && isDeepStrictEqual(expected, findings.block))) continue;
      const found = await judge.ask(at, given);
      if (!isAsMade(expected, found))
        wrong.push(`${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
      tried++;
    }
    assert.ok(tried > 20, `${tried}`);
    assert.deepEqual(wrong, []);
  });
}

test("with nothing to go by, no vector is verified: what holds is the word of a signer whom nobody vouched for", async () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const [at, { name, findings }] of file.vectors.entries()) {
    if (findings.offline?.outcome !== "verified") continue;
    const { outcome } = await judge.ask(at, "nothing");
    if (outcome !== "undecided") wrong.push(`${name}: ${outcome}`);
    tried++;
  }
  assert.ok(tried > 100, `${tried}`);
  assert.deepEqual(wrong, []);
});

test("the command itself ends with the status of the outcome", async () => {
  const pick = (wanted: string) => file.vectors.find(({ name }) => name === wanted) as Vector;
  const picked = [
    pick("final, later tree, one withheld"),
    pick("recorded"),
    pick("final, later tree, one withheld: inclusion.path reversed"),
    pick("final, later tree, one withheld: ledger.name with a byte that is no UTF-8"),
    pick("final, later tree, one withheld: behind a byte order mark"),
    pick("set of final entries with a shared proof"),
    pick("set of final entries with a shared proof: an empty line behind the last one"),
  ];
  for (const vector of picked) {
    const path = join(folder, "picked");
    writeFileSync(path, bytesOf(file, vector));
    const { blockHash = [] } = flagsOf(file, vector, "block");
    const { status, stdout } = await runCli([
      "verify",
      path,
      "--require-chain",
      "--json",
      ...blockHash.flatMap((hash) => ["--block-hash", hash]),
    ]);
    assert.equal(status, EXITS[vector.findings.block?.outcome ?? "verified"], `${vector.name}: ${stdout}`);
  }
});
