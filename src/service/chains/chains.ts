/**
 * The keys and the chains of a service: those that its configuration names, or else the embedded ones; and how far the
 * chains have come, in the words of the API.
 */

import { join } from "node:path";
import type { Anchorer } from "../../anchor/anchorer.ts";
import type { ChainSetup } from "../../anchor/chain-loop.ts";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { connectChain } from "../../chain/evm-chain.ts";
import { DEV_CHAIN_ID, DevChain } from "../../devchain/devchain.ts";
import type { Health } from "../../health.ts";
import type { ChainStatus } from "../../http/services.ts";
import { KeyError, keyAccount, localKeys, openAccount, openSigner } from "../../keys/key-source.ts";
import { compareKey, compareLocalKeys } from "../../keys/known-keys.ts";
import { keySigner } from "../../keys/local-signer.ts";
import type { LedgerSigner } from "../../keys/signer.ts";
import type { Log } from "../../log.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { hostInUrl } from "../../net/listen-address.ts";
import type { Store } from "../../store/store.ts";
import type { Explorer } from "../../verify/evm/explorers.ts";
import type { ChainConfig, Config, KeySource } from "../config.ts";
import { mainAddress } from "../listening.ts";

/** A chain as it is told to the person who starts a service. */
export type ChainFacts = {
  readonly name: string;
  readonly chainId: number;
  /** First endpoint, without a path that may hold a key. */
  readonly endpoint: string;
  readonly contract: string;
  /** Where people look at it. */
  readonly explorer: Explorer | undefined;
  readonly embedded?: DevChain["kind"];
};

/** What a service signs with and anchors on. */
export type OpenedChains = {
  readonly signer: LedgerSigner;
  readonly owner: Hex;
  readonly setups: readonly ChainSetup[];
  readonly facts: readonly ChainFacts[];
};

/** What the parts are opened with. */
type Around = {
  readonly log: Log;
  readonly health: Health;
  readonly store: Store;
  /** Takes what closes something that was opened. */
  readonly closeLater: (close: () => Promise<void>) => void;
};

/** The embedded chain is asked often: it is on this machine. */
const EMBEDDED_POLL_MS = 500;
/** What it was sent and did not mine is gone when it is killed: it has no peers that would remember. */
const EMBEDDED_RESEND_MS = 2000;
/** Readiness gives anchoring this many intervals. */
const LAG_INTERVALS = 3;
/** And this long, for a transaction to be mined. */
const LAG_MARGIN_MS = 120_000;

/** The keys and the chains: those of the configuration, or else the embedded ones. */
export async function openChains(config: Config, around: Around): Promise<OpenedChains> {
  if (config.chains.length === 0) return openEmbedded(config, around);
  const { store, log } = around;
  const compare = (role: string, place: KeySource, { address }: { readonly address: Hex }) =>
    compareKey(store, { role, place, address }, log);
  if (config.signer === undefined || config.owner === undefined) {
    throw new TypeError("expected a signer and an owner in a configuration with chains, got none");
  }
  const account = isKeySource(config.owner) ? await ofSetting("owner", openAccount(config.owner)) : undefined;
  if (account !== undefined) await compare("owner", config.owner as KeySource, account);
  const owner = account?.address ?? addressIn(config.owner);
  const setups: ChainSetup[] = [];
  for (const [i, chain] of config.chains.entries()) {
    const payer = await ofSetting(`chains[${i}].payer`, openAccount(chain.payer));
    await compare(`payer/${chain.name}`, chain.payer, payer);
    const contract = chain.contract ?? CONTRACT_ADDRESS;
    setups.push({
      name: chain.name,
      payer,
      owners: account === undefined ? [] : [account],
      policy: policyOf(chain),
      chain: connectChain({ urls: chain.rpc, chainId: chain.chainId, contract }),
    });
  }
  const signer = await ofSetting("signer", openSigner(config.signer));
  await compare("signer", config.signer, signer);
  return { signer, owner, setups, facts: config.chains.map(factsOf) };
}

/** What is opened as a setting says. @throws KeyError that names the setting */
async function ofSetting<T>(setting: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof KeyError) throw new KeyError(`"${setting}": ${error.message}`, { cause: error });
    throw error;
  }
}

