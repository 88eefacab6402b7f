/**
 * A simulated chain with the contract on it, from the code that is checked in, and the hardforks that every contract
 * test runs on. Mocks are compiled once, by whichever test file comes first.
 */

import assert from "node:assert/strict";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type BaseContract,
  ContractFactory,
  type ContractMethod,
  type ContractTransactionReceipt,
  type Result,
  type Signer,
} from "ethers";
import hre from "hardhat";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };

/** The hardfork that chains are on, and the next one, whose prices of storage are others. */
export const HARDFORKS = ["osaka", "amsterdam"] as const;
export type Hardfork = (typeof HARDFORKS)[number];

const CACHE = join(import.meta.dirname, "../../cache");
const LOCK = join(CACHE, "contract-tests.lock");
const LOCK_STALE_MS = 120_000;

export type Chain = Awaited<ReturnType<typeof openChain>>;

/** A contract with methods of these names. */
export type Callable<Names extends string> = BaseContract & Readonly<Record<Names, ContractMethod>>;

export type Anchors = Callable<
  | ("open" | "rotateSigner" | "transferOwnership" | "acceptOwnership" | "nameSuccessor" | "anchor" | "anchorMany")
  | ("proveFork" | "proveForkAt" | "head" | "rootAt" | "ledger" | "everSigner" | "verifyInclusion" | "verifyEvent")
  | ("verifyConsistency" | "checkpointDigest" | "ledgerIdOf" | "eip712Domain")
>;

/** The contract on some chain, and the account that deploys and opens ledgers there. */
export type Place = { readonly anchors: Anchors; readonly deployer: Signer & { readonly address: string } };

/** A new chain; the first account deployed the contract. */
export async function openChain(hardfork: Hardfork = "osaka") {
  // Gas is estimated as on real chains, where only the transaction as a whole must succeed.
  const { ethers, provider } = await hre.network.create({
    override: { hardfork, gasEstimationMode: "topLevelSuccess" },
  });
  const accounts = await ethers.getSigners();
  const [deployer] = accounts;
  assert.ok(deployer);
  const anchors = await new ContractFactory(artifact.abi, artifact.bytecode, deployer).deploy();
  await anchors.waitForDeployment();
  return { ethers, provider, accounts, deployer, anchors: anchors as Anchors, address: await anchors.getAddress() };
}

/** Puts a contract of the project's sources on the chain. */
export async function deploy<Names extends string>(chain: Place, name: string, ...parameters: unknown[]) {
  await build();
  const { abi, bytecode } = await hre.artifacts.readArtifact(name);
  const contract = await new ContractFactory(abi, bytecode, chain.deployer).deploy(...parameters);
  await contract.waitForDeployment();
  return contract as unknown as Callable<Names>;
}

/** The same contract, called by another account. */
export function callAs<T extends BaseContract>(contract: T, signer: Signer): T {
  return contract.connect(signer) as T;
}

let built: Promise<void> | undefined;

/** Compiles the project; test files run side by side, so one of them compiles and the others wait. */
export function build(): Promise<void> {
  built ??= buildAlone();
  return built;
}

async function buildAlone(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  while (!takeLock()) await sleep(100);
  try {
    await hre.tasks.getTask("build").run({ quiet: true });
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  // Left by a test that was killed.
  const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > LOCK_STALE_MS) rmSync(LOCK, { recursive: true, force: true });
  return false;
}

/** The receipt of a transaction that was sent. */
export async function mined(sent: Promise<{ wait(): Promise<ContractTransactionReceipt | null> }>) {
  const receipt = await (await sent).wait();
  assert.ok(receipt);
  return receipt;
}

/** Asserts that a call is refused with one of the contract's errors, and with which values. */
export async function refused(contract: BaseContract, call: Promise<unknown>, name: string, values: unknown[]) {
  let failure: { data?: string; message?: string } | undefined;
  try {
    await call;
  } catch (error) {
    failure = error as { data?: string };
  }
  assert.ok(failure, `expected ${name}, got no refusal`);
  assert.ok(failure.data, `expected ${name}, got ${failure.message}`);
  const error = contract.interface.parseError(failure.data);
  assert.equal(error?.name, name);
  assert.deepEqual(plain(error?.args), plain(values));
}

/** The contract's events in a receipt, by name and with their values. From amsterdam on, ether that moves leaves a log too. */
export function eventsOf(contract: BaseContract, receipt: ContractTransactionReceipt): [string, ...unknown[]][] {
  const logs = receipt.logs.filter(({ address }) => address === contract.target);
  return logs.map((log) => {
    const event = contract.interface.parseLog(log);
    assert.ok(event);
    return [event.name, ...(plain(event.args) as unknown[])];
  });
}

/** Values as arrays of strings, numbers as decimals, so that they compare whatever they came from. */
export function plain(value: Result | unknown): unknown {
  if (Array.isArray(value)) return [...value].map(plain);
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  return value;
}
