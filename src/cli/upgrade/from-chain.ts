/**
 * What chains alone know of a bundle's checkpoint: whether the contract holds its root, where it was anchored, whether
 * that block is final, and then the proof of the state. It needs no service of the ledger, and an endpoint is believed no
 * more than a service: what it says is verified afterwards, as everything that goes into a bundle.
 */

import { ChainError } from "../../chain/chain.ts";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { connectChain as connectAnchorChain, type RpcChain } from "../../chain/evm-chain.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { ProofError } from "../../merkle/proof.ts";
import { failureWords } from "../../net/failed-connection.ts";
import type { AnchorState, Bundle, BundleAnchor } from "../../verify/bundle/bundle.ts";
import { checkCode } from "../../verify/check-on-chain.ts";
import type { ChainReader } from "../../verify/evm/chain-reader.ts";
import type { FinalityRule } from "../../verify/evm/rpc-reader.ts";
import type { VerifyOptions } from "../../verify/options.ts";
import { UndecidedError } from "../../verify/verdict/verdict.ts";
import { verifyBundle } from "../../verify/verify.ts";
import { connectChain } from "../remote/node.ts";
import { CliError, unreachable } from "../terminal/failure.ts";
import { printNote } from "../terminal/output.ts";
import { chooseAnchored, type Target } from "./choose-root.ts";
import type { Links } from "./from-service.ts";

export type NodeFlags = {
  /** JSON-RPC endpoints, of one chain or of several. */
  readonly urls: readonly string[];
  readonly finality: FinalityRule;
  readonly contract?: string;
  readonly chainId?: number;
  readonly wantsState: boolean;
  /** Name of the bundle's file, for messages. */
  readonly file: string;
};

/** The endpoints that say that they are of one chain. */
type Place = { readonly chainId: number; readonly urls: readonly string[]; readonly readers: readonly ChainReader[] };
type Found = { readonly anchor: BundleAnchor; readonly isFinal: boolean };

/** Seconds by which a signer's clock may have been ahead of the chain's. */
const CLOCK_SLACK_S = 600;

/**
 * The anchors of a bundle's checkpoint on the chains behind endpoints.
 * @param options of the verification that follows
 * @throws CliError with status 1 when the bundle does not hold or a chain contradicts it, 2 when there is no anchor to be had
 */
export async function linkByChain(bundle: Bundle, flags: NodeFlags, options: VerifyOptions): Promise<Links> {
  await requireSound(bundle, options);
  const places = await askChainIds(flags);
  const found: Found[] = [];
  const misses: CliError[] = [];
  for (const place of places) {
    try {
      found.push(await askChain(bundle, place, flags, options));
    } catch (error) {
      if (!(error instanceof CliError) || error.exitStatus === 1) throw error;
      misses.push(error);
    }
  }
  const [first] = misses;
  if (found.length === 0 && first !== undefined) throw misses.length === 1 ? first : joinMisses(first, misses);
  for (const { message } of misses) printNote(message);
  const isOther = ({ chainId }: BundleAnchor) => found.every(({ anchor }) => anchor.chainId !== chainId);
  const wasFinal = bundle.status === "final" && bundle.anchors.some(isOther);
  const isFinal = wasFinal || found.some((each) => each.isFinal);
  return { anchors: found.map(({ anchor }) => anchor), status: isFinal ? "final" : "anchored" };
}

/** What is no proof by itself is none of a fork either, whatever a chain holds. */
async function requireSound(bundle: Bundle, options: VerifyOptions): Promise<void> {
  const { chainId: _, contract: __, ...expected } = options.expected ?? {};
  const verdict = await verifyBundle({ ...bundle, anchors: [], status: "recorded" }, { expected, offline: true });
  if (verdict.checks !== "passed") throw new CliError(verdict.summary, { code: "bundle_failed", exitStatus: 1 });
}

function joinMisses({ code }: CliError, misses: readonly CliError[]): CliError {
  return new CliError(misses.map(({ message }) => message).join(" "), { code, exitStatus: 2 });
}

async function askChainIds({ urls, finality, chainId: wanted }: NodeFlags): Promise<Place[]> {
  const readers = urls.map((url) => ({ url, reader: connectChain(url, finality) }));
  const answers = await Promise.allSettled(
    readers.map(async ({ url, reader }) => ({ url, reader, chainId: await reader.chainId() })),
  );
  const named = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const silent = answers.flatMap((answer) => (answer.status === "rejected" ? [failureWords(answer.reason)] : []));
  if (named.length === 0) throw unreachable(`No chain could be asked: ${silent.join("; ")}.`);
  const chainIds = [...new Set(named.map(({ chainId }) => chainId))];
  const asked = wanted === undefined ? chainIds : chainIds.filter((chainId) => chainId === wanted);
  if (asked.length === 0) {
    const message = `Expected an endpoint of chain ${wanted}, got one of chain ${chainIds.join(", ")}.`;
    throw new CliError(message, { code: "chain_wrong", exitStatus: 2 });
  }
  return asked.map((chainId) => {
    const own = named.filter((each) => each.chainId === chainId);
    return { chainId, urls: own.map(({ url }) => url), readers: own.map(({ reader }) => reader) };
  });
}