async function openEmbedded(config: Config, { log, health, store, closeLater }: Around): Promise<OpenedChains> {
  const keys = await localKeys(join(config.data, "keys"));
  await compareLocalKeys(store, keys, log);
  // Next to the service's own port where that is free, so that an address that was noted down stays right.
  const { host, port: own } = mainAddress(config);
  const port = own === 0 ? 0 : own + 1;
  // The page that verifies asks the chain from the reader's browser, and so does an explorer.
  const scheme = config.http === undefined ? "https" : "http";
  const ownOrigins = own === 0 ? [] : [`${scheme}://${hostInUrl(host)}:${own}`];
  const { embeddedExplorer: explorer } = config;
  const pageOrigins = explorer === undefined ? ownOrigins : [...ownOrigins, new URL(explorer.url).origin];
  const options = { dir: join(config.data, "chain"), port, log, health, pageOrigins };
  const devChain = await DevChain.open(options);
  closeLater(() => devChain.close());
  const payerAccount = keyAccount(keys.payer.key);
  const ownerAccount = keyAccount(keys.owner.key);
  await Promise.all([payerAccount, ownerAccount].map(({ address }) => devChain.fund(address)));
  const intervalMs = config.embeddedIntervalS * 1000;
  const setup: ChainSetup = {
    name: "embedded",
    payer: payerAccount,
    owners: [ownerAccount],
    mineBlocks: () => devChain.mineBlocks(),
    chain: connectChain({ urls: [devChain.url], chainId: DEV_CHAIN_ID, contract: devChain.contract }),
    policy: {
      intervalMs,
      paceMs: () => devChain.paceMs(intervalMs),
      pollMs: EMBEDDED_POLL_MS,
      resendMs: EMBEDDED_RESEND_MS,
      onReplaced: "restart",
    },
  };
  const contract = checksumAddress(devChain.contract);
  const place = { name: "embedded", chainId: DEV_CHAIN_ID, endpoint: devChain.url, contract };
  const facts = { ...place, explorer, embedded: devChain.kind };
  return { signer: keySigner(keys.signer.key), owner: ownerAccount.address, setups: [setup], facts: [facts] };
}

function isKeySource(owner: NonNullable<Config["owner"]>): owner is KeySource {
  return "remote" in owner || "keystore" in owner || "file" in owner || "env" in owner;
}

function addressIn(owner: NonNullable<Config["owner"]>): Hex {
  if (!("address" in owner) || owner.address === undefined)
    throw new TypeError("expected an owner with an address, got one without");
  return owner.address.toLowerCase() as Hex;
}

function policyOf(chain: ChainConfig): NonNullable<ChainSetup["policy"]> {
  const { entriesMax, feeMaxWei, budgetPerDayWei, mempool, pollMs, finality } = chain;
  const times = { intervalMs: chain.intervalS * 1000, heartbeatMs: chain.heartbeatS * 1000 };
  return { entriesMax, feeMaxWei, budgetPerDayWei, mempool, pollMs, finality, ...times };
}

function factsOf({ name, chainId, rpc, contract, explorer }: ChainConfig): ChainFacts {
  const endpoint = new URL(rpc[0] as string).origin;
  return {
    name,
    chainId,
    endpoint,
    explorer,
    contract: checksumAddress((contract ?? CONTRACT_ADDRESS).toLowerCase() as Hex),
  };
}

/** How far each chain has come with a ledger, in the words of the API. */
export async function chainsOf(anchorer: Anchorer, config: Config, ledgerId: Hex): Promise<ChainStatus[]> {
  const all = await anchorer.status(ledgerId);
  return all.flatMap(({ name, chainId, contract, intervalMs, ledgers }) => {
    const explorer = explorerOf(config, name);
    return ledgers.map(({ anchoredSize, finalSize, oldestUnanchoredS, note }) => ({
      chainId,
      contract,
      ...(explorer !== undefined && { explorer }),
      anchoredSize,
      finalSize,
      lagMs: Math.round(oldestUnanchoredS * 1000),
      lagMaxMs: lagMaxMs(config, name, intervalMs),
      // Anybody may read this: messages of notes name ledgers and repeat what nodes say, which can hold keys.
      ...(note !== undefined && { trouble: note.code.replaceAll("_", " ") }),
    }));
  });
}

/** The explorer that is set for a chain, by the name of the chain. */
function explorerOf({ chains, embeddedExplorer }: Config, name: string): Explorer | undefined {
  return chains.length === 0 ? embeddedExplorer : chains.find((each) => each.name === name)?.explorer;
}

/** How old an entry may be that the chain does not have yet, before the service is not ready. */
export function lagMaxMs(config: Config, name: string, intervalMs: number): number {
  const chain = config.chains.find((each) => each.name === name);
  if (chain !== undefined && chain.lagMaxS > 0) return chain.lagMaxS * 1000;
  return LAG_INTERVALS * intervalMs + LAG_MARGIN_MS;
}
