/**
 * For every cell of the table of verdicts (src/verify/verdict/table.ts) a bundle and what to give to the verifier, so
 * that this is given and that is found. The library, the command line and the page are led through all of them.
 */

import { knownCodeHashes } from "../../src/cli/remote/known-contract.ts";
import { checksumAddress } from "../../src/merkle/address.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import type { VerifyOptions } from "../../src/verify/options.ts";
import { FOUNDS, type Found, GIVENS, type Given, TABLE } from "../../src/verify/verdict/table.ts";
import { anchored, CONTRACT, TestChain, TestLedger } from "./fixture.ts";

const DEVELOPMENT_ID = 31337;
const ledger = new TestLedger(13);
/** No more than a contract of the known code, where anybody can have put it. */
const ELSEWHERE = checksumAddress(`0x${"77".repeat(20)}`);

/** What a verifier is given; the file, and what to go by. */
export type CellCase = {
  readonly given: Given;
  readonly found: Found;
  readonly text: string;
  readonly chain: TestChain | undefined;
  readonly block: Hex | undefined;
  readonly signer: string | undefined;
  readonly ledgerId: Hex | undefined;
  readonly development: boolean;
  readonly requireChain: boolean;
};

type File = { readonly bundle: Bundle; readonly chain: TestChain };

/** Every cell that can be; one that never is has no case. */
export async function cellCases(): Promise<CellCase[]> {
  const cases: CellCase[] = [];
  for (const found of FOUNDS) {
    const files = new Map<boolean, File>();
    for (const given of GIVENS) {
      if (TABLE[found][given] === "never") continue;
      const isByOthers = given.endsWith("chain") || given.endsWith("block");
      const file = files.get(isByOthers) ?? (await FILES[found](isByOthers));
      files.set(isByOthers, file);
      cases.push(caseOf(given, found, file));
    }
  }
  return cases;
}

function caseOf(given: Given, found: Found, { bundle, chain }: File): CellCase {
  const whole = JSON.stringify(bundle);
  const texts: Partial<Record<Found, string>> = {
    "no-proof": JSON.stringify({ ledger: bundle.ledger, checkpoint: bundle.checkpoint, receipts: [] }),
    malformed: whole.replace('"entry"', '"entrie"'),
    contradicted: whole.replace("invoice.approve", "invoice.approvd"),
  };
  const isByBlock = given === "block" || given === "development-block";
  // Without an anchor any block will do: none can be found.
  const block = bundle.anchors[0]?.blockHash ?? (`0x${"ab".repeat(32)}` as const);
  return {
    given,
    found,
    text: texts[found] ?? whole,
    chain: given === "chain" || given === "development-chain" ? chain : undefined,
    block: isByBlock ? block : undefined,
    signer: given === "signer" ? bundle.ledger.signer : undefined,
    ledgerId: given === "ledger" ? bundle.ledger.id : undefined,
    development: given.startsWith("development"),
    // Where nobody is to be asked, only who insists on a chain is told that there is no anchor.
    requireChain: found === "unanchored" && !isByBlock,
  };
}

/** Makes the file for what is to be found; by a chain or a block, or without either. */
const FILES: Readonly<Record<Found, (isByOthers: boolean) => Promise<File>>> = {
  "no-proof": () => held(new TestChain(), true),
  malformed: () => held(new TestChain(), true),
  contradicted: () => held(new TestChain(), true),
  unanswered: async () => {
    const chain = new TestChain();
    chain.contract = ELSEWHERE;
    return held(chain, true);
  },
  unasked: async (isByOthers) => {
    const { bundle, chain } = await held(new TestChain(), true);
    if (!isByOthers) return { bundle, chain };
    const other = await held(inChain(10), true);
    return { bundle: anchored(bundle, [...bundle.anchors, ...other.bundle.anchors], "final"), chain };
  },
  unanchored: async () => ({ bundle: ledger.bundle(5), chain: new TestChain() }),
  recorded: async () => ({ bundle: ledger.bundle(5), chain: new TestChain() }),
  "development-forked": () => held(forked(inChain(DEVELOPMENT_ID)), true),
  development: () => held(inChain(DEVELOPMENT_ID), true),
  forked: () => held(forked(new TestChain()), true),
  anchored: () => held(new TestChain(), false),
  final: () => held(new TestChain(), true),
};

function inChain(id: number): TestChain {
  const chain = new TestChain(id);
  chain.id = id;
  return chain;
}

function forked(chain: TestChain): TestChain {
  chain.forked = true;
  return chain;
}

async function held(chain: TestChain, isFinal: boolean): Promise<File> {
  chain.code = knownCodeHashes()[0];
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState: true });
  if (isFinal) chain.finalUpTo = anchor.blockNumber;
  return { bundle: anchored(ledger.bundle(5, 11), [anchor], isFinal ? "final" : "anchored"), chain };
}

/** What the library is given. */
export function optionsOf({ chain, block, signer, ledgerId, development, requireChain }: CellCase): VerifyOptions {
  return {
    knownCodeHashes: knownCodeHashes(),
    knownContracts: [CONTRACT],
    chain: chain === undefined ? [] : [chain],
    trustedBlocks: block === undefined ? [] : [block],
    expected: { signers: signer === undefined ? [] : [signer], ...(ledgerId !== undefined && { ledgerId }) },
    development,
    requireChain,
  };
}

/** What the command is given. @param node in front of the case's chain */
export function flagsOf(each: CellCase, node: string | undefined): string[] {
  const { block, signer, ledgerId, development, requireChain } = each;
  return [
    ...(node === undefined ? [] : ["--rpc", node]),
    ...(block === undefined ? [] : ["--block-hash", block]),
    ...(signer === undefined ? [] : ["--signer", signer]),
    ...(ledgerId === undefined ? [] : ["--ledger-id", ledgerId]),
    ...(development ? ["--development"] : []),
    ...(requireChain ? ["--require-chain"] : []),
  ];
}
