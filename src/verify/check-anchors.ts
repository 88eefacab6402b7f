/**
 * The anchors of a bundle: which of them can be asked about and where. Every anchor is a claim; each is checked, or
 * left out because the caller said so, and otherwise the verdict cannot be "verified".
 */

import { fromHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { checkConsistency, ProofError } from "../merkle/proof.ts";
import type { BundleAnchor, Frame } from "./bundle/bundle.ts";
import { checkAnchorOnChain, checkCode } from "./check-on-chain.ts";
import type { ChainReader } from "./evm/chain-reader.ts";
import { isDevelopmentChain } from "./evm/explorers.ts";
import { checkState, type StateFinding } from "./evm/state-proof.ts";
import type { VerifyOptions } from "./options.ts";
import { messageOf, type Trail, UndecidedError, type Witness } from "./verdict/verdict.ts";

/** A reader and the chain it says it is on; a rejection tells why it could not say. */
type NamedReader = { readonly reader: ChainReader; readonly chainId: number };
type Readers = { readonly named: readonly NamedReader[]; readonly silent: readonly string[] };

/**
 * Takes the steps of every anchor.
 * @returns a witness for each anchor that was proved
 */
export async function checkAnchors(trail: Trail, bundle: Frame, options: VerifyOptions): Promise<Witness[]> {
  const readers = await askChainIds(readersOf(options));
  trail.endpoints = { named: readersOf(options).length, silent: readers.silent };
  const witnesses: Witness[] = [];
  for (const [position, anchor] of bundle.anchors.entries()) {
    const witness = await checkAnchor(trail, { bundle, anchor, position, readers, options });
    if (witness !== undefined) witnesses.push(witness);
  }
  return witnesses;
}

export function readersOf(options: VerifyOptions): readonly ChainReader[] {
  if (options.chain === undefined) return [];
  return Array.isArray(options.chain) ? options.chain : [options.chain as ChainReader];
}

type AnchorCase = {
  readonly bundle: Frame;
  readonly anchor: BundleAnchor;
  readonly position: number;
  readonly readers: Readers;
  readonly options: VerifyOptions;
};

async function checkAnchor(trail: Trail, { bundle, anchor, position, readers, options }: AnchorCase) {
  const step = { anchor: position };
  await trail.take(
    { name: "consistency", ...step },
    () => checkExtension(bundle, anchor),
    () =>
      anchor.size === bundle.checkpoint.size
        ? `the anchor is of the same size ${anchor.size} and root`
        : `the anchored tree of size ${anchor.size} begins with the tree of size ${bundle.checkpoint.size}`,
  );
  let state: StateFinding | undefined;
  if (anchor.state !== undefined) {
    state = await trail.take(
      { name: "state", ...step },
      () => checkState(anchor, bundle.ledger.id),
      () => `the state of block ${anchor.blockNumber} (${anchor.blockHash}) held the root for size ${anchor.size}`,
    );
  }
  if (options.expected?.chainId !== undefined && options.expected.chainId !== anchor.chainId) {
    trail.skip({ name: "chain", ...step }, `chain ${anchor.chainId} is not the one that was asked for`);
    return undefined;
  }
  const { trustedBlocks = [] } = options;
  const byBlock =
    trustedBlocks.length > 0
      ? await trail.take(
          { name: "trusted block", ...step },
          () => checkTrustedBlock(bundle, anchor, state, options),
          () => `block hash ${anchor.blockHash} is one that you trust, and the contract's code is known`,
        )
      : undefined;
  if (readersOf(options).length === 0) {
    if (trustedBlocks.length === 0) await notAsked(trail, position, options);
    return byBlock === undefined ? undefined : witnessOf(anchor, { isFinal: true, byTrustedBlock: true });
  }
  const asked = await trail.take(
    { name: "chain", ...step },
    () => readersFor(bundle, anchor, readers),
    ({ length }) => describeAsked(anchor, length, readers),
    () => readers.silent.length > 0,
  );
  if (asked === undefined) return undefined;
  let isFinal = true;
  for (const reader of asked) {
    const found = await checkAnchorOnChain(trail, { bundle, anchor, position, reader, options });
    if (found === undefined) return undefined;
    isFinal &&= found.isFinal;
  }
  return witnessOf(anchor, { isFinal, byTrustedBlock: false });
}

function checkExtension(bundle: Frame, anchor: BundleAnchor): void {
  const { size, root } = bundle.checkpoint;
  if (anchor.size === size && anchor.consistency !== undefined) {
    throw new ProofError(`expected no consistency path between equal sizes ${size}, got one`);
  }
  checkConsistency(keccak256, {
    from: size,
    to: anchor.size,
    fromRoot: fromHex(root, 32),
    toRoot: fromHex(anchor.root, 32),
    path: (anchor.consistency ?? []).map((node) => fromHex(node, 32)),
  });
}

function checkTrustedBlock(
  bundle: Frame,
  anchor: BundleAnchor,
  state: StateFinding | undefined,
  options: VerifyOptions,
): true {
  const { trustedBlocks = [] } = options;
  if (!trustedBlocks.includes(anchor.blockHash)) {
    const isAnyTrusted = bundle.anchors.some(({ blockHash }) => trustedBlocks.includes(blockHash));
    const message = `expected the block hash ${trustedBlocks.join(" or ")} that you trust, got ${anchor.blockHash}`;
    throw isAnyTrusted ? new UndecidedError(message, { kind: "unasked" }) : new ProofError(message);
  }
  if (state === undefined) {
    const message = "the bundle has no state proof for the block that you trust: ask a chain instead";
    throw new UndecidedError(message, { kind: "unasked" });
  }
  checkCode(state.codeHash, anchor, options);
  return true;
}

async function askChainIds(readers: readonly ChainReader[]): Promise<Readers> {
  const answers = await Promise.allSettled(
    readers.map(async (reader) => ({ reader, chainId: await reader.chainId() })),
  );
  return {
    named: answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])),
    silent: answers.flatMap((answer) => (answer.status === "rejected" ? [messageOf(answer.reason)] : [])),
  };
}

