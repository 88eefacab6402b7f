/**
 * A bundle -> a verdict, for people and programs that trust neither the service nor this bundle. The chain is read
 * only through the port that the caller passes; nothing here falls back to another source, and nothing throws.
 */

import { encodeEntry } from "../entry/entry.ts";
import { fromHex, toHex } from "../merkle/bytes.ts";
import { keccak256, leafHash } from "../merkle/hash.ts";
import { checkInclusion, ProofError } from "../merkle/proof.ts";
import type { Bundle, Frame, Status } from "./bundle/bundle.ts";
import { hasSigns, otherThanProof } from "./bundle/no-proof.ts";
import { checkBundle, parseBundle } from "./bundle/parse.ts";
import { type JudgeFrame, judgeFrame } from "./check-frame.ts";
import { type Disclosure, readDisclosure } from "./check-members.ts";
import type { VerifyOptions } from "./options.ts";
import { foundOf, givenOf, weightiestOf } from "./verdict/given-and-found.ts";
import { endpointNotes, forkNotes, notesOn } from "./verdict/notes.ts";
import { plainName, say, sayFailure, sayNoProof } from "./verdict/sentences.ts";
import { cellOf } from "./verdict/table.ts";
import { compare, type Subject, Trail, type Verdict, type Witness } from "./verdict/verdict.ts";

/** What is said of an entry: what it is, what it is under, and how one leads to the other. */
export type EntryClaim = {
  readonly format: string;
  readonly entry: Bundle["entry"];
  readonly frame: Frame;
  /** Checks that the leaf hash is in the checkpoint's tree, and says how. @throws ProofError */
  readonly checkPath: () => string;
};

/** Parses and verifies the text of a bundle; what is no bundle fails at the step "bundle", or is no proof at all. */
export async function verifyText(text: string, options: VerifyOptions = {}): Promise<Verdict> {
  const verdict = await verifyClaim(() => claimOf(parseBundle(text)), options);
  const other = verdict.cell.found === "malformed" ? otherThanProof(text) : undefined;
  return other === undefined ? verdict : noProof(verdict, other, options);
}

/**
 * The verdict on what cannot be taken for a text, or is too long for one.
 * @param begin as much of it as can be read, in whatever way
 * @param problem why it is no text: what was expected, and what came
 */
export async function verifyUnreadable(begin: string, problem: string, options: VerifyOptions = {}): Promise<Verdict> {
  const refuse = () => {
    throw new ProofError(problem);
  };
  const verdict = await verifyClaim(refuse, options);
  return hasSigns(begin) ? verdict : noProof(verdict, `It cannot be read: ${problem}.`, options);
}

function noProof(verdict: Verdict, what: string, options: VerifyOptions): Verdict {
  const cell = cellOf(givenOf(options), "no-proof");
  const { summary, brief } = sayNoProof(what);
  return { ...verdict, cell, outcome: cell.outcome, summary, brief };
}

/** Verifies a bundle. It resolves to a verdict whatever the bundle holds. @param judge as {@link verifyClaim} takes it */
export async function verifyBundle(bundle: Bundle, options: VerifyOptions = {}, judge?: JudgeFrame): Promise<Verdict> {
  return verifyClaim(() => claimOf(checkBundle(bundle)), options, judge);
}

/** What a bundle says of its entry. */
export function claimOf({ format, entry, inclusion, ...frame }: Bundle): EntryClaim {
  const { checkpoint } = frame;
  const checkPath = () => {
    const hashes = { leafHash: fromHex(entry.leafHash), root: fromHex(inclusion.root) };
    const path = inclusion.path.map((node) => fromHex(node));
    checkInclusion(keccak256, { index: entry.index, size: inclusion.size, path, ...hashes });
    compare("the checkpoint's size", inclusion.size, checkpoint.size);
    compare("the checkpoint's root", inclusion.root, checkpoint.root);
    return `index ${entry.index} of ${inclusion.size} leads to root ${inclusion.root}, which the checkpoint states`;
  };
  return { format, entry, frame, checkPath };
}

/**
 * Verifies what is said of an entry. It resolves to a verdict whatever that is.
 * @param read fails at the step "bundle"
 * @param judge may remember frames that it has judged under the same options
 */
