/** The port's promises, kept by the chain in memory and by a real one behind JSON-RPC. */

import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import { connectChain } from "../../src/chain/evm-chain.ts";
import { Anvil, CHAIN_ID } from "./anvil.ts";
import { FakeChain } from "./fake-chain.ts";
import { testChain } from "./suite.ts";

testChain("chain in memory", async () => {
  const chain = new FakeChain();
  return {
    chain,
    mine: async (blocks) => chain.mine(blocks),
    fund: async (account) => chain.fund(account),
    close: async () => chain.close(),
  };
});

testChain("anvil behind JSON-RPC", async () => {
  const anvil = await Anvil.start({ automine: false });
  const chain = connectChain({ urls: [anvil.url], chainId: CHAIN_ID, contract: DEPLOYED.address });
  return {
    chain,
    mine: (blocks) => anvil.mine(blocks),
    fund: (account) => anvil.fund(account),
    close: async () => {
      chain.close();
      await anvil.stop();
    },
  };
});
