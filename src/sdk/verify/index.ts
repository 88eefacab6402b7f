/**
 * `holdfast/verify`: judges bundles and evidence sets, in Node and in browsers, without the service and without trust in it. It
 * depends on nothing else of this package. What a verdict means is on docs/verify.md; the names here are promises.
 * Why: docs/decisions/0172.
 */

import { nodeAt, requestsTo } from "../../net/json-rpc.ts";
import type { Bundle } from "../../verify/bundle/bundle.ts";
import { parseBundle } from "../../verify/bundle/parse.ts";
import type { ChainReader } from "../../verify/evm/chain-reader.ts";
import { type FinalityRule, type RpcRequest, rpcChainReader } from "../../verify/evm/rpc-reader.ts";
import type { VerifyOptions } from "../../verify/options.ts";
import { verifyReport as judgeReport, type ReportVerdict } from "../../verify/report/check-report.ts";
import { verifySet as judgeSet, type SetVerdict } from "../../verify/set/check-set.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { verifyText } from "../../verify/verify.ts";
import { CONTRACT, RUNTIME_CODE_HASH } from "./known-contract.ts";

export type { Bundle, BundleAnchor, BundleMember, Status } from "../../verify/bundle/bundle.ts";
export { BundleError } from "../../verify/bundle/bundle.ts";
export type { ChainReader } from "../../verify/evm/chain-reader.ts";
export { type FinalityRule, RpcAnswerError, type RpcRequest } from "../../verify/evm/rpc-reader.ts";
export type { Expectations, VerifyOptions } from "../../verify/options.ts";
export type { AuditReportDocument } from "../../verify/report/audit-report.ts";
export type { ReportVerdict } from "../../verify/report/check-report.ts";
export type { SetVerdict } from "../../verify/set/check-set.ts";
export type { Outcome } from "../../verify/verdict/table.ts";
export type { Step, Subject, Verdict, Witness } from "../../verify/verdict/verdict.ts";

/**
 * Judges a bundle. It never rejects for what the bundle holds: `outcome` is "verified", "failed", "undecided" (could not be told)
 * or "no-proof", and `summary` says it in a sentence.
 *
 * Without options it asks nobody, so that the best it can say is that the bundle fits together: name who signs
 * (`expected.signers`), or a chain (`chain: chainAt(url)`), or a block that you trust (`trustedBlocks`).
 * @param text the bundle as it came, not parsed before: a parser drops what was there twice
 * @param options what to go by; the contract that this version comes with is known without being named
 */
export async function verifyBundle(text: string, options: VerifyOptions = {}): Promise<Verdict> {
  return verifyText(text, withContract(options));
}

/**
 * Judges an evidence set: every bundle, and that none of those that were written is missing. It rejects only when the lines
 * cannot be read.
 * @param lines of the set, without their newlines, from the first one
 * @param options as for {@link verifyBundle}
 * @param onVerdict is told of every bundle, with its line from 1
 */
export async function verifySet(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
  onVerdict?: (verdict: Verdict, line: number) => void,
): Promise<SetVerdict> {
  return judgeSet(lines, withContract(options), onVerdict);
}

/**
 * Judges the report of an audit: whether the ledger's signer signed exactly this. It never rejects for what the report holds. Whether
 * the audit found something is in `report.outcome` of the verdict, and the word of whoever signed.
 * @param text the report as it came
 * @param options as for {@link verifyBundle}
 */
export async function verifyReport(text: string, options: VerifyOptions = {}): Promise<ReportVerdict> {
  return judgeReport(text, withContract(options));
}

/**
 * What is in a bundle. That it could be read proves nothing of it.
 * @throws BundleError when the text has not the form of a bundle
 */
export function readBundle(text: string): Bundle {
  return parseBundle(text);
}

/**
 * The chain behind an Ethereum JSON-RPC endpoint, for `chain` of the options. It is asked with `fetch`, within 15 s for each question.
 * @param url http or https; it may hold user and password, which appear in no message
 * @param finality which blocks count as final: the node's tag, or a number of confirmations
 * @throws TypeError when the URL is none of http or https
 */
export function chainAt(url: string, finality: FinalityRule = "finalized"): ChainReader {
  return rpcChainReader(requestsTo(nodeAt(url)), finality);
}

/**
 * The chain behind something that carries requests otherwise, such as a wallet or another client of a node.
 * @param request gives the `result`; it throws {@link RpcAnswerError} when the node answers with an error, and anything else when
 *   there is no answer
 */
export function chainBy(request: RpcRequest, finality: FinalityRule = "finalized"): ChainReader {
  return rpcChainReader(request, finality);
}

function withContract(options: VerifyOptions): VerifyOptions {
  const { knownCodeHashes = [], knownContracts = [] } = options;
  return {
    ...options,
    knownCodeHashes: [...knownCodeHashes, RUNTIME_CODE_HASH],
    knownContracts: [...knownContracts, CONTRACT],
  };
}
