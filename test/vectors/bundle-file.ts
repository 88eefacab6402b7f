/**
 * bundles.json: bundles and evidence sets as bytes, and what a verifier has to say of them. Most are a base with a few
 * edits; docs/format.md §11 describes the file for implementers in other languages.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { concat, fromHex, type Hex, utf8 } from "../../src/merkle/bytes.ts";
import type { ChainBlock, ChainLog } from "../../src/verify/evm/chain-reader.ts";
import type { Expectations } from "../../src/verify/options.ts";
import type { Outcome } from "../../src/verify/verdict/table.ts";
import type { StepName } from "../../src/verify/verdict/verdict.ts";
import { TestChain } from "../verify/fixture.ts";

/** What a verifier goes by; `given` in the file says it in words. */
export type Given = "offline" | "block" | "chain";

export type Finding = {
  /** A text without a sign of a proof is a proof that failed, in the terms of this file. */
  readonly outcome: Exclude<Outcome, "no-proof">;
  /** The step of docs/format.md §7 at which this project's verifier stops. */
  readonly step?: StepName;
  /** In a set: the line of the first problem, from 1. */
  readonly line?: number;
};

/** At a byte of the base: bytes that go, and what comes instead, so many times. */
export type Edit = {
  readonly at: number;
  readonly remove?: number;
  readonly put?: string;
  /** Instead of `put`, for bytes that are no text. */
  readonly hex?: Hex;
  readonly times?: number;
};

/** As the file has them: one signer. */
export type Pins = Omit<Expectations, "signers"> & { readonly signer?: string };

export type Vector = {
  readonly name: string;
  readonly base: string;
  /** By place, none inside another. */
  readonly edits?: readonly Edit[];
  /** Pins that the verifier is given besides. */
  readonly expected?: Pins;
  /** Instead of the base's block. */
  readonly trustedBlocks?: readonly Hex[];
  readonly findings: Readonly<Partial<Record<Given, Finding>>>;
};

export type Base = {
  readonly text: string;
  /** The block that is trusted where a block is given. */
  readonly block: Hex;
};

/** What a chain says when it is asked; see the ChainReader of src/verify/evm/chain-reader.ts. */
export type ChainFacts = {
  readonly chainId: number;
  readonly contract: string;
  readonly codeHash: Hex;
  /** The last final block. */
  readonly finalUpTo: number;
  readonly blocks: readonly (ChainBlock & { readonly number: number })[];
  readonly roots: readonly { readonly ledgerId: Hex; readonly size: number; readonly root: Hex }[];
  readonly signers: readonly { readonly ledgerId: Hex; readonly signer: string }[];
  readonly events: readonly ChainLog[];
};

export type BundleVectors = {
  readonly about: string;
  readonly given: Readonly<Record<Given, string>>;
  readonly contract: { readonly address: string; readonly codeHash: Hex };
  readonly chain: ChainFacts;
  readonly bases: Readonly<Record<string, Base>>;
  readonly vectors: readonly Vector[];
};

export function readBundleVectors(): BundleVectors {
  return JSON.parse(readFileSync(join(import.meta.dirname, "bundles.json"), "utf8")) as BundleVectors;
}

/** The bytes that a vector is about. */
export function bytesOf({ bases }: Pick<BundleVectors, "bases">, vector: Pick<Vector, "base" | "edits">): Uint8Array {
  const whole = utf8((bases[vector.base] as Base).text);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { at, remove = 0, put = "", hex, times = 1 } of vector.edits ?? []) {
    parts.push(whole.subarray(from, at), hex === undefined ? utf8(put.repeat(times)) : fromHex(hex));
    from = at + remove;
  }
  return concat(...parts, whole.subarray(from));
}

/** The chain of the file, as one that can be asked. */
export function chainOf({ chain: facts }: Pick<BundleVectors, "chain">): TestChain {
  const chain = new TestChain();
  chain.id = facts.chainId;
  chain.contract = facts.contract;
  chain.code = facts.codeHash;
  chain.finalUpTo = facts.finalUpTo;
  for (const { number, hash, time } of facts.blocks) chain.blocks.set(number, { hash, time });
  for (const { ledgerId, size, root } of facts.roots) chain.roots.set(`${ledgerId}/${size}`, root);
  for (const { ledgerId, signer } of facts.signers) chain.signers.add(`${ledgerId}/${signer}`);
  chain.events.push(...facts.events);
  return chain;
}

/** What {@link chainOf} takes of a chain. */
export function factsOf(chain: TestChain): ChainFacts {
  const split = (key: string) => key.split("/") as [Hex, string];
  return {
    chainId: chain.id,
    contract: chain.contract,
    codeHash: chain.code as Hex,
    finalUpTo: chain.finalUpTo as number,
    blocks: [...chain.blocks].map(([number, block]) => ({ number, ...block })),
    roots: [...chain.roots].map(([key, root]) => ({ ledgerId: split(key)[0], size: Number(split(key)[1]), root })),
    signers: [...chain.signers].map((key) => ({ ledgerId: split(key)[0], signer: split(key)[1] })),
    events: chain.events,
  };
}
