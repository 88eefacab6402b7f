/** What a contract says of a call that it refuses; apart, for it needs ethers, which takes longer to load than a bundle to verify. */

import { explainRevert } from "../../chain/contract/contract.ts";
import { revertData } from "../../chain/node/error-wording.ts";
import type { RpcAnswerError } from "../../verify/evm/rpc-reader.ts";

/** Why a contract refuses a call, in its own words where the node hands them on. */
export function refusalOf(error: RpcAnswerError): string {
  return explainRevert(revertData(error.cause))?.text ?? error.message;
}
