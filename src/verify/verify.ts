/**
 * A bundle -> a verdict, for people and programs that trust neither the service nor this bundle. The chain is read
 * only through the port that the caller passes; nothing here falls back to another source, and nothing throws.
 */

import { encodeEntry } from "../entry/entry.ts";
import { fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { deriveLedgerId, labelOf, recoverSigner } from "../merkle/checkpoint.ts";
import { keccak256, leafHash } from "../merkle/hash.ts";
import { checkInclusion, ProofError } from "../merkle/proof.ts";
import { checkAnchors, readersOf } from "./anchors.ts";
import type { Bundle, Status } from "./bundle.ts";
import { type Disclosure, readDisclosure } from "./members.ts";
import type { Expectations, VerifyOptions } from "./options.ts";
import { checkBundle, parseBundle } from "./parse.ts";
import { compare, type Subject, Trail, UndecidedError, type Verdict, type Witness } from "./verdict.ts";
import { describeDoubt, describeFailure, describeSuccess, notesOn } from "./words.ts";

/** Parses and verifies the text of a bundle; what is no bundle fails at the step "bundle". */
export async function verifyText(text: string, options: VerifyOptions = {}): Promise<Verdict> {
  return verify(() => parseBundle(text), options);
}

/** Verifies a bundle. It resolves to a verdict whatever the bundle holds. */
export async function verifyBundle(bundle: Bundle, options: VerifyOptions = {}): Promise<Verdict> {
  return verify(() => checkBundle(bundle), options);
}

async function verify(read: () => Bundle, options: VerifyOptions): Promise<Verdict> {
  const trail = new Trail();
  const bundle = await trail.take({ name: "bundle" }, read, ({ format }) => `the form is that of ${format}`);
  if (bundle === undefined) return verdictOf(trail, undefined, options);
  const disclosure = await takeEntrySteps(trail, bundle);
  await takeSignerSteps(trail, bundle, options);
  const witnesses = trail.outcome === "failed" ? [] : await checkAnchors(trail, bundle, options);
  const status = await takeStatus(trail, bundle, witnesses, options);
  const [witness] = witnesses.toSorted((a, b) => a.blockTime - b.blockTime);
  if (disclosure === undefined || status === undefined) return verdictOf(trail, undefined, options);
  return verdictOf(trail, { bundle, disclosure, witness, status }, options);
}

async function takeEntrySteps(trail: Trail, bundle: Bundle): Promise<Disclosure | undefined> {
  const { entry, inclusion, checkpoint } = bundle;
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
  await trail.take(
    { name: "path" },
    () => {
      const hashes = { leafHash: fromHex(entry.leafHash), root: fromHex(inclusion.root) };
      const path = inclusion.path.map((node) => fromHex(node));
      checkInclusion(keccak256, { index: entry.index, size: inclusion.size, path, ...hashes });
      compare("the checkpoint's size", inclusion.size, checkpoint.size);
      compare("the checkpoint's root", inclusion.root, checkpoint.root);
    },
    () => `index ${entry.index} of ${inclusion.size} leads to root ${inclusion.root}, which the checkpoint states`,
  );
  return disclosure;
}

async function takeSignerSteps(trail: Trail, bundle: Bundle, options: VerifyOptions): Promise<void> {
  const { expected = {}, recover = recoverSigner } = options;
  const { ledger, checkpoint } = bundle;
  await trail.take(
    { name: "signature" },
    () => {
      const signer = recover({ ...checkpoint, ledgerId: ledger.id });
      compare("a signature of", ledger.signer.toLowerCase(), signer);
    },
    () => `${ledger.signer} signed size ${checkpoint.size} and root ${checkpoint.root}`,
  );
  await trail.take(
    { name: "ledger" },
    () => {
      compare("ledger id", ledger.id, deriveLedgerId(ledger.owner as Hex, ledger.label));
      // A ledger whose name must not be guessed has a random label, and the label stands where the name would.
      if (ledger.name !== ledger.label) compare(`label of the name ${ledger.name}`, ledger.label, labelOf(ledger.name));
    },
    () => `the id follows from owner ${ledger.owner} and label ${ledger.label}`,
  );
  if (Object.values(expected).some((value) => value !== undefined)) {
    await trail.take(
      { name: "expected" },
      () => checkExpected(bundle, expected),
      (compared) => `as you expected: ${compared.join(", ")}`,
    );
  }
}

function checkExpected(bundle: Bundle, { chainId, contract, ...pins }: Expectations): string[] {
  const { ledger, anchors } = bundle;
  const held = { ledgerId: ledger.id, owner: ledger.owner, signer: ledger.signer };
  const compared: string[] = [];
  for (const name of ["ledgerId", "owner", "signer"] as const) {
    const pin = pins[name];
    if (pin === undefined) continue;
    compare(name, pin.toLowerCase(), held[name].toLowerCase());
    compared.push(`${name} ${held[name]}`);
  }
  if (chainId === undefined && contract === undefined) return compared;
  if (anchors.length === 0) throw new UndecidedError(NOT_ANCHORED);
  const onChain = anchors.filter((anchor) => chainId === undefined || anchor.chainId === chainId);
  if (onChain.length === 0) {
    throw new ProofError(`expected an anchor on chain ${chainId}, got ${anchors.map((a) => a.chainId).join(", ")}`);
  }
  for (const anchor of onChain) {
    if (contract !== undefined) compare("contract", contract.toLowerCase(), anchor.contract.toLowerCase());
  }
  if (chainId !== undefined) compared.push(`chain ${chainId}`);
  if (contract !== undefined) compared.push(`contract ${contract}`);
  return compared;
}

const NOT_ANCHORED = "not anchored yet: the bundle names no anchor; get it again after the next one";

/** Compares the state that the bundle claims with what was found. */
async function takeStatus(
  trail: Trail,
  bundle: Bundle,
  witnesses: readonly Witness[],
  options: VerifyOptions,
): Promise<Status | undefined> {
  const isFinal = witnesses.some((witness) => witness.isFinal);
  const found: Status = isFinal ? "final" : witnesses.length > 0 ? "anchored" : "recorded";
  const wantsChain =
    options.requireChain === true || readersOf(options).length > 0 || (options.trustedBlocks ?? []).length > 0;
  return (
    (await trail.take(
      { name: "status" },
      () => {
        const hasAnchors = bundle.anchors.length > 0;
        if (hasAnchors === (bundle.status === "recorded")) {
          throw new ProofError(`expected anchors exactly when the status is not "recorded", got ${bundle.status}`);
        }
        if (!hasAnchors && wantsChain) throw new UndecidedError(NOT_ANCHORED);
        if (options.requireChain === true && witnesses.length === 0) {
          throw new UndecidedError("you require a chain, and none has proved an anchor of this bundle");
        }
        if (bundle.status === "final" && found === "anchored" && trail.outcome === "verified") {
          throw new ProofError("expected a final block as the bundle says, and the chain calls none of them final");
        }
        return found;
      },
      () => `found: ${found}; the bundle says: ${bundle.status}`,
    )) ?? (trail.outcome === "failed" ? undefined : found)
  );
}

type Proved = {
  readonly bundle: Bundle;
  readonly disclosure: Disclosure;
  readonly witness: Witness | undefined;
  readonly status: Status;
};

function verdictOf(trail: Trail, proved: Proved | undefined, options: VerifyOptions): Verdict {
  const { steps, outcome } = trail;
  if (proved === undefined || outcome === "failed") {
    const nothing = { subject: undefined, witness: undefined, event: undefined, shown: [], withheld: 0 };
    return { outcome: "failed", status: undefined, steps, summary: describeFailure(steps), notes: [], ...nothing };
  }
  const { bundle, disclosure, witness, status } = proved;
  const { event, shown, withheld } = disclosure;
  const { id, name, owner, signer } = bundle.ledger;
  const { index, recordedAt } = bundle.entry;
  const { size, root, signedAt } = bundle.checkpoint;
  const subject: Subject = { ledgerId: id, ledgerName: name, owner, signer, index, size, root, recordedAt, signedAt };
  const findings = { subject, witness, shown, withheld };
  const summary = outcome === "verified" ? describeSuccess(findings) : describeDoubt(trail.reasons, findings);
  const notes = notesOn(findings, options.expected ?? {});
  return { outcome, status, steps, summary, notes, subject, witness, event, shown, withheld };
}