async function askChain(bundle: Bundle, place: Place, flags: NodeFlags, options: VerifyOptions): Promise<Found> {
  const { chainId, urls } = place;
  const named = bundle.anchors.find((anchor) => anchor.chainId === chainId)?.contract;
  const contract = checksumAddress(flags.contract ?? named ?? CONTRACT_ADDRESS);
  const chain = connectAnchorChain({ urls, chainId, contract });
  try {
    checkCode((await chain.identify()).codeHash, { contract }, options);
    const target = await chooseAnchored(chain, bundle, flags.file);
    return await findAnchor(bundle.ledger.id, chain, target, place, flags);
  } catch (error) {
    throw explain(error, chainId);
  } finally {
    chain.close();
  }
}

async function findAnchor(
  ledgerId: Hex,
  chain: RpcChain,
  { size, root, consistency, since }: Target,
  { chainId, readers }: Place,
  { wantsState }: NodeFlags,
): Promise<Found> {
  const found = await chain.findAnchor(ledgerId, size, since - CLOCK_SLACK_S);
  if (found === undefined) {
    const message = `The contract on chain ${chainId} holds the root for size ${size}, and the endpoint finds no event that says since which block; ask one that keeps and searches all logs.`;
    throw new CliError(message, { code: "event_missing", exitStatus: 2 });
  }
  const { transactionHash, blockNumber, blockHash } = found;
  const block = await chain.block(blockNumber);
  if (block?.hash !== blockHash) {
    const message = `The endpoint's answers do not fit together: an event of block ${blockNumber} with hash ${blockHash}, and for that block ${block === undefined ? "none" : `hash ${block.hash}`}; ask again, or another one.`;
    throw new CliError(message, { code: "chain_unsteady", exitStatus: 2 });
  }
  const finals = await Promise.all(readers.map((reader) => reader.isFinal(blockNumber)));
  const isFinal = finals.every((each) => each === true);
  const claim = { ledgerId, size, root, blockNumber, blockHash };
  if (!isFinal) printNote(describeWait(blockNumber, finals));
  const state = isFinal && wantsState ? await proveState(chain, claim) : undefined;
  const anchor: BundleAnchor = {
    chainId,
    contract: checksumAddress(chain.contract),
    size,
    root,
    ...(consistency !== undefined && { consistency }),
    transactionHash,
    blockNumber,
    blockHash,
    blockTime: block.time,
    ...(state !== undefined && { state }),
  };
  return { anchor, isFinal };
}

function describeWait(blockNumber: number, finals: readonly (boolean | undefined)[]): string {
  if (finals.includes(undefined)) {
    return `The chain does not say whether block ${blockNumber} is final: see --finality. Without that there is no state proof.`;
  }
  return `Block ${blockNumber} is not final yet. Run this again when it is: the bundle then gets its state proof.`;
}

/** @returns undefined, and says why, when the endpoint does not have the state of the block any more */
async function proveState(chain: RpcChain, claim: Parameters<RpcChain["prove"]>[0]): Promise<AnchorState | undefined> {
  try {
    return await chain.prove(claim);
  } catch (error) {
    if (error instanceof ProofError) {
      const message = `The state proof that the endpoint gave does not hold: ${error.message}. Ask another one; --no-state does without.`;
      throw new CliError(message, { code: "state_invalid", exitStatus: 1, cause: error });
    }
    if (!(error instanceof ChainError)) throw error;
    const way =
      "run this again with a node that keeps old states (an archive node), until then it takes a chain to verify";
    // A bundle's state is that of its anchor's block (docs/format.md §7), so that a newer block's would not do.
    printNote(`No state proof of block ${claim.blockNumber}: ${error.message}; ${way}.`);
    return undefined;
  }
}

/** What a failure on the way means; what makes no sense at all is an answer that cannot be right. */
function explain(error: unknown, chainId: number): CliError {
  if (error instanceof CliError) return error;
  const reason = failureWords(error);
  if (error instanceof ChainError) {
    if (error.kind === "unavailable") return unreachable(`Chain ${chainId} could not be asked: ${reason}.`, error);
    const hint = error.kind === "contract_missing" ? "; is it another chain, or see --contract" : "";
    const message = `Chain ${chainId} could not tell: ${reason}${hint}.`;
    return new CliError(message, { code: error.code, exitStatus: 2, cause: error });
  }
  if (error instanceof UndecidedError || error instanceof ProofError) {
    const exitStatus = error instanceof UndecidedError ? 2 : 1;
    return new CliError(`Chain ${chainId}: ${reason}.`, { code: "contract_unknown", exitStatus, cause: error });
  }
  const message = `Chain ${chainId} gave an answer that cannot be right: ${reason.slice(0, 300)}`;
  return new CliError(message, { code: "answer_invalid", exitStatus: 1, cause: error });
}
