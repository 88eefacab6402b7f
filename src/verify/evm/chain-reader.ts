/**
 * The port through which a verification asks a chain. What a reader promises:
 *
 * - It asks the chain that its caller chose, never a service of the ledger, and never answers from anywhere else.
 * - Whatever cannot be asked in time rejects, with a message that says why; the verdict is then "could not tell".
 * - `undefined` and a zero hash mean that the chain itself says there is no such thing.
 */

import type { Hex } from "../../merkle/bytes.ts";

export type ChainBlock = {
  readonly hash: Hex;
  /** Seconds since 1970. */
  readonly time: number;
};

export type ChainLog = {
  /** Lower case. */
  readonly contract: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
};

export interface ChainReader {
  chainId(): Promise<number>;
  /** keccak256 of the code at an address; undefined when there is none. */
  codeHash(contract: string): Promise<Hex | undefined>;
  /** Root that the contract holds for a size; zeros when it holds none. */
  rootAt(contract: string, ledgerId: Hex, size: number): Promise<Hex>;
  /** Whether the contract knows an address as a signer that the ledger has or had. */
  everSigner(contract: string, ledgerId: Hex, signer: string): Promise<boolean>;
  /** Whether the contract holds a proof that the ledger's signer told two stories. */
  isForked(contract: string, ledgerId: Hex): Promise<boolean>;
  block(number: number): Promise<ChainBlock | undefined>;
  /** Logs of a contract in one block with these first topics; none when there is no such block. */
  logs(blockHash: Hex, contract: string, topics: readonly Hex[]): Promise<readonly ChainLog[]>;
  /** Whether the chain calls a block final; undefined when it does not say such things. */
  isFinal(blockNumber: number): Promise<boolean | undefined>;
}
