/**
 * The report of an audit to a verdict: whether the ledger's signer signed exactly this, and who vouches that it is the ledger's.
 * Whether the audit was right is the word of whoever signed; whether it found something is told beside it.
 * Why: docs/decisions/0226.
 */

import type { Hex } from "../../merkle/bytes.ts";
import { deriveLedgerId, labelOf, recoverSigner } from "../../merkle/checkpoint.ts";
import { recoverReportSigner } from "../../merkle/report-statement.ts";
import { readersOf } from "../check-anchors.ts";
import { checkCode } from "../check-on-chain.ts";
import { isDevelopmentChain } from "../evm/explorers.ts";
import type { VerifyOptions } from "../options.ts";
import { EXIT_STATUSES, type ExitStatus, type Outcome } from "../verdict/table.ts";
import { ask, compare, type Step, Trail, UndecidedError } from "../verdict/verdict.ts";
import { type AuditReportDocument, outcomeOf, reportTextDigest, statementOf } from "./audit-report.ts";
import { readReport } from "./read-report.ts";

export type ReportVerdict = {
  readonly outcome: Outcome;
  readonly exitStatus: ExitStatus;
  readonly word: string;
  readonly steps: readonly Step[];
  /** Who signed it, and what it says. */
  readonly summary: string;
  /** By which the ledger names it in the event about the audit. */
  readonly digest: Hex | undefined;
  /** What it says; undefined unless it is as it was signed. */
  readonly report: AuditReportDocument | undefined;
};

/** Verifies the text of a report. It resolves to a verdict whatever that is. */
export async function verifyReport(content: string, options: VerifyOptions = {}): Promise<ReportVerdict> {
  const trail = new Trail();
  const report = await trail.take(
    { name: "report" },
    () => readReport(content),
    ({ audit, findings, more }) =>
      `it has the form of one, of a ${audit.kind} audit with ${findings.length + more} findings`,
  );
  if (report === undefined) return judged(trail, undefined);
  await takeLedgerSteps(trail, report);
  await takeExpected(trail, report, options);
  await takeVouching(trail, report, options);
  return judged(trail, report);
}

async function takeLedgerSteps(trail: Trail, report: AuditReportDocument): Promise<void> {
  const { ledger, checkpoint, signature } = report;
  await trail.take(
    { name: "signature" },
    () => {
      compare("a signature of", ledger.signer.toLowerCase(), recoverReportSigner(statementOf(report), signature));
      compare("the outcome that follows from it,", outcomeOf({ ...report, kind: report.audit.kind }), report.outcome);
      if (checkpoint === undefined) return;
      // A signer that was replaced meanwhile signed the checkpoint: it says so itself.
      recoverSigner({ ...checkpoint, ledgerId: ledger.id });
    },
    () => `${ledger.signer} signed the report with the digest ${reportTextDigest(report)}`,
  );
  await trail.take(
    { name: "ledger" },
    () => {
      compare("ledger id", ledger.id, deriveLedgerId(ledger.owner as Hex, ledger.label));
      if (ledger.name !== ledger.label)
        compare(`label of the name ${JSON.stringify(ledger.name)}`, ledger.label, labelOf(ledger.name));
    },
    () => `the id follows from owner ${ledger.owner} and label ${ledger.label}`,
  );
}

async function takeExpected(
  trail: Trail,
  { ledger }: AuditReportDocument,
  { expected = {} }: VerifyOptions,
): Promise<void> {
  const { ledgerId, owner, signers = [] } = expected;
  if (ledgerId === undefined && owner === undefined && signers.length === 0) return;
  await trail.take(
    { name: "expected" },
    () => {
      if (ledgerId !== undefined) compare("ledger id", ledgerId.toLowerCase(), ledger.id);
      if (owner !== undefined) compare("owner", owner.toLowerCase(), ledger.owner.toLowerCase());
      const signer = ledger.signer.toLowerCase();
      const known = signers.map((each) => each.toLowerCase());
      if (known.length > 0 && !known.includes(signer)) compare("a signature of", known.join(" or "), signer);
    },
    () => "it is about what you expect",
  );
}

