/**
 * The door of `ethers`: JSON-RPC over HTTP, the contract's calls and events, signing. Nothing of ethers is seen outside,
 * and its conveniences that go wrong over time are not used: no wait(), no NonceManager, no FallbackProvider, no retries.
 */

import {
  type AbstractSigner,
  encodeRlp as ethersEncodeRlp,
  FetchRequest,
  Interface,
  type InterfaceAbi,
  JsonRpcProvider,
  Network,
  type RlpStructuredData,
  Transaction,
  Wallet,
} from "ethers";
import type { Hex } from "../merkle/bytes.ts";
import type { Account, Draft } from "./account.ts";
import { AnswerError, getBounded } from "./bounded-get.ts";
import { ChainError } from "./chain.ts";
import { classify } from "./classify.ts";
import type { Endpoint } from "./endpoints.ts";

/** What ethers throws, or fetch, with the system's error below. */
type TransportError = {
  readonly code?: string;
  readonly response?: { readonly statusCode?: number; readonly bodyText?: string };
  readonly cause?: { readonly code?: string };
};
type RpcReply = { readonly result?: unknown; readonly error?: { message?: unknown; code?: unknown; data?: unknown } };

/** Bytes of an answer; proofs and receipts, the largest, have some ten thousand. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/**
 * An endpoint at a URL, which may hold user and password. Each request ends within `timeoutMs`.
 * @throws TypeError when the URL is none of http or https
 */
export function connectEndpoint(
  url: string,
  chainId: number,
  timeoutMs: number,
  bytesMax: number = ANSWER_BYTES_MAX,
): Endpoint {
  const request = requestOf(url);
  const name = new URL(url).host;
  const closed = new AbortController();
  request.getUrlFunc = (asked) => getBounded(asked, { timeoutMs, bytesMax, signal: closed.signal });
  const network = Network.from(chainId);
  const provider = new JsonRpcProvider(request, network, { staticNetwork: network, batchMaxCount: 1 });
  let id = 0;
  return {
    name,
    request: async (method, params) => {
      id += 1;
      // The raw request: ethers' own send() rewrites errors by guesses that hide the node's wording.
      const sent = provider._send({ jsonrpc: "2.0", id, method, params: [...params] });
      const [reply] = await sent.catch((error: unknown) => transportReply(error, name));
      return resultOf(reply as RpcReply, name);
    },
    close: () => {
      closed.abort();
      provider.destroy();
    },
  };
}

function requestOf(url: string): FetchRequest {
  const parsed = new URL(url);
  if (!/^https?:$/.test(parsed.protocol)) throw new TypeError(`expected an http(s) URL, got ${parsed.protocol}`);
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  const request = new FetchRequest(parsed.href);
  request.retryFunc = async () => false;
  if (username !== "") {
    request.allowInsecureAuthentication = parsed.protocol === "http:";
    request.setCredentials(decodeURIComponent(username), decodeURIComponent(password));
  }
  return request;
}

