/** Ledgers for the contract tests: opened on a chain, with a signer's key and a tree to anchor from. */

import { AbiCoder, type BaseWallet, id, keccak256, Wallet } from "ethers";
import type { Place } from "./chain.ts";
import type { Tree } from "./trees.ts";

export const DOMAIN = { name: "Holdfast", version: "1" };
export const TYPES = {
  Checkpoint: [
    { name: "ledgerId", type: "bytes32" },
    { name: "size", type: "uint64" },
    { name: "root", type: "bytes32" },
    { name: "signedAt", type: "uint64" },
  ],
};
export const SIGNED_AT = 1_790_000_000;

/** A key that is the same in every run. */
export function keyOf(name: string): Wallet {
  return new Wallet(keccak256(id(`key of ${name}`)));
}

export function ledgerIdOf(owner: string, label: string): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["address", "bytes32"], [owner, label]));
}

/** Opens a ledger of the deployer. */
export async function openLedger(chain: Place, name: string, signer: string): Promise<string> {
  await (await chain.anchors.open(id(name), signer)).wait();
  return ledgerIdOf(chain.deployer.address, id(name));
}

export async function sign(key: BaseWallet, ledgerId: string, size: number, root: string, signedAt = SIGNED_AT) {
  return key.signTypedData(DOMAIN, TYPES, { ledgerId, size, root, signedAt });
}

export type Anchor = {
  ledgerId: string;
  prevSize: number;
  size: number;
  root: string;
  signedAt: number;
  signature: string;
  proof: string[];
};

/** An anchor of a tree that the contract takes when `prevSize` is the head and the key the signer's. */
export async function anchorOf(
  tree: Tree,
  key: BaseWallet,
  ledgerId: string,
  prevSize: number,
  size: number,
): Promise<Anchor> {
  const root = tree.root(size);
  const signature = await sign(key, ledgerId, size, root);
  return { ledgerId, prevSize, size, root, signedAt: SIGNED_AT, signature, proof: tree.consistency(prevSize, size) };
}

/** The arguments of `anchor`, in order. */
export function listed(a: Anchor): [string, number, number, string, number, string, string[]] {
  return [a.ledgerId, a.prevSize, a.size, a.root, a.signedAt, a.signature, a.proof];
}

/** A statement for `proveFork`: signed by a key, or anchored when there is none. */
export async function statement(ledgerId: string, size: number, root: string, key?: BaseWallet) {
  const signature = key === undefined ? "0x" : await sign(key, ledgerId, size, root);
  const signer = key === undefined ? `0x${"0".repeat(40)}` : key.address;
  return { size, root, signedAt: key === undefined ? 0 : SIGNED_AT, signer, signature };
}