/** That the key is the ledger's: because the reader says so, because a contract does, or because it is the owner's, whom the id names. */
async function takeVouching(trail: Trail, { ledger }: AuditReportDocument, options: VerifyOptions): Promise<void> {
  const { expected = {}, knownContracts = [] } = options;
  const { signers = [], ledgerId } = expected;
  if (signers.length > 0) return;
  if (ledgerId !== undefined && ledger.owner === ledger.signer) return;
  const readers = readersOf(options);
  await trail.take(
    { name: "signer" },
    async () => {
      if (readers.length === 0) {
        throw new UndecidedError("nobody vouches for the signer: name it, or a chain whose contract knows the ledger", {
          kind: "unasked",
        });
      }
      const contract = expected.contract ?? knownContracts[0];
      if (contract === undefined) throw new UndecidedError("no contract is known that could be asked for the signer");
      for (const reader of readers) {
        const chainId = await ask(() => reader.chainId());
        if (isDevelopmentChain(chainId) && options.development !== true)
          throw new UndecidedError(`chain ${chainId} is one of developers, and proves nothing to others`);
        checkCode(await ask(() => reader.codeHash(contract)), { contract }, options);
        const isKnown = await ask(() => reader.everSigner(contract, ledger.id, ledger.signer));
        compare(
          `the contract to know ${ledger.signer} as a signer of ledger ${ledger.id}:`,
          "yes",
          isKnown ? "yes" : "no",
        );
      }
    },
    () => `the contract knows ${ledger.signer} as a signer of the ledger`,
  );
}

const WORDS: Readonly<Record<Outcome, string>> = {
  verified: "Signed by the ledger's signer",
  undecided: "Holds, signer not vouched for",
  failed: "FAILED",
  "no-proof": "This is not a Holdfast proof",
};

function judged(trail: Trail, report: AuditReportDocument | undefined): ReportVerdict {
  const { checks, steps } = trail;
  const outcome: Outcome = checks === "failed" ? "failed" : checks === "open" ? "undecided" : "verified";
  const isRight = outcome !== "failed" && report !== undefined;
  return {
    outcome,
    exitStatus: EXIT_STATUSES[outcome],
    word: WORDS[outcome],
    steps,
    summary: isRight ? say(report) : `It is not the report of an audit as it was signed: ${steps.at(-1)?.detail ?? ""}`,
    digest: isRight ? reportTextDigest(report) : undefined,
    report: isRight ? report : undefined,
  };
}

const SAYINGS: Readonly<Record<AuditReportDocument["outcome"], string>> = {
  whole: "the ledger is whole",
  partial: "nothing wrong was found in what was looked at, which is not all",
  damaged: "the ledger is NOT whole",
  nothing: "there was nothing to look at, so that nothing is known",
};

/** What it says, in a sentence. */
function say({ ledger, audit, outcome, checkpoint, findings, more, sample }: AuditReportDocument): string {
  const at = new Date(audit.finishedAt).toISOString();
  const size = checkpoint === undefined ? "without entries" : `of size ${checkpoint.size}, root ${checkpoint.root}`;
  const found = findings.length + more;
  const told = `${ledger.signer} says at ${at} of ledger ${JSON.stringify(ledger.name)} (${ledger.id}) ${size}: ${SAYINGS[outcome]}`;
  if (found > 0) return `${told}, ${found} findings.`;
  if (sample === undefined) return `${told}.`;
  const percent = (sample.foundPpm / 10_000).toFixed(2);
  return `${told}. ${sample.drawn} of ${sample.of} entries were drawn; of ${sample.damaged} damaged ones at least one would have been among them with ${percent} %.`;
}
