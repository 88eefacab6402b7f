/** What the contract makes of statements: whose they are, what it holds itself, and whether it would take a proof. */

import { type ContractCall, forkCall } from "../../chain/contract/manual-calls.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { rememberingReader } from "../../verify/cache.ts";
import type { ChainReader } from "../../verify/evm/chain-reader.ts";
import { RpcAnswerError } from "../../verify/evm/rpc-reader.ts";
import type { Contradiction } from "../../watch/fork.ts";
import { anchoredStatement, type Exhibit, type Statement } from "../../watch/statement.ts";
import { type ChainFlags, requireChain } from "../remote/account-flags.ts";
import { fewAtOnce } from "../remote/few-at-once.ts";
import { knownCodeHashes } from "../remote/known-contract.ts";
import { connectChain, connectNode } from "../remote/node.ts";
import { refusalOf } from "../remote/refusal.ts";
import { CliError } from "../terminal/failure.ts";

/** Sizes about which a contract is asked at most: strangers wrote the files, and each size in them is a request. */
export const SIZES_MAX = 4096;
const NO_ROOT = `0x${"0".repeat(64)}`;

/** Whether the contract takes a statement for one of the ledger; undefined when it cannot be said. */
export type Standing = { readonly isKnown: boolean | undefined; readonly detail: string };

export class ForkChain {
  readonly chainId: number;
  readonly contract: string;
  readonly #reader: ChainReader;
  readonly #url: string;
  /** Sizes about which the contract was asked. */
  readonly #sizes = new Set<number>();

  /** @throws CliError when the chain does not answer, is not the one that is meant, or has another contract there */
  static async open(url: string, contract: string, meant: ChainFlags): Promise<ForkChain> {
    const reader = rememberingReader(connectChain(url, "finalized"));
    const chainId = requireChain(meant, await reader.chainId());
    const codeHash = await reader.codeHash(contract);
    if (codeHash !== undefined && knownCodeHashes().includes(codeHash)) {
      return new ForkChain(url, reader, chainId, contract);
    }
    const message = `Expected the contract at ${contract} on chain ${chainId}, got other code or none; see --contract.`;
    throw new CliError(message, { code: "contract_unknown", exitStatus: 1 });
  }

  private constructor(url: string, reader: ChainReader, chainId: number, contract: string) {
    this.#url = url;
    this.#reader = reader;
    this.chainId = chainId;
    this.contract = contract;
  }

  async standing(statement: Statement): Promise<Standing> {
    const { ledgerId, size, root } = statement;
    if (statement.kind === "signed") {
      const isKnown = await this.#reader.everSigner(this.contract, ledgerId, statement.signer);
      const what = isKnown ? "knows" : "does not know";
      return { isKnown, detail: `the contract ${what} ${checksumAddress(statement.signer)} as a signer of the ledger` };
    }
    if (statement.chainId !== this.chainId || statement.contract !== this.contract.toLowerCase()) {
      const where = `contract ${statement.contract} on chain ${statement.chainId}`;
      return { isKnown: undefined, detail: `it is said to be in ${where}, which was not asked` };
    }
    if (!this.#mayAsk(size)) {
      return {
        isKnown: undefined,
        detail: `the contract was not asked about size ${size}, as ${SIZES_MAX} came first`,
      };
    }
    const held = await this.#reader.rootAt(this.contract, ledgerId, size);
    return {
      isKnown: held === root,
      detail: `the contract holds ${held === NO_ROOT ? "nothing" : held} for size ${size}`,
    };
  }

  /** What the contract holds for the sizes of statements, and about how many of them it was not asked. */
  async ownExhibit(
    ledgerId: Hex,
    statements: readonly Statement[],
  ): Promise<{ readonly exhibit: Exhibit; readonly unasked: number }> {
    const sizes = [...new Set(statements.map(({ size }) => size))];
    const asked = sizes.filter((size) => this.#mayAsk(size));
    const { chainId, contract } = this;
    const held = await fewAtOnce(asked, async (size) => {
      return { size, root: await this.#reader.rootAt(contract, ledgerId, size) };
    });
    const own = held
      .filter(({ root }) => root !== NO_ROOT)
      .map(({ size, root }) => anchoredStatement({ ledgerId, size, root, chainId, contract }));
    const exhibit = { ledgerId, statements: own, leaves: [], paths: [] };
    return { exhibit, unasked: sizes.length - asked.length };
  }

  #mayAsk(size: number): boolean {
    if (this.#sizes.size < SIZES_MAX) this.#sizes.add(size);
    return this.#sizes.has(size);
  }

  isForked(ledgerId: Hex): Promise<boolean> {
    return connectChain(this.#url, "finalized").isForked(this.contract, ledgerId);
  }

  /** The call that proves a contradiction, tried out. @throws CliError with the contract's own reason for refusing it */
  async tryOut(ledgerId: Hex, found: Contradiction): Promise<ContractCall> {
    const call = forkCall(ledgerId, found);
    try {
      await connectNode(this.#url)("eth_call", [{ to: this.contract, data: call.data }, "latest"]);
      return call;
    } catch (error) {
      if (!(error instanceof RpcAnswerError)) throw error;
      const reason = refusalOf(error);
      throw new CliError(`The contract refuses the proof: ${reason}.`, { code: "proof_refused", exitStatus: 1 });
    }
  }
}
