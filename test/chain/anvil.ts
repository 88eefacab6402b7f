/** A real chain for tests: anvil on loopback, ended with the test, and requests to it beside the port under test. */

import assert from "node:assert/strict";
import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import type { Endpoint } from "../../src/chain/node/endpoints.ts";
import { type ChainProcess, findProgram, startProcess } from "../../src/devchain/process.ts";
import type { Hex } from "../../src/merkle/bytes.ts";

export const CHAIN_ID = 31_337;

export class Anvil {
  readonly url: string;
  readonly #process: ChainProcess;
  readonly #endpoint: Endpoint;

  static async start(options: { readonly automine?: boolean } = {}): Promise<Anvil> {
    const program = findProgram();
    assert.equal(program.kind, "anvil", "these tests need anvil");
    const anvil = new Anvil(await startProcess({ program, chainId: CHAIN_ID, port: 0 }));
    await anvil.ask("anvil_setCode", DEPLOYED.address, DEPLOYED.code);
    if (options.automine === false) await anvil.ask("evm_setAutomine", false);
    await anvil.mine(1);
    return anvil;
  }

  private constructor(started: ChainProcess) {
    this.#process = started;
    this.url = started.url;
    this.#endpoint = connectEndpoint(started.url, 10_000);
  }

  ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return this.#endpoint.request(method, params);
  }

  async mine(blocks: number): Promise<void> {
    await this.ask("anvil_mine", `0x${blocks.toString(16)}`);
  }

  async fund(account: Hex, wei = 10n ** 20n): Promise<void> {
    await this.ask("anvil_setBalance", account, `0x${wei.toString(16)}`);
  }

  async stop(): Promise<void> {
    this.#endpoint.close();
    await this.#process.stop();
  }
}
