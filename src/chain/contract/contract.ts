/**
 * The contract (contracts/ILedgerAnchor.sol) as the service writes to it and reads it: calls, results, errors, events.
 * What an outsider needs to read it is in verify/evm/contract.ts, without ethers.
 */

import { type Hex, toHex } from "../../merkle/bytes.ts";
import type { AnchoredEvent, ChainHead, ChainLedger } from "../chain.ts";
import { codecOf } from "../ethers.ts";
import artifact from "./artifact.json" with { type: "json" };

/** A signed checkpoint with what proves that it extends the contract's head. */
export type AnchorCall = {
  readonly ledgerId: Hex;
  readonly prevSize: number;
  readonly size: number;
  readonly root: Hex;
  /** Seconds since 1970. */
  readonly signedAt: number;
  readonly signature: Hex;
  readonly proof: readonly Uint8Array[];
};

/** Where the public factory puts the contract on every chain, and the code that is there then. */
export const DEPLOYED = {
  address: artifact.create2.address.toLowerCase() as Hex,
  code: artifact.deployedBytecode as Hex,
  codeHash: artifact.runtimeCodeHash as Hex,
};

/** What a deployment transaction calls: deployCreate2(salt, code) of the factory. */
export const FACTORY = {
  address: artifact.create2.factory as Hex,
  salt: artifact.create2.salt as Hex,
  code: artifact.bytecode as Hex,
};

/** Where the contract is on every chain that has the CreateX factory; EIP-55 spelling. */
export const CONTRACT_ADDRESS = artifact.create2.address;

const CODEC = codecOf(artifact.abi);
const ZERO_ADDRESS = `0x${"0".repeat(40)}`;

export const ANCHORED_TOPIC = CODEC.topic("Anchored");

export function encodeOpen(label: Hex, signer: Hex): Hex {
  return CODEC.encode("open", [label, signer]);
}

export function encodeRotateSigner(ledgerId: Hex, signer: Hex): Hex {
  return CODEC.encode("rotateSigner", [ledgerId, signer]);
}

export function encodeAnchor(call: AnchorCall): Hex {
  return CODEC.encode("anchor", argumentsOf(call));
}

export function encodeAnchorMany(calls: readonly AnchorCall[]): Hex {
  return CODEC.encode("anchorMany", [calls.map(argumentsOf)]);
}

function argumentsOf(call: AnchorCall): unknown[] {
  const { ledgerId, prevSize, size, root, signedAt, signature, proof } = call;
  return [ledgerId, prevSize, size, root, signedAt, signature, proof.map(toHex)];
}

export function decodeAnchorMany(data: Hex): boolean[] {
  return [...(CODEC.decode("anchorMany", data)[0] as Iterable<boolean>)];
}

export function encodeHead(ledgerId: Hex): Hex {
  return CODEC.encode("head", [ledgerId]);
}

export function decodeHead(data: Hex): ChainHead {
  const head = CODEC.decode("head", data)[0] as {
    size: bigint;
    anchoredAt: bigint;
    count: bigint;
    forked: boolean;
    superseded: boolean;
    root: Hex;
  };
  return {
    size: Number(head.size),
    root: head.root,
    anchoredAt: Number(head.anchoredAt),
    count: Number(head.count),
    forked: head.forked,
    superseded: head.superseded,
  };
}

export function encodeLedger(ledgerId: Hex): Hex {
  return CODEC.encode("ledger", [ledgerId]);
}

/** @returns undefined when the ledger was never opened */
export function decodeLedger(data: Hex): ChainLedger | undefined {
  const { owner, signer } = CODEC.decode("ledger", data)[0] as { owner: string; signer: string };
  if (owner === ZERO_ADDRESS) return undefined;
  return { owner: owner.toLowerCase() as Hex, signer: signer.toLowerCase() as Hex };
}

export function encodeEverSigner(ledgerId: Hex, signer: Hex): Hex {
  return CODEC.encode("everSigner", [ledgerId, signer]);
}

export function decodeEverSigner(data: Hex): boolean {
  return CODEC.decode("everSigner", data)[0] === true;
}

export function encodeRootAt(ledgerId: Hex, size: number): Hex {
  return CODEC.encode("rootAt", [ledgerId, size]);
}

type Log = { readonly topics: readonly string[]; readonly data: string };

/** What an Anchored event says, undefined for another event. */
export function readAnchored(log: Log): (AnchoredEvent & { readonly signedAt: number }) | undefined {
  const event = CODEC.event("Anchored", log);
  if (event === undefined) return undefined;
  const { ledgerId, size, root, signedAt } = event as { ledgerId: Hex; size: bigint; root: Hex; signedAt: bigint };
  return { ledgerId, size: Number(size), root, signedAt: Number(signedAt) };
}

/** The contract's error in revert data, for people; undefined when it is none of its own. */
export function explainRevert(data: string | undefined): { readonly name: string; readonly text: string } | undefined {
  return data === undefined ? undefined : CODEC.explain(data);
}