/** Some nodes put a JSON-RPC error into a reply of status 4xx or 5xx. Ethers' messages hold URLs, so none is passed on. */
function transportReply(error: unknown, name: string): [RpcReply] {
  if (error instanceof AnswerError) throw new ChainError("unavailable", `${name}: ${error.message}`);
  const { code, response, cause: below } = error as TransportError;
  try {
    const body = JSON.parse(response?.bodyText ?? "") as RpcReply;
    if (typeof body.error?.message === "string") return [body];
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  const status = response?.statusCode ? `HTTP status ${response.statusCode}` : (below?.code ?? code ?? "no answer");
  throw new ChainError("unavailable", `${name}: ${status}`);
}

function resultOf(reply: RpcReply | undefined, name: string): unknown {
  const { error, result } = reply ?? {};
  if (error === undefined || error === null) {
    if (result === undefined) throw new ChainError("unavailable", `${name}: expected a JSON-RPC reply, got another`);
    return result;
  }
  const message = String(error.message).slice(0, 300);
  const data = revertData(error.data);
  const kind = data !== undefined && data !== "0x" ? "reverted" : classify(message);
  throw new ChainError(kind, `${name}: ${message}`, kind === "reverted" ? data : undefined);
}

/** Data of a revert: geth gives hex, EDR an object with `data`. */
function revertData(data: unknown): string | undefined {
  const inner = typeof data === "object" && data !== null ? (data as { data?: unknown }).data : data;
  return typeof inner === "string" && /^0x[0-9a-f]*$/i.test(inner) ? inner.toLowerCase() : undefined;
}

/** Calls, results, errors and events of a contract. */
export type Codec = {
  readonly encode: (name: string, args: readonly unknown[]) => Hex;
  /** Results in the order of the ABI; structs are arrays with names as well. */
  readonly decode: (name: string, data: Hex) => Readonly<Record<string | number, unknown>>;
  /** Name and arguments of a contract's error, for people. */
  readonly explain: (data: string) => { readonly name: string; readonly text: string } | undefined;
  readonly topic: (name: string) => Hex;
  /** Arguments of an event, undefined when the log is another. */
  readonly event: (
    name: string,
    log: { readonly topics: readonly string[]; readonly data: string },
  ) => Readonly<Record<string, unknown>> | undefined;
};

/** @param abi of the contract, as the compiler writes it */
export function codecOf(abi: unknown): Codec {
  const face = new Interface(abi as InterfaceAbi);
  return {
    encode: (name, args) => face.encodeFunctionData(name, args) as Hex,
    decode: (name, data) => face.decodeFunctionResult(name, data) as unknown as Record<string, unknown>,
    explain: (data) => {
      const parsed = data.length >= 10 ? face.parseError(data) : null;
      return parsed === null ? undefined : { name: parsed.name, text: `${parsed.name}(${parsed.args.join(", ")})` };
    },
    topic: (name) => (face.getEvent(name)?.topicHash ?? "0x") as Hex,
    event: (name, log) => {
      const parsed = face.parseLog({ topics: [...log.topics], data: log.data });
      return parsed?.name === name ? parsed.args.toObject() : undefined;
    },
  };
}

/** RLP of nested lists of hex strings. */
export function encodeRlp(item: RlpStructuredData): Hex {
  return ethersEncodeRlp(item) as Hex;
}

/** Serialized and signed by a key in this process. */
export async function signDraft(privateKey: Hex, draft: Draft): Promise<Hex> {
  return (await new Wallet(privateKey).signTransaction(transactionOf(draft))) as Hex;
}

/** An account behind any ethers signer, such as one for a cloud's key service. */
export async function accountOf(signer: AbstractSigner): Promise<Account> {
  const address = (await signer.getAddress()).toLowerCase() as Hex;
  return {
    address,
    sign: async (draft) => {
      const raw = (await signer.signTransaction(transactionOf(draft))) as Hex;
      requireSender(raw, address);
      return raw;
    },
  };
}

function transactionOf({ legacy, feeMax, tipMax, gasMax, ...rest }: Draft) {
  const fees = legacy ? { type: 0, gasPrice: feeMax } : { type: 2, maxFeePerGas: feeMax, maxPriorityFeePerGas: tipMax };
  return { ...rest, gasLimit: gasMax, value: 0n, ...fees };
}

/**
 * Who signed a transaction, in lower case; it takes milliseconds.
 * @throws TypeError when nobody did
 */
export function senderOf(raw: string): Hex {
  const { from } = Transaction.from(raw);
  if (from === null) throw new TypeError("expected a signed transaction, got one without a signature");
  return from.toLowerCase() as Hex;
}

/** @throws ChainError rejected when another than the address signed: a signer in another process may be wrong */
export function requireSender(raw: string, address: Hex): void {
  const sender = senderOf(raw);
  if (sender !== address)
    throw new ChainError("rejected", `expected a transaction of ${address}, got one of ${sender}`);
}

/** What is in a signed transaction; not who signed it. @throws TypeError when it is none */
export function readSigned(raw: string): { readonly hash: Hex; readonly draft: Draft } {
  const tx = Transaction.from(raw);
  if (tx.hash === null || tx.to === null) throw new TypeError("expected a signed call, got another transaction");
  const legacy = tx.type === 0 || tx.type === 1;
  const draft = {
    chainId: Number(tx.chainId),
    nonce: tx.nonce,
    to: tx.to.toLowerCase() as Hex,
    data: tx.data as Hex,
    gasMax: Number(tx.gasLimit),
    feeMax: (legacy ? tx.gasPrice : tx.maxFeePerGas) ?? 0n,
    tipMax: (legacy ? tx.gasPrice : tx.maxPriorityFeePerGas) ?? 0n,
    legacy,
  };
  return { hash: tx.hash as Hex, draft };
}

/** Address of a key, lower case. @throws TypeError without the key in its message */
export function addressOfKey(privateKey: string): Hex {
  try {
    return new Wallet(privateKey).address.toLowerCase() as Hex;
  } catch {
    throw new TypeError("expected a private key of 32 bytes in hex, got something else");
  }
}

/** Private key in an encrypted JSON key store (Web3 Secret Storage). @throws TypeError when the password is wrong */
export async function decryptKeystore(json: string, password: string): Promise<Hex> {
  try {
    return (await Wallet.fromEncryptedJson(json, password)).privateKey as Hex;
  } catch {
    throw new TypeError("expected a JSON key store and its password, got another file or password");
  }
}

/** A private key as an encrypted JSON key store (Web3 Secret Storage); it takes a second on purpose. */
export async function encryptKeystore(privateKey: Hex, password: string): Promise<string> {
  return new Wallet(privateKey).encrypt(password);
}
