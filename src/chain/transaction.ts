/**
 * What every sender of transactions does, a service that anchors and a command that sends for a person: ask what a call
 * takes, and sign it so that nobody changes it on the way.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { Account, Draft } from "./account.ts";
import type { Call, Chain } from "./chain.ts";
import { requireDraft } from "./ethers.ts";
import type { FeeLimits } from "./fees.ts";

/**
 * Gas beyond the estimate, in percent; many anchors in one call need more because each gets 63/64 of what is left.
 * Nothing is needed for signers that are contracts: what anchor/jobs/anchor-call.ts prepares is signed by the signer's
 * key, and such an anchor makes the contract ask nobody, whatever an owner does meanwhile
 * (docs/decisions/0098-gas-of-a-signer.md).
 */
const GAS_MARGIN = { one: 10, many: 25 };
/** Bytes of a signed transaction beside its call data. */
const ENVELOPE_BYTES = 200;

/** What a call needs, before anybody says what is paid for a unit of gas; `dataFee` is in wei. */
export type CallNeeds = Pick<FeeLimits, "gasMax" | "dataFee">;

/**
 * Gas and data fee of a call as things are now.
 * @param items anchors that the call carries
 * @throws ChainError reverted, with the contract's error
 */
export async function measureCall(chain: Chain, call: Call, items = 1): Promise<CallNeeds> {
  const gas = await chain.estimateGas(call);
  const margin = items > 1 ? GAS_MARGIN.many : GAS_MARGIN.one;
  const dataFee = await chain.dataFee(call.data.length / 2 + ENVELOPE_BYTES);
  return { gasMax: Math.ceil((gas * (100 + margin)) / 100), dataFee };
}

/**
 * Has a transaction signed, and compares it with the draft: what signs may be a process that nobody here has seen.
 * @throws ChainError rejected when any field is another
 */
export async function signChecked(account: Account, draft: Draft): Promise<{ readonly raw: Hex; readonly hash: Hex }> {
  const raw = await account.sign(draft);
  return { raw, hash: requireDraft(raw, draft) };
}
