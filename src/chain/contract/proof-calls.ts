/**
 * Calls of the contract that ask it what a bundle says: for dapps, explorers and whoever wants no verifier but the chain.
 * What their answers mean for another contract is in docs/on-chain.md.
 */

import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import { liftPath } from "../../merkle/lift-path.ts";
import type { Bundle, BundleAnchor, BundleMember } from "../../verify/bundle/bundle.ts";
import { type ContractCall, callOf } from "./manual-calls.ts";

type Ask = (bundle: Bundle, anchor: BundleAnchor) => ContractCall;

const NO_DIGEST: Hex = `0x${"0".repeat(64)}`;
const NO_SALT: Hex = `0x${"0".repeat(32)}`;

/** Whether the event, of which some members may be withheld, stands at its index of the anchored tree. */
const verifyEvent: Ask = (bundle, anchor) => {
  const { index, recordedAt, members } = bundle.entry;
  const { ledgerId, size, path } = placeIn(bundle, anchor);
  const args = { ledgerId, size, index, recordedAt, members: members.map(memberArgument), path };
  const types = "bytes32,uint64,uint64,uint64,(bytes32,bytes16,string)[],bytes32[]";
  return callOf("verifyEvent", `verifyEvent(${types})`, args);
};

/** Whether the leaf hash stands at its index of the anchored tree. */
const verifyInclusion: Ask = (bundle, anchor) => {
  const { index, leafHash } = bundle.entry;
  const { ledgerId, size, path } = placeIn(bundle, anchor);
  const args = { ledgerId, size, index, leafHash, path };
  return callOf("verifyInclusion", "verifyInclusion(bytes32,uint64,uint64,bytes32,bytes32[])", args);
};

/** Whether the anchored tree begins with the tree of the bundle's checkpoint. */
const verifyConsistency: Ask = ({ ledger, checkpoint }, { size: toSize, consistency = [] }) => {
  const { size: fromSize, root: fromRoot } = checkpoint;
  const args = { ledgerId: ledger.id, fromSize, fromRoot, toSize, path: consistency };
  return callOf("verifyConsistency", "verifyConsistency(bytes32,uint64,bytes32,uint64,bytes32[])", args);
};

/** By the name of the contract's function; each takes a bundle that was verified, and one of its anchors. */
export const PROOF_CALLS = { verifyEvent, verifyInclusion, verifyConsistency } as const satisfies Record<string, Ask>;

/** The contract knows only sizes that were anchored, so the path has to lead to the root of one. */
function placeIn({ ledger, entry, inclusion }: Bundle, { size, consistency = [] }: BundleAnchor) {
  const path = inclusion.path.map((node) => fromHex(node, 32));
  const smaller = { index: entry.index, size: inclusion.size, path };
  const larger = { to: size, consistency: consistency.map((node) => fromHex(node, 32)) };
  return { ledgerId: ledger.id, size, path: liftPath(keccak256, smaller, larger).map(toHex) };
}

/** The contract wants zeros where the other form has its value. */
function memberArgument(member: BundleMember): Readonly<Record<string, string>> {
  if ("digest" in member) return { digest: member.digest, salt: NO_SALT, text: "" };
  return { digest: NO_DIGEST, salt: member.salt, text: member.text };
}