/**
 * The readers for an anchor's chain: each of them has to agree. A chain that was given and that no anchor names is a
 * contradiction; a chain that an anchor names and that nobody gave is only a question left open.
 */
function readersFor(bundle: Frame, anchor: BundleAnchor, { named, silent }: Readers): readonly ChainReader[] {
  const found = named.filter(({ chainId }) => chainId === anchor.chainId);
  if (found.length > 0) return found.map(({ reader }) => reader);
  if (silent.length > 0) throw new UndecidedError(`the chain could not be asked: ${silent.join("; ")}`);
  const idle = named.find(({ chainId }) => bundle.anchors.every((other) => other.chainId !== chainId));
  if (idle !== undefined)
    throw new ProofError(`expected chain ${anchor.chainId} as the bundle says, got ${idle.chainId}`);
  const message = `nobody was given to ask about chain ${anchor.chainId}; give one, or ask for another chain only`;
  throw new UndecidedError(message, { kind: "unasked" });
}

function describeAsked({ chainId }: BundleAnchor, asked: number, { named, silent }: Readers): string {
  const said = `the chain asked${asked > 1 ? ` ${asked} times` : ""} is ${chainId}, as the bundle says`;
  if (silent.length === 0) return said;
  return `${said}; of ${named.length + silent.length} endpoints that you named ${silent.length} did not answer`;
}

async function notAsked(trail: Trail, position: number, options: VerifyOptions): Promise<void> {
  const step = { name: "chain", anchor: position } as const;
  if (options.offline === true) {
    trail.skip(step, "no chain was asked, as you wanted: what the bundle says of this anchor is not proved");
    return;
  }
  const message = "the bundle names an anchor, and no chain was given to ask";
  await trail.take(
    step,
    () => {
      throw new UndecidedError(message, { kind: "unasked" });
    },
    () => "",
  );
}

function witnessOf(anchor: BundleAnchor, found: Pick<Witness, "isFinal" | "byTrustedBlock">): Witness {
  const { contract, blockNumber, blockHash, blockTime } = anchor;
  const isDevelopment = isDevelopmentChain(anchor.chainId);
  // What a block hash does not prove is not said, but that a file admits to a development chain is held against it.
  const chainId = found.byTrustedBlock ? undefined : anchor.chainId;
  const transactionHash = found.byTrustedBlock ? undefined : anchor.transactionHash;
  return { chainId, contract, transactionHash, blockNumber, blockHash, blockTime, isDevelopment, ...found };
}
