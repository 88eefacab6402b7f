/**
 * The door of `ethers`: the contract's calls and events, transactions, keys. Nothing of ethers is seen outside, and its
 * providers are not used: what is asked of a node is in net/json-rpc.ts. Its errors hold all that they were
 * given, which may be megabytes of a node's, so none is passed on. A start loads the parts that it needs: all of it, with
 * the words of eight languages, takes a tenth of a second of processor.
 */

import { Interface, type InterfaceAbi } from "ethers/abi";
import { SigningKey } from "ethers/crypto";
import { computeAddress, Transaction } from "ethers/transaction";
import { encodeRlp as ethersEncodeRlp, type RlpStructuredData } from "ethers/utils";
import { readJson } from "../json/read.ts";
import type { Hex } from "../merkle/bytes.ts";
import { excerpt } from "../verify/evm/rpc-answer.ts";
import type { Draft } from "./account.ts";
import { ChainError } from "./chain.ts";

/** Key stores alone need it. */
const loadWallet = () => import("ethers/wallet");

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
    decode: (name, data) => {
      const results = attempt(() => face.decodeFunctionResult(name, data));
      // Ethers leaves the parts unread until they are asked for.
      if (attempt(() => results?.toArray(true)) !== undefined) return results as unknown as Record<string, unknown>;
      throw new ChainError("unavailable", `expected what ${name}() gives from the endpoint, got ${excerpt(data)}`);
    },
    explain: (data) => {
      return attempt(() => {
        const parsed = data.length >= 10 ? face.parseError(data) : null;
        return parsed === null ? undefined : { name: parsed.name, text: `${parsed.name}(${parsed.args.join(", ")})` };
      });
    },
    topic: (name) => (face.getEvent(name)?.topicHash ?? "0x") as Hex,
    event: (name, log) => {
      return attempt(() => {
        const parsed = face.parseLog({ topics: [...log.topics], data: log.data });
        return parsed?.name === name ? parsed.args.toObject(true) : undefined;
      });
    },
  };
}

/** What ethers reads; undefined when it cannot. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** RLP of nested lists of hex strings. */
export function encodeRlp(item: RlpStructuredData): Hex {
  return ethersEncodeRlp(item) as Hex;
}

/** Serialized and signed by a key in this process. */
export async function signDraft(privateKey: Hex, draft: Draft): Promise<Hex> {
  const tx = Transaction.from(transactionOf(draft));
  tx.signature = new SigningKey(privateKey).sign(tx.unsignedHash);
  return tx.serialized as Hex;
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
  const from = attempt(() => Transaction.from(raw).from);
  if (from === undefined || from === null) throw new TypeError(`expected a signed transaction, got ${excerpt(raw)}`);
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
  const tx = readTransaction(raw);
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

function readTransaction(raw: string): Transaction & { readonly hash: string; readonly to: string } {
  const tx = attempt(() => Transaction.from(raw));
  if (tx === undefined || tx.hash === null || tx.to === null) {
    throw new TypeError(`expected a signed call, got ${excerpt(raw)}`);
  }
  return tx as Transaction & { readonly hash: string; readonly to: string };
}

const SHOWN_MAX = 80;
/** Fields of a transaction by their names in the standards (EIP-155, 2930, 1559, 4844, 7702), the most dangerous first. */
const FIELDS = [
  "chainId",
  "type",
  "nonce",
  "to",
  "value",
  "data",
  "gasLimit",
  "gasPrice",
  "maxFeePerGas",
  "maxPriorityFeePerGas",
  "accessList",
  "maxFeePerBlobGas",
  "blobVersionedHashes",
  "authorizationList",
] as const;

/**
 * What was signed must be what was asked, the chain above all: what another process signs, nobody here has seen. The bytes
 * under the signature are compared, so no field is left out that can be signed, whatever the draft does not speak of.
 * @returns the hash
 * @throws ChainError rejected when any field is another
 */
export function requireDraft(raw: Hex, draft: Draft): Hex {
  const signed = readTransaction(raw);
  const wanted = Transaction.from(transactionOf(draft));
  if (signed.unsignedSerialized === wanted.unsignedSerialized) return signed.hash as Hex;
  for (const field of FIELDS) {
    const expected = spellField(wanted[field]);
    const got = spellField(signed[field]);
    if (expected === got) continue;
    const message = `expected ${field} ${shorten(expected)} in what was signed, got ${shorten(got)}`;
    throw new ChainError("rejected", message);
  }
  throw new ChainError("rejected", "expected the transaction that was asked for in what was signed, got another one");
}

function spellField(value: unknown): string {
  if (value === null) return "none";
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each));
}

/** As it stands in a message: what was signed may be megabytes of somebody else's. */
function shorten(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}… (${text.length} characters)` : text;
}

/** Address of a key, lower case. @throws TypeError without the key in its message */
export function addressOfKey(privateKey: string): Hex {
  try {
    const key = new SigningKey(privateKey.startsWith("0x") ? privateKey : `0x${privateKey}`);
    return computeAddress(key.publicKey).toLowerCase() as Hex;
  } catch {
    throw new TypeError("expected a private key of 32 bytes in hex, got something else");
  }
}

/** Private key in an encrypted JSON key store (Web3 Secret Storage). @throws TypeError when the password is wrong */
export async function decryptKeystore(json: string, password: string): Promise<Hex> {
  try {
    // Written again, so that ethers, which reads it with the engine's parser, meets no escape in a name it knows.
    const plain = JSON.stringify(readJson(json));
    const { Wallet } = await loadWallet();
    return (await Wallet.fromEncryptedJson(plain, password)).privateKey as Hex;
  } catch {
    throw new TypeError(
      "expected a JSON key store and its password, got another file or password, or one that was changed",
    );
  }
}

/** A private key as an encrypted JSON key store (Web3 Secret Storage); it takes a second on purpose. */
export async function encryptKeystore(privateKey: Hex, password: string): Promise<string> {
  const { Wallet } = await loadWallet();
  return new Wallet(privateKey).encrypt(password);
}
