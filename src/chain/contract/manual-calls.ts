/**
 * Calls of the contract that people make, not the service: proving a fork, and what only an owner may do. Each with its
 * arguments in words, because a person signs it.
 */

import type { Hex } from "../../merkle/bytes.ts";
import type { Contradiction } from "../../watch/fork.ts";
import type { Statement } from "../../watch/statement.ts";
import { codecOf } from "../ethers.ts";
import artifact from "./artifact.json" with { type: "json" };

/** A call of the contract, in full and for people. */
export type ContractCall = {
  /** As in the ABI, such as rotateSigner(bytes32,address). */
  readonly signature: string;
  readonly data: Hex;
  /** Arguments by name, as JSON spells them. */
  readonly args: Readonly<Record<string, unknown>>;
};

/** What the contract says of a ledger; addresses as the contract gives them, zero where there is none. */
export type LedgerFacts = {
  readonly owner: string;
  readonly pendingOwner: string;
  readonly signer: string;
  readonly successor: Hex;
};

const CODEC = codecOf(artifact.abi);
const NOBODY = `0x${"0".repeat(40)}`;
const STATEMENT = "(uint64,bytes32,uint64,address,bytes)";

/** @returns the call that proves a contradiction */
export function forkCall(ledgerId: Hex, found: Contradiction): ContractCall {
  const a = statementArgument(found.a);
  const b = statementArgument(found.b);
  if (found.kind === "roots") {
    const args = { ledgerId, a, b, path: found.nodes };
    return callOf("proveFork", `proveFork(bytes32,${STATEMENT},${STATEMENT},bytes32[])`, args);
  }
  const [leafA, leafB] = [found.leafA, found.leafB].map(({ leafHash, path }) => ({ leafHash, path }));
  const args = { ledgerId, index: found.leafA.index, a, b, leafA, leafB };
  const leaf = "(bytes32,bytes32[])";
  return callOf("proveForkAt", `proveForkAt(bytes32,uint64,${STATEMENT},${STATEMENT},${leaf},${leaf})`, args);
}

export function openCall(label: Hex, signer: string): ContractCall {
  return callOf("open", "open(bytes32,address)", { label, signer });
}

export function rotateSignerCall(ledgerId: Hex, newSigner: string): ContractCall {
  return callOf("rotateSigner", "rotateSigner(bytes32,address)", { ledgerId, newSigner });
}

export function transferOwnershipCall(ledgerId: Hex, newOwner: string): ContractCall {
  return callOf("transferOwnership", "transferOwnership(bytes32,address)", { ledgerId, newOwner });
}

export function acceptOwnershipCall(ledgerId: Hex): ContractCall {
  return callOf("acceptOwnership", "acceptOwnership(bytes32)", { ledgerId });
}

export function nameSuccessorCall(ledgerId: Hex, successor: Hex): ContractCall {
  return callOf("nameSuccessor", "nameSuccessor(bytes32,bytes32)", { ledgerId, successor });
}

/** Call data of ledger(ledgerId). */
export function encodeLedgerCall(ledgerId: Hex): Hex {
  return CODEC.encode("ledger", [ledgerId]);
}

/** What ledger(ledgerId) returned; undefined when it was never opened. */
export function decodeLedgerFacts(data: Hex): LedgerFacts | undefined {
  const { owner, pendingOwner, signer, successor } = CODEC.decode("ledger", data)[0] as LedgerFacts;
  return owner === NOBODY ? undefined : { owner, pendingOwner, signer, successor };
}

/** A call from its arguments in the order of the ABI. */
export function callOf(name: string, signature: string, args: Readonly<Record<string, unknown>>): ContractCall {
  return { signature, data: CODEC.encode(name, Object.values(args)), args };
}

/** With a signer of zero the contract looks for the root among those that were anchored. */
function statementArgument(statement: Statement): Readonly<Record<string, unknown>> {
  const { size, root } = statement;
  if (statement.kind === "anchored") return { size, root, signedAt: 0, signer: NOBODY, signature: "0x" };
  return { size, root, signedAt: statement.signedAt, signer: statement.signer, signature: statement.signature };
}
