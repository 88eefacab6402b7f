/**
 * The frame of a bundle: its ledger, checkpoint, anchors and status, which all bundles under one checkpoint have in
 * common. Judged once, its steps follow those of every entry.
 */

import type { Hex } from "../merkle/bytes.ts";
import { deriveLedgerId, labelOf, recoverSigner } from "../merkle/checkpoint.ts";
import { ProofError } from "../merkle/proof.ts";
import type { Frame, Status } from "./bundle/bundle.ts";
import { checkAnchors, readersOf } from "./check-anchors.ts";
import type { Expectations, VerifyOptions } from "./options.ts";
import { weightiestOf } from "./verdict/given-and-found.ts";
import { compare, Trail, UndecidedError, type Witness } from "./verdict/verdict.ts";

/** What was found of a frame. */
export type FrameFinding = {
  readonly trail: Trail;
  readonly witnesses: readonly Witness[];
  /** How far its entries have come; undefined when it failed. */
  readonly status: Status | undefined;
};

export type JudgeFrame = (frame: Frame) => Promise<FrameFinding>;

/** Takes the steps from the signature on. */
export async function judgeFrame(frame: Frame, options: VerifyOptions): Promise<FrameFinding> {
  const trail = new Trail();
  await takeSignerSteps(trail, frame, options);
  const witnesses = trail.checks === "failed" ? [] : await checkAnchors(trail, frame, options);
  const status = await takeStatus(trail, frame, witnesses, options);
  return { trail, witnesses, status };
}

async function takeSignerSteps(trail: Trail, frame: Frame, options: VerifyOptions): Promise<void> {
  const { expected = {}, recover = recoverSigner } = options;
  const { ledger, checkpoint } = frame;
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
      if (ledger.name !== ledger.label)
        compare(`label of the name ${JSON.stringify(ledger.name)}`, ledger.label, labelOf(ledger.name));
    },
    () => `the id follows from owner ${ledger.owner} and label ${ledger.label}`,
  );
  const { signers = [], ...pins } = expected;
  if (signers.length > 0 || Object.values(pins).some((pin) => pin !== undefined)) {
    await trail.take(
      { name: "expected" },
      () => checkExpected(frame, expected, options),
      describeExpected,
      ({ unasked }) => unasked.length > 0,
    );
  }
}

/** What is as the caller expects; `unasked` is so in the file, and nobody is asked whether it is true. */
type ExpectedFound = { readonly compared: readonly string[]; readonly unasked: readonly string[] };

function describeExpected({ compared, unasked }: ExpectedFound): string {
  const parts: string[] = [];
  if (compared.length > 0) parts.push(`as you expected: ${compared.join(", ")}`);
  if (unasked.length > 0) parts.push(`only the file says so, and this was not checked: ${unasked.join(", ")}`);
  return parts.join("; ");
}

function checkExpected(
  frame: Frame,
  { chainId, contract, signers = [], ...pins }: Expectations,
  options: VerifyOptions,
): ExpectedFound {
  const { ledger, anchors } = frame;
  const held = { ledgerId: ledger.id, owner: ledger.owner };
  const compared: string[] = [];
  for (const name of ["ledgerId", "owner"] as const) {
    const pin = pins[name];
    if (pin === undefined) continue;
    compare(name, pin.toLowerCase(), held[name].toLowerCase());
    compared.push(`${name} ${held[name]}`);
  }
  if (signers.length > 0) {
    const known = signers.map((signer) => signer.toLowerCase());
    const signer = ledger.signer.toLowerCase();
    if (!known.includes(signer)) throw new ProofError(`expected signer ${known.join(" or ")}, got ${signer}`);
    compared.push(`signer ${ledger.signer}`);
  }
  const unasked: string[] = [];
  if (chainId === undefined && contract === undefined) return { compared, unasked };
  if (anchors.length === 0) throw new UndecidedError(NOT_ANCHORED, { kind: "unanchored" });
  const onChain = anchors.filter((anchor) => chainId === undefined || anchor.chainId === chainId);
  if (onChain.length === 0) {
    throw new ProofError(`expected an anchor on chain ${chainId}, got ${anchors.map((a) => a.chainId).join(", ")}`);
  }
  for (const anchor of onChain) {
    if (contract !== undefined) compare("contract", contract.toLowerCase(), anchor.contract.toLowerCase());
  }
  const isChainAsked = readersOf(options).length > 0;
  // The state of a block names the contract; nothing in it names the chain.
  const isBlockKnown = (options.trustedBlocks ?? []).length > 0;
  if (chainId !== undefined) (isChainAsked ? compared : unasked).push(`chain ${chainId}`);
  if (contract !== undefined) (isChainAsked || isBlockKnown ? compared : unasked).push(`contract ${contract}`);
  return { compared, unasked };
}

const NOT_ANCHORED = "not anchored yet: the bundle names no anchor; get it again after the next one";

/** Compares the state that the bundle claims with what was found. */
async function takeStatus(
  trail: Trail,
  frame: Frame,
  witnesses: readonly Witness[],
  options: VerifyOptions,
): Promise<Status | undefined> {
  const found = reachOf(weightiestOf(witnesses));
  const wantsChain =
    options.requireChain === true || readersOf(options).length > 0 || (options.trustedBlocks ?? []).length > 0;
  return (
    (await trail.take(
      { name: "status" },
      () => {
        const hasAnchors = frame.anchors.length > 0;
        if (hasAnchors === (frame.status === "recorded")) {
          throw new ProofError(`expected anchors exactly when the status is not "recorded", got ${frame.status}`);
        }
        if (!hasAnchors && wantsChain) throw new UndecidedError(NOT_ANCHORED, { kind: "unanchored" });
        if (options.requireChain === true && witnesses.length === 0) {
          const message = "you require a chain, and none has proved an anchor of this bundle";
          throw new UndecidedError(message, { kind: "unasked" });
        }
        if (frame.status === "final" && reachOf(witnesses) === "anchored" && trail.checks === "passed") {
          throw new ProofError("expected a final block as the bundle says, and the chain calls none of them final");
        }
        return found;
      },
      () => `found: ${found}; the bundle says: ${frame.status}`,
    )) ?? (trail.checks === "failed" ? undefined : found)
  );
}

function reachOf(witnesses: readonly Witness[]): Status {
  if (witnesses.length === 0) return "recorded";
  return witnesses.some(({ isFinal }) => isFinal) ? "final" : "anchored";
}