export async function verifyClaim(
  read: () => EntryClaim,
  options: VerifyOptions,
  judge: JudgeFrame = (frame) => judgeFrame(frame, options),
): Promise<Verdict> {
  const trail = new Trail();
  const claim = await trail.take({ name: "bundle" }, read, ({ format }) => `the form is that of ${format}`);
  if (claim === undefined) return verdictOf(trail, undefined, options);
  const disclosure = await takeEntrySteps(trail, claim);
  if (disclosure === undefined || trail.checks === "failed") return verdictOf(trail, undefined, options);
  const { entry, frame } = claim;
  const { trail: rest, witnesses, status } = await judge(frame);
  trail.join(rest);
  if (status === undefined) return verdictOf(trail, undefined, options);
  return verdictOf(trail, { entry, frame, disclosure, proved: witnesses, status }, options);
}

async function takeEntrySteps(trail: Trail, { entry, checkPath }: EntryClaim): Promise<Disclosure | undefined> {
  const disclosure = await trail.take(
    { name: "members" },
    () => readDisclosure(entry.members),
    ({ shown, withheld }) => `${shown.length} shown in canonical form and order, ${withheld} withheld`,
  );
  const bytes = await trail.take(
    { name: "entry" },
    () => encodeEntry(entry.recordedAt, disclosure?.digests ?? []),
    (encoded) => `${encoded.length} bytes: a time and ${entry.members.length} salted digests`,
  );
  await trail.take(
    { name: "leaf" },
    () => compare("leaf hash", entry.leafHash, toHex(leafHash(keccak256, bytes ?? new Uint8Array(0)))),
    () => `the entry hashes to ${entry.leafHash}`,
  );
  await trail.take({ name: "path" }, checkPath, (found) => found);
  return disclosure;
}

type Proved = Pick<EntryClaim, "entry" | "frame"> & {
  readonly disclosure: Disclosure;
  /** Every anchor that was. */
  readonly proved: readonly Witness[];
  readonly status: Status;
};

function verdictOf(trail: Trail, held: Proved | undefined, options: VerifyOptions): Verdict {
  if (held === undefined || trail.checks === "failed") return failedVerdict(trail, options);
  const { steps, checks, doubts, forkedOn, endpoints } = trail;
  const { entry, frame, disclosure, proved, status } = held;
  const { event, shown, withheld } = disclosure;
  const { expected = {} } = options;
  const witnesses = weightiestOf(proved);
  const cell = cellOf(givenOf(options), foundOf(trail, witnesses));
  const { id, name, owner, signer } = frame.ledger;
  const { index, recordedAt } = entry;
  const { size, root, signedAt } = frame.checkpoint;
  const subject: Subject = { ledgerId: id, ledgerName: name, owner, signer, index, size, root, recordedAt, signedAt };
  const isSignerExpected = (expected.signers ?? []).length > 0;
  const said = say(cell.name, {
    steps,
    doubts: doubts.map(({ detail }) => detail),
    subject,
    witnesses,
    forkedOn,
    action: plainName(event.action),
    shown,
    withheld,
    isSignerExpected,
  });
  const notes = notesOn({ subject, proved, witnesses, forkedOn, shown, endpoints }, expected);
  const found = { witness: witnesses[0], witnesses: proved, forkedOn, isSignerExpected };
  return {
    cell,
    outcome: cell.outcome,
    checks,
    status,
    steps,
    ...said,
    notes,
    subject,
    ...found,
    event,
    shown,
    withheld,
  };
}

function failedVerdict(trail: Trail, options: VerifyOptions): Verdict {
  const { steps, checks, forkedOn, endpoints } = trail;
  const cell = cellOf(givenOf(options), foundOf(trail, []));
  return {
    cell,
    outcome: cell.outcome,
    checks,
    status: undefined,
    steps,
    ...sayFailure(steps),
    notes: [...endpointNotes(endpoints), ...forkNotes(forkedOn, false)],
    subject: undefined,
    witness: undefined,
    witnesses: [],
    forkedOn,
    isSignerExpected: false,
    event: undefined,
    shown: [],
    withheld: 0,
  };
}
