/**
 * What a page may ask of the embedded chain: methods that only read, by their names. Block explorers that run in a browser
 * ask these; what changes the chain or what the node does (`anvil_`, `hardhat_`, `evm_`, `eth_send…`) is not among them.
 */

const READS: ReadonlySet<string> = new Set([
  "eth_blobBaseFee",
  "eth_blockNumber",
  "eth_call",
  "eth_chainId",
  "eth_estimateGas",
  "eth_feeHistory",
  "eth_gasPrice",
  "eth_getBalance",
  "eth_getBlockByHash",
  "eth_getBlockByNumber",
  "eth_getBlockReceipts",
  "eth_getBlockTransactionCountByHash",
  "eth_getBlockTransactionCountByNumber",
  "eth_getCode",
  "eth_getLogs",
  "eth_getProof",
  "eth_getStorageAt",
  "eth_getTransactionByBlockHashAndIndex",
  "eth_getTransactionByBlockNumberAndIndex",
  "eth_getTransactionByHash",
  "eth_getTransactionCount",
  "eth_getTransactionReceipt",
  "eth_maxPriorityFeePerGas",
  "eth_syncing",
  "net_version",
  "web3_clientVersion",
  "erigon_getHeaderByNumber",
  "ots_getApiLevel",
  "ots_getBlockDetails",
  "ots_getBlockDetailsByHash",
  "ots_getBlockTransactions",
  "ots_getContractCreator",
  "ots_getInternalOperations",
  "ots_getTransactionBySenderAndNonce",
  "ots_getTransactionError",
  "ots_hasCode",
  "ots_searchTransactionsAfter",
  "ots_searchTransactionsBefore",
  "ots_traceTransaction",
  "trace_replayTransaction",
]);

/** JSON-RPC 2.0 §5.1 */
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;

/** Answers to requests that do not go to the node. */
export type CallRefusal = {
  readonly jsonrpc: "2.0";
  readonly id: unknown;
  readonly error: { readonly code: number; readonly message: string };
};

/** Requests of a page, parted: those that go to the node, and answers to the others. */
export type PartedCalls = {
  readonly isBatch: boolean;
  readonly admitted: readonly unknown[];
  readonly refused: readonly CallRefusal[];
};

/** Parts what a page asks, one request or a batch. */
export function partCalls(asked: unknown): PartedCalls {
  const isBatch = Array.isArray(asked);
  const calls: readonly unknown[] = isBatch ? asked : [asked];
  const admitted: unknown[] = [];
  const refused: CallRefusal[] = [];
  for (const call of calls) {
    const refusal = refusalOf(call);
    if (refusal === undefined) admitted.push(call);
    else refused.push(refusal);
  }
  return { isBatch, admitted, refused };
}

function refusalOf(call: unknown): CallRefusal | undefined {
  const { id = null, method } = (call ?? {}) as { readonly id?: unknown; readonly method?: unknown };
  if (typeof method !== "string")
    return refuse(null, INVALID_REQUEST, "expected a JSON-RPC request with a method, got none");
  if (READS.has(method)) return undefined;
  const expected = "expected a method that only reads, since the request comes from a page";
  return refuse(id, METHOD_NOT_FOUND, `${expected}; got ${JSON.stringify(method.slice(0, 100))}`);
}

function refuse(id: unknown, code: number, message: string): CallRefusal {
  return { jsonrpc: "2.0", id, error: { code, message } };
}
