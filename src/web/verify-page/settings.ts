/** What the reader goes by, as it was typed, and as the verifier takes it. */

import { addressFault } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { readExplorers } from "../../verify/evm/explorers.ts";
import { rpcChainReader } from "../../verify/evm/rpc-reader.ts";
import type { Expectations, VerifyOptions } from "../../verify/options.ts";
import { KNOWN_CODE_HASHES, KNOWN_CONTRACTS } from "../verdict/known-code.ts";
import { nodeRequest } from "../verdict/node-request.ts";

/** Texts; an empty one is not said. */
export type Settings = {
  readonly node: string;
  readonly block: string;
  readonly ledger: string;
  readonly signer: string;
  readonly contract: string;
  /** Of chains, for links. */
  readonly explorer: string;
  /** A chain of developers is enough. */
  readonly development: boolean;
};

/** Those that are typed. */
export type TextSetting = Exclude<keyof Settings, "development">;

const BLOCK_HASH = /^0x[0-9a-f]{64}$/i;
const LEDGER_ID = BLOCK_HASH;
const FORM = "An address is 0x and 40 hex digits";

/** What is wrong with a setting, by its name; nothing when all can be used. */
export function settingProblems(settings: Settings): Partial<Record<TextSetting, string>> {
  const { node, block, ledger, signer, contract, explorer } = settings;
  const problems: Partial<Record<TextSetting, string>> = {};
  if (node !== "" && !(URL.canParse(node) && /^https?:\/\/[^/]/.test(node))) {
    problems.node = "An address begins with http:// or https://";
  }
  if (block !== "" && !BLOCK_HASH.test(block)) problems.block = "A block hash is 0x and 64 hex digits";
  const ledgerFault = LEDGER_ID.test(ledger) ? undefined : addressProblem(ledger);
  if (ledgerFault === FORM) problems.ledger = "A ledger id is 0x and 64 hex digits, an owner 0x and 40";
  else if (ledgerFault !== undefined) problems.ledger = ledgerFault;
  const signerFault = addressProblem(signer);
  if (signerFault !== undefined) problems.signer = signerFault;
  const contractFault = addressProblem(contract);
  if (contractFault !== undefined) problems.contract = contractFault;
  if (readExplorers(explorer) === undefined) {
    problems.explorer = "An explorer is a chain’s id, = and an address, as 8453=https://base.blockscout.com";
  }
  return problems;
}

function addressProblem(text: string): string | undefined {
  const fault = text === "" ? undefined : addressFault(text);
  if (fault === undefined) return undefined;
  return fault === "form" ? FORM : "The capitals are not those of the address; is a digit wrong?";
}

/** Options for the verifier. @param settings that have no problems */
export function optionsOf({ node, block, ledger, signer, contract, development }: Settings): VerifyOptions {
  const expected: Expectations = {
    ...(ledger === "" ? {} : LEDGER_ID.test(ledger) ? { ledgerId: ledger } : { owner: ledger }),
    ...(signer === "" ? {} : { signers: [signer] }),
    ...(contract === "" ? {} : { contract }),
  };
  return {
    knownCodeHashes: KNOWN_CODE_HASHES,
    knownContracts: KNOWN_CONTRACTS,
    expected,
    development,
    ...(node === "" ? {} : { chain: rpcChainReader(nodeRequest(node)) }),
    ...(block === "" ? {} : { trustedBlocks: [block.toLowerCase() as Hex] }),
  };
}
