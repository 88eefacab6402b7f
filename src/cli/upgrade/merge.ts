/**
 * What a bundle takes of anchors that were found. A bundle is only ever added to: what somebody merely says never takes the
 * place of an anchor that is there, and where the two differ a chain has to say which of them is true.
 * Why: docs/decisions/0112.
 */

import type { Bundle, BundleAnchor, Status } from "../../verify/bundle/bundle.ts";
import { readersOf } from "../../verify/check-anchors.ts";
import type { VerifyOptions } from "../../verify/options.ts";
import { verifyBundle } from "../../verify/verify.ts";
import type { Links } from "./from-service.ts";

export type Merged = {
  readonly anchors: readonly BundleAnchor[];
  readonly status: Status;
  /** What was not taken, and why. */
  readonly notes: readonly string[];
};

/** What became of one anchor that was found: all anchors with it, or why they stay what they were. */
type Taken =
  | { readonly isTaken: true; readonly anchors: readonly BundleAnchor[] }
  | { readonly isTaken: false; readonly reason: string };

/** Members of which each is a claim about the same transaction. */
const CLAIMS = ["chainId", "size", "root", "transactionHash", "blockNumber", "blockHash", "blockTime"] as const;

/**
 * The anchors that a bundle has with what was found.
 * @param options of the verification: who is asked whether what was found is true
 */
export async function mergeAnchors(bundle: Bundle, found: Links, options: VerifyOptions): Promise<Merged> {
  let anchors: readonly BundleAnchor[] = bundle.anchors;
  // A bundle without an anchor loses nothing by one that turns out to be invented: the next upgrade with a chain replaces it.
  const hasNone = anchors.length === 0;
  let isAnyTaken = false;
  const notes: string[] = [];
  for (const theirs of found.anchors) {
    const taken = hasNone ? addTo(anchors, theirs) : await take({ ...bundle, anchors }, theirs, options);
    if (taken.isTaken) {
      anchors = taken.anchors;
      isAnyTaken = true;
    } else {
      notes.push(
        `The anchor on chain ${theirs.chainId} that was found, in block ${theirs.blockHash}, ${taken.reason}.`,
      );
    }
  }
  const isFinal = bundle.status === "final" || (isAnyTaken && mayBecomeFinal(bundle, anchors, found, options));
  return { anchors, status: isFinal ? "final" : "anchored", notes };
}

/** Whether a verification with these options asks anybody: a chain, or a block that the reader trusts. */
export function asksAnybody(options: VerifyOptions): boolean {
  return readersOf(options).length > 0 || (options.trustedBlocks ?? []).length > 0;
}

async function take(bundle: Bundle, theirs: BundleAnchor, options: VerifyOptions): Promise<Taken> {
  const { anchors } = bundle;
  const same = anchors.find((mine) => isSame(mine, theirs));
  if (same !== undefined) {
    const { state = theirs.state } = same;
    const richer: BundleAnchor = state === undefined ? same : { ...same, state };
    return { isTaken: true, anchors: anchors.map((mine) => (mine === same ? richer : mine)) };
  }
  const rivals = anchors.filter(({ chainId }) => chainId === theirs.chainId);
  const isProved = await isHeld(bundle, theirs, options);
  if (!isProved) return { isTaken: false, reason: "was left out: no chain proved it; give --rpc of that chain" };
  if (rivals.length === 0) return addTo(anchors, theirs);
  if (rivals.some(({ state }) => state !== undefined)) {
    return { isTaken: false, reason: "was left out: the bundle's own on that chain has a state proof, and stays" };
  }
  const others = anchors.filter((mine) => !rivals.includes(mine));
  if (theirs.state !== undefined) return addTo(others, theirs);
  for (const rival of rivals) {
    if (await isHeld(bundle, rival, options)) {
      return { isTaken: false, reason: "was left out: the bundle's own on that chain is proved as well, and stays" };
    }
  }
  return addTo(others, theirs);
}

function addTo(anchors: readonly BundleAnchor[], theirs: BundleAnchor): Taken {
  return { isTaken: true, anchors: [...anchors, theirs] };
}

function isSame(mine: BundleAnchor, theirs: BundleAnchor): boolean {
  const isContract = mine.contract.toLowerCase() === theirs.contract.toLowerCase();
  return isContract && CLAIMS.every((claim) => mine[claim] === theirs[claim]);
}

/** Whether a chain that was asked, or a block that is trusted, proves one anchor of a bundle. */
async function isHeld(bundle: Bundle, anchor: BundleAnchor, options: VerifyOptions): Promise<boolean> {
  if (!asksAnybody(options)) return false;
  const { checks, witnesses } = await verifyBundle({ ...bundle, anchors: [anchor], status: "anchored" }, options);
  return checks === "passed" && witnesses.length > 0;
}

/** That what was anchored is final now takes more than somebody's word; a chain that is asked contradicts it later on. */
function mayBecomeFinal(
  bundle: Bundle,
  anchors: readonly BundleAnchor[],
  { status }: Links,
  options: VerifyOptions,
): boolean {
  if (status !== "final") return false;
  return asksAnybody(options) || bundle.anchors.length === 0 || anchors.some(({ state }) => state !== undefined);
}
