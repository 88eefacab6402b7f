/** What `holdfast fork-proof` says: what contradicts what, the call that proves it, and what became of it. */

import type { ContractCall } from "../../chain/contract/manual-calls.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { OwnExplorers } from "../../verify/evm/explorers.ts";
import type { ForkCell } from "../../verify/verdict/fork-table.ts";
import { formatSeconds } from "../../verify/verdict/time-words.ts";
import type { Contradiction } from "../../watch/fork.ts";
import { plainStatement, type Statement } from "../../watch/statement.ts";
import { describeLinks } from "../remote/explorer-links.ts";
import { describeCall, type Sent } from "../remote/send-call.ts";
import { printResult } from "../terminal/output.ts";

export type ForkFinding = {
  /** What may be said, from the one table of it. */
  readonly cell: ForkCell;
  readonly summary: string;
  readonly found?: Contradiction;
  readonly notes: readonly string[];
};

export type ForkResult = {
  readonly ledgerId: Hex;
  readonly chainId?: number;
  readonly call?: ContractCall;
  /** What the contract says; with a transaction when one was sent. */
  readonly sent?: Partial<Sent> & { readonly isForked: boolean };
};

/** A contradiction in half a sentence. */
export function describeContradiction(found: Contradiction): string {
  const { a, b } = found;
  if (found.kind === "leaves") return `two different entries stand at index ${found.leafA.index} of one ledger`;
  if (a.size === b.size) return `one ledger has two roots for size ${a.size}`;
  return `of one ledger, the tree of ${b.size} entries does not begin with the tree of ${a.size}`;
}

/** Prints what was found. @returns the exit status */
export function printFinding(
  { cell, summary, found, notes }: ForkFinding,
  { ledgerId, call, chainId, sent }: ForkResult,
  flags: { readonly contract: string; readonly json?: boolean; readonly explorer?: OwnExplorers },
): number {
  const contract = checksumAddress(flags.contract.toLowerCase() as Hex);
  const pair = found === undefined ? {} : { a: plainStatement(found.a), b: plainStatement(found.b) };
  const place = { contract, ...(chainId !== undefined && { chainId }) };
  const json = {
    cell,
    outcome: cell.outcome,
    ledgerId,
    summary,
    ...pair,
    ...(call && { call: { ...place, ...call } }),
    ...sent,
    notes,
  };
  const isOpen = call !== undefined && sent?.isForked !== true;
  const text = [
    summary,
    ...(found === undefined ? [] : ["", `  ${spell("a", found.a)}`, `  ${spell("b", found.b)}`, ""]),
    ...notes.map((note) => `Note: ${note}`),
    ...describeSent(sent),
    ...(chainId === undefined || sent?.transactionHash === undefined
      ? []
      : describeLinks({ chainId, contract, ...sent }, flags.explorer)),
    ...(isOpen ? ["Anybody may send this call:", "", ...describeCall(call, place)] : []),
  ];
  printResult({ json, text }, flags.json === true);
  return cell.exitStatus;
}

function describeSent(sent: ForkResult["sent"]): string[] {
  if (sent === undefined) return [];
  const { transactionHash, blockNumber, isForked } = sent;
  if (transactionHash !== undefined) {
    return [
      `The contract took the proof, transaction ${transactionHash} in block ${blockNumber}: the ledger is marked.`,
    ];
  }
  return [isForked ? "The contract calls the ledger forked already." : "The contract would take the proof."];
}

function spell(name: string, statement: Statement): string {
  const { size, root } = statement;
  const by =
    statement.kind === "signed"
      ? `signed by ${checksumAddress(statement.signer)} at ${formatSeconds(statement.signedAt)}`
      : `in contract ${checksumAddress(statement.contract)} on chain ${statement.chainId}`;
  return `${name}  size ${size}  root ${root}  ${by}`;
}
