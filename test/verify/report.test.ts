/** The report of an audit: genuine, forged in every member, about another ledger, and with nobody who vouches for its signer. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { keySigner } from "../../src/keys/local-signer.ts";
import { checksumAddress } from "../../src/merkle/address.ts";
import { checkpointDigest, deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { REPORT_TYPE, reportDigest } from "../../src/merkle/report-statement.ts";
import {
  type AuditReportDocument,
  outcomeOf,
  type ReportBody,
  reportTextDigest,
  statementOf,
} from "../../src/verify/report/audit-report.ts";
import { verifyReport } from "../../src/verify/report/check-report.ts";
import { makeFolder, runCli } from "../cli/run-cli.ts";

const signer = keySigner(new Uint8Array(32).fill(0x11));
const owner = keySigner(new Uint8Array(32).fill(0x22)).address;
const label = labelOf("main");
const ledgerId = deriveLedgerId(owner, label);
const options = { expected: { signers: [signer.address] } };

async function body(): Promise<ReportBody> {
  const checkpoint = { size: 700, root: `0x${"ab".repeat(32)}` as const, signedAt: 1_790_000_000 };
  const signature = await signer.sign({ ledgerId, ...checkpoint });
  return {
    format: "holdfast/audit-report@1",
    version: "1.2.3",
    ledger: {
      id: ledgerId,
      name: "main",
      label,
      owner: checksumAddress(owner),
      signer: checksumAddress(signer.address),
    },
    audit: { id: "0123456789abcdef", kind: "whole", reason: "request", startedAt: 1, finishedAt: 1_790_000_001_500 },
    outcome: "damaged",
    checkpoint: { ...checkpoint, signature },
    looked: [{ check: "entries", count: 699 }],
    skipped: [{ check: "archives", why: "no place of archives is known" }],
    byDigest: { withheld: 3, pruned: 2 },
    sample: { of: 700, drawn: 10, damaged: 7, foundPpm: 96_000 },
    findings: [{ kind: "entry_missing", from: 5, to: 6, detail: "entry 5 is missing" }],
    more: 0,
  };
}

async function signed(report: ReportBody): Promise<AuditReportDocument> {
  return { ...report, signature: await signer.signReport(statementOf(report)) };
}

test("a report is verified for whoever knows the signer, says what it says, and has the digest that the ledger tells", async () => {
  const report = await signed(await body());
  const verdict = await verifyReport(JSON.stringify(report, null, 2), options);
  assert.equal(verdict.outcome, "verified", JSON.stringify(verdict.steps));
  assert.match(verdict.summary, /NOT whole, 1 findings/);
  assert.equal(verdict.digest, reportTextDigest(report));
  assert.deepEqual(verdict.report, report);
});

test("nobody vouches for a signer that is known from the report alone", async () => {
  const text = JSON.stringify(await signed(await body()));
  const verdict = await verifyReport(text);
  assert.deepEqual([verdict.outcome, verdict.exitStatus], ["undecided", 2]);
  assert.equal((await verifyReport(text, { expected: { ledgerId } })).outcome, "undecided");
  const other = await verifyReport(text, { expected: { signers: [owner] } });
  assert.deepEqual([other.outcome, other.steps.at(-1)?.name], ["failed", "expected"]);
});

/** Every place of a value with another value of its kind in it. */
function* changed(value: unknown, path: readonly (string | number)[] = []): Generator<[string, (root: never) => void]> {
  if (typeof value === "object" && value !== null) {
    for (const [name, held] of Object.entries(value)) yield* changed(held, [...path, name]);
    return;
  }
  const other = typeof value === "number" ? value + 1 : changedText(String(value));
  yield [
    path.join("."),
    (root) => {
      let at = root as Record<string, unknown>;
      for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
      at[path.at(-1) as string] = other;
    },
  ];
}

function changedText(text: string): string {
  const at = text.length - 1;
  const last = text[at] === "1" ? "2" : "1";
  return text.slice(0, at) + last;
}

test("whatever value of a report is changed, and whatever is taken out, it fails", async () => {
  const report = await signed(await body());
  let count = 0;
  for (const [path, change] of changed(report)) {
    const copy = structuredClone(report);
    change(copy as never);
    const { outcome } = await verifyReport(JSON.stringify(copy), options);
    assert.equal(outcome, "failed", path);
    count++;
  }
  assert.ok(count > 25);
  for (const name of Object.keys(report)) {
    const copy: Record<string, unknown> = { ...report };
    delete copy[name];
    assert.equal((await verifyReport(JSON.stringify(copy), options)).outcome, "failed", `without ${name}`);
  }
  const more = JSON.stringify({ ...report, note: "all is well" });
  assert.equal((await verifyReport(more, options)).outcome, "failed");
});

test("an outcome that does not follow from what was looked at is not believed, though it was signed", async () => {
  const report = { ...(await body()), findings: [], outcome: "whole" as const };
  const verdict = await verifyReport(JSON.stringify(await signed(report)), options);
  assert.deepEqual([verdict.outcome, verdict.steps.at(-1)?.name], ["failed", "signature"]);
});

test("what skipped a check, drew a sample, or looked at no entry is never whole", async () => {
  const { findings: _, sample: __, ...rest } = await body();
  const clean = { ...rest, findings: [], skipped: [], kind: "whole" as const };
  assert.equal(outcomeOf(clean), "whole");
  assert.equal(outcomeOf({ ...clean, kind: "sample" }), "partial");
  assert.equal(outcomeOf({ ...clean, skipped: rest.skipped }), "partial");
  assert.equal(outcomeOf({ ...clean, looked: [{ check: "entries", count: 0 }] }), "nothing");
  assert.equal(outcomeOf({ ...clean, looked: [] }), "nothing");
  assert.equal(outcomeOf({ ...clean, more: 1 }), "damaged");
  const { checkpoint: ___, ...empty } = clean;
  assert.equal(outcomeOf(empty as never), "nothing");
});

test("the signature of a report is of no checkpoint, and the other way round", async () => {
  const statement = statementOf(await body());
  assert.equal(REPORT_TYPE, "AuditReport(bytes32 ledgerId,uint64 size,bytes32 digest,uint64 finishedAt)");
  const { size, digest, finishedAt } = statement;
  const twin = checkpointDigest({ ledgerId, size, root: digest, signedAt: finishedAt });
  assert.notDeepEqual(reportDigest(statement), twin);
  const report = await body();
  const signature = await signer.sign({ ledgerId, size, root: digest, signedAt: finishedAt });
  assert.equal((await verifyReport(JSON.stringify({ ...report, signature }), options)).outcome, "failed");
});

test("the command line verifies a report, and tells one that was changed by its exit status", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "report.json");
  const report = await signed(await body());
  writeFileSync(file, JSON.stringify(report));
  const right = await runCli(["verify", file, "--signer", signer.address]);
  assert.equal(right.status, 0, right.stderr);
  assert.match(right.stdout, /^Signed by the ledger's signer\n.*NOT whole/);
  assert.match(right.stdout, /Not looked at: archives: no place/);
  assert.match(right.stdout, /entry_missing \(entry 5\): entry 5 is missing/);
  writeFileSync(file, JSON.stringify({ ...report, findings: [] }));
  const wrong = await runCli(["verify", file, "--signer", signer.address, "--json"]);
  assert.equal(wrong.status, 1);
  assert.equal(JSON.parse(wrong.stdout).report, undefined);
});
