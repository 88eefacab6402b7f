/**
 * What a chain says of one anchor, compared with everything that the bundle says of it. Nothing is taken from the
 * bundle that the chain can answer.
 */

import type { Hex } from "../merkle/bytes.ts";
import { ProofError } from "../merkle/proof.ts";
import type { BundleAnchor, Frame } from "./bundle/bundle.ts";
import type { ChainBlock, ChainReader } from "./evm/chain-reader.ts";
import { anchoredRoot, anchoredTopics } from "./evm/contract.ts";
import type { VerifyOptions } from "./options.ts";
import { FORKED } from "./verdict/notes.ts";
import { formatSeconds } from "./verdict/time-words.ts";
import { ask, compare, type StepName, type Trail, UndecidedError } from "./verdict/verdict.ts";

const NO_ROOT: Hex = `0x${"0".repeat(64)}`;

export type ChainCase = {
  readonly bundle: Frame;
  readonly anchor: BundleAnchor;
  /** Place of the anchor in the bundle. */
  readonly position: number;
  readonly reader: ChainReader;
  readonly options: VerifyOptions;
};

export type ChainFinding = { readonly isFinal: boolean };

/** Answers that do not depend on each other. */
type Facts = {
  readonly block: ChainBlock | undefined;
  readonly root: Hex;
  readonly isSigner: boolean;
  readonly isForked: boolean;
  readonly isFinal: boolean | undefined;
};

/**
 * Takes the steps that need the chain.
 * @returns undefined unless the anchor was proved
 */
export async function checkAnchorOnChain(trail: Trail, question: ChainCase): Promise<ChainFinding | undefined> {
  const { bundle, anchor, position, reader, options } = question;
  const step = (name: StepName) => ({ name, anchor: position });
  const { contract, size, blockNumber } = anchor;
  const { id, signer } = bundle.ledger;
  const isContract = await trail.take(
    step("contract"),
    async () => checkCode(await ask(() => reader.codeHash(contract)), anchor, options),
    () => `the code at ${contract} is a known version of the contract`,
  );
  if (isContract === undefined) return undefined;
  const facts = await trail.take(
    step("block"),
    async () => checkBlock(anchor, await ask(() => askFacts(question))),
    () => `block ${blockNumber} has hash ${anchor.blockHash} and time ${formatSeconds(anchor.blockTime)}`,
  );
  if (facts === undefined) return undefined;
  const isMined = await trail.take(
    step("transaction"),
    () => checkTransaction(question),
    () => `transaction ${anchor.transactionHash} anchored size ${size} in that block`,
  );
  await trail.take(
    step("root"),
    () => compare(`root for size ${size} in the contract`, anchor.root, facts.root === NO_ROOT ? "none" : facts.root),
    () => `the contract holds root ${anchor.root} for size ${size}`,
  );
  await trail.take(
    step("signer"),
    () => compare(`the contract to know ${signer} as a signer of ledger ${id}:`, "yes", facts.isSigner ? "yes" : "no"),
    () => `the contract knows ${signer} as a signer of the ledger`,
  );
  await trail.take(
    step("fork"),
    () => {
      if (facts.isForked && !trail.forkedOn.includes(anchor.chainId)) trail.forkedOn.push(anchor.chainId);
      return facts.isForked;
    },
    (isForked) => (isForked ? FORKED : "nobody has proved to the contract that the ledger forked"),
    (isForked) => isForked,
  );
  const isFinal = await trail.take(
    step("finality"),
    () => checkFinality(facts, bundle),
    () => `the chain calls block ${blockNumber} ${facts.isFinal === true ? "final" : "not final yet"}`,
  );
  if (isMined === undefined || trail.checks === "failed") return undefined;
  return { isFinal: isFinal === true };
}

/**
 * Checks that it is the contract: its code, and that nobody could put roots into its storage before the code was there.
 * @throws ProofError when the code is not a known version, UndecidedError when nobody vouches for the place
 */
export function checkCode(
  codeHash: string | undefined,
  anchor: Pick<BundleAnchor, "contract">,
  options: VerifyOptions,
): true {
  const known: readonly string[] = options.knownCodeHashes ?? [];
  if (known.length === 0) throw new UndecidedError("no code hash of the contract is known, so that any would pass");
  if (codeHash === undefined) throw new ProofError(`expected the contract at ${anchor.contract}, got no code there`);
  if (!known.includes(codeHash)) {
    throw new ProofError(`expected code with hash ${known.join(" or ")} at ${anchor.contract}, got ${codeHash}`);
  }
  const { knownContracts = [], expected = {} } = options;
  const vouched = expected.contract === undefined ? knownContracts : [...knownContracts, expected.contract];
  if (!vouched.some((address) => address.toLowerCase() === anchor.contract.toLowerCase())) {
    const message = `whoever put the contract's code at ${anchor.contract} could put roots of their own beside it`;
    throw new UndecidedError(`${message}: say that you expect this contract if the ledger's owner names it`);
  }
  return true;
}

async function askFacts({ bundle, anchor, reader }: ChainCase): Promise<Facts> {
  const { contract, size, blockNumber } = anchor;
  const { id, signer } = bundle.ledger;
  const [block, root, isSigner, isForked, isFinal] = await Promise.all([
    reader.block(blockNumber),
    reader.rootAt(contract, id, size),
    reader.everSigner(contract, id, signer),
    reader.isForked(contract, id),
    reader.isFinal(blockNumber),
  ]);
  return { block, root, isSigner, isForked, isFinal };
}

function checkBlock(anchor: BundleAnchor, facts: Facts): Facts {
  const { block } = facts;
  if (block === undefined) {
    // A node that lags behind knows neither the block nor the root; only then is a missing block no contradiction.
    const message = `expected block ${anchor.blockNumber}, and the chain has none`;
    throw facts.root === NO_ROOT ? new UndecidedError(`${message} yet`) : new ProofError(message);
  }
  if (block.hash !== anchor.blockHash) {
    const hint = "a reorganisation may have moved the anchor: get a fresh bundle";
    throw new ProofError(
      `expected hash ${anchor.blockHash} of block ${anchor.blockNumber}, got ${block.hash}; ${hint}`,
    );
  }
  compare("block time", anchor.blockTime, block.time);
  return facts;
}

/** Looks the event up by block, not the transaction by hash: nodes forget the latter after a year or so. */
async function checkTransaction({ bundle, anchor, reader }: ChainCase): Promise<true> {
  const { blockHash, contract, size } = anchor;
  const { id } = bundle.ledger;
  const logs = await ask(() => reader.logs(blockHash, contract, anchoredTopics(id, size)));
  const found = logs.find((log) => log.contract === contract.toLowerCase() && log.blockHash === blockHash);
  const root = found === undefined ? undefined : anchoredRoot(found, id, size);
  if (found === undefined || root === undefined) {
    throw new ProofError(`expected an Anchored event for size ${size} in block ${blockHash}, got none`);
  }
  compare("the event in block", anchor.blockNumber, found.blockNumber);
  compare("transaction", anchor.transactionHash, found.transactionHash);
  compare("root in the event", anchor.root, root);
  return true;
}

function checkFinality(facts: Facts, bundle: Frame): boolean {
  if (facts.isFinal === undefined && bundle.status === "final") {
    throw new UndecidedError("the chain does not say which blocks are final: say how many confirmations are enough");
  }
  return facts.isFinal === true;
}
