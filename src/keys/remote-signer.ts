/**
 * A signer in another process that speaks JSON-RPC, such as Web3Signer in front of a vault or an HSM, or clef. What comes
 * back is checked: who signed it here, and that a transaction is the one that was asked for in
 * anchor/transaction/send.ts.
 */

import type { Account, Draft } from "../chain/account.ts";
import { ChainError } from "../chain/chain.ts";
import { requireSender } from "../chain/ethers.ts";
import { connectEndpoint } from "../chain/node/endpoint.ts";
import type { Endpoint } from "../chain/node/endpoints.ts";
import { spellQuantity } from "../chain/node/rpc-values.ts";
import type { Hex } from "../merkle/bytes.ts";
import { recoverSigner } from "../merkle/checkpoint.ts";
import { recoverReportSigner } from "../merkle/report-statement.ts";
import type { LedgerSigner } from "./signer.ts";

const TIMEOUT_MS = 10_000;
const DOMAIN = { name: "Holdfast", version: "1" };
const DOMAIN_FIELDS = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
];
const FIELDS = {
  AuditReport: [
    { name: "ledgerId", type: "bytes32" },
    { name: "size", type: "uint64" },
    { name: "digest", type: "bytes32" },
    { name: "finishedAt", type: "uint64" },
  ],
  Checkpoint: [
    { name: "ledgerId", type: "bytes32" },
    { name: "size", type: "uint64" },
    { name: "root", type: "bytes32" },
    { name: "signedAt", type: "uint64" },
  ],
};

/** An account whose key is behind eth_signTransaction. */
export function remoteAccount(url: string, address: Hex): Account {
  const endpoint = connectEndpoint(url, TIMEOUT_MS);
  return {
    address,
    sign: async (draft) => {
      const answer = await endpoint.request("eth_signTransaction", [spellDraft(address, draft)]);
      // Web3Signer gives the bytes, geth and clef an object around them.
      const raw = typeof answer === "object" && answer !== null ? (answer as { raw?: unknown }).raw : answer;
      if (typeof raw !== "string" || !/^0x[0-9a-f]+$/i.test(raw)) {
        throw new ChainError("unavailable", `${endpoint.name}: expected a signed transaction, got something else`);
      }
      requireSender(raw, address);
      return raw.toLowerCase() as Hex;
    },
  };
}

function spellDraft(from: Hex, draft: Draft): Record<string, string> {
  const { chainId, nonce, to, data, gasMax, feeMax, tipMax, legacy } = draft;
  const fees = legacy
    ? { gasPrice: `0x${feeMax.toString(16)}` }
    : { maxFeePerGas: `0x${feeMax.toString(16)}`, maxPriorityFeePerGas: `0x${tipMax.toString(16)}`, type: "0x2" };
  const numbers = { chainId: spellQuantity(chainId), nonce: spellQuantity(nonce), gas: spellQuantity(gasMax) };
  return { from, to, data, value: "0x0", ...numbers, ...fees };
}

/** A signer whose key is behind eth_signTypedData_v4: it sees the whole statement. */
export function remoteSigner(url: string, address: Hex): LedgerSigner {
  const endpoint = connectEndpoint(url, TIMEOUT_MS);
  const sign = async (
    primaryType: keyof typeof FIELDS,
    message: Readonly<Record<string, string>>,
    recover: (signature: Hex) => Hex,
  ): Promise<Hex> => {
    const types = { EIP712Domain: DOMAIN_FIELDS, [primaryType]: FIELDS[primaryType] };
    const typed = JSON.stringify({ types, primaryType, domain: DOMAIN, message });
    const signature = canonical(await signTyped(endpoint, address, typed));
    const signer = recover(signature);
    if (signer === address) return signature;
    throw new ChainError("rejected", `${endpoint.name}: expected a signature of ${address}, got one of ${signer}`);
  };
  return {
    address,
    sign: ({ ledgerId, size, root, signedAt }) =>
      sign("Checkpoint", { ledgerId, size: String(size), root, signedAt: String(signedAt) }, (signature) =>
        recoverSigner({ ledgerId, size, root, signedAt, signature }),
      ),
    signReport: (statement) => {
      const { ledgerId, size, digest, finishedAt } = statement;
      const message = { ledgerId, size: String(size), digest, finishedAt: String(finishedAt) };
      return sign("AuditReport", message, (signature) => recoverReportSigner(statement, signature));
    },
  };
}

async function signTyped(endpoint: Endpoint, address: Hex, typed: string): Promise<unknown> {
  try {
    return await endpoint.request("eth_signTypedData_v4", [address, typed]);
  } catch (error) {
    // Web3Signer has the same method without the suffix.
    if (!(error instanceof ChainError) || error.kind === "unavailable") throw error;
    return endpoint.request("eth_signTypedData", [address, typed]);
  }
}

/** Some signers end with 0 or 1 where Ethereum's form has 27 or 28. */
function canonical(answer: unknown): Hex {
  if (typeof answer !== "string" || !/^0x[0-9a-f]{130}$/i.test(answer)) {
    throw new ChainError("unavailable", "expected a signature of 65 bytes from the signer, got something else");
  }
  const lower = answer.toLowerCase();
  const v = Number.parseInt(lower.slice(130), 16);
  return `${lower.slice(0, 130)}${(v < 27 ? v + 27 : v).toString(16)}` as Hex;
}
