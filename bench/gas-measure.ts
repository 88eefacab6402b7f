/**
 * Gas of the contract and of what it is compared with, measured on a simulated chain. Everything that could vary is
 * fixed, so that the figures are the same in every run: test/contracts/gas.test.ts holds them to the last ones.
 */

import { concat, id, keccak256, ZeroAddress, ZeroHash } from "ethers";
import { type Chain, deploy, type Hardfork, mined, openChain } from "../test/contracts/chain.ts";
import { anchorOf, keyOf, listed, openLedger, statement } from "../test/contracts/ledgers.ts";
import { uniformTree } from "../test/contracts/trees.ts";
import { measureClaims } from "./gas-claims.ts";

/** Name of a figure -> gas. */
export type Gas = Readonly<Record<string, number>>;

export const EXPONENTS = [10, 20, 30] as const;
const SAMPLES = 16;
const MEMBERS = 6;

const key = keyOf("signer");
const tree = uniformTree();
const other = uniformTree("another story");

export async function measureGas(hardfork: Hardfork): Promise<Gas> {
  const chain = await openChain(hardfork);
  return {
    ...(await measureAnchors(chain)),
    ...(await measureViews(chain)),
    ...(await measureRest(chain)),
    ...(await measureBaselines(chain)),
    ...(await measureClaims(chain)),
  };
}

async function measureAnchors(chain: Chain): Promise<Gas> {
  const gas: Record<string, number> = {};
  for (const e of EXPONENTS) {
    const n = 2 ** e;
    gas[`anchor 2^${e} best`] = await anchorGas(chain, n, n + 1000);
    gas[`anchor 2^${e} typical`] = await anchorGas(chain, n + 777, n + 1777);
    gas[`anchor 2^${e} worst`] = await anchorGas(chain, n - 1, n + 1000);
    const next = randomOf(e);
    let sum = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const from = n + next(n);
      sum += await anchorGas(chain, from, from + 1 + next(2000));
    }
    gas[`anchor 2^${e} mean`] = Math.round(sum / SAMPLES);
  }
  const wallet = await (await deploy(chain, "OwnedWallet", key.address)).getAddress();
  gas["anchor 2^20 typical, contract as signer"] = await anchorGas(chain, 2 ** 20 + 777, 2 ** 20 + 1777, wallet);
  gas["anchor 2^20 typical, one of ten in anchorMany"] = await anchorManyGas(chain, 10);
  return gas;
}

let ledgers = 0;

/** Gas of the second anchor of a new ledger; every later one costs the same. */
async function anchorGas(chain: Chain, from: number, to: number, signer = key.address): Promise<number> {
  const ledgerId = await openLedger(chain, `gas ${ledgers++}`, signer);
  await mined(chain.anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, from))));
  const receipt = await mined(chain.anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, from, to))));
  return Number(receipt.gasUsed);
}

async function anchorManyGas(chain: Chain, count: number): Promise<number> {
  const from = 2 ** 20 + 777;
  const items = [];
  for (let i = 0; i < count; i++) {
    const ledgerId = await openLedger(chain, `gas ${ledgers++}`, key.address);
    await mined(chain.anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, from))));
    items.push(await anchorOf(tree, key, ledgerId, from, from + 1000));
  }
  const receipt = await mined(chain.anchors.anchorMany(items));
  return Math.round(Number(receipt.gasUsed) / count);
}

async function measureViews(chain: Chain): Promise<Gas> {
  const gas: Record<string, number> = {};
  const members = Array.from({ length: MEMBERS }, (_, i) => {
    const text = `"m${i}":${JSON.stringify("x".repeat(40))}`;
    return { digest: ZeroHash, salt: `0x${"5a".repeat(16)}`, text };
  });
  for (const e of EXPONENTS) {
    const size = 2 ** e + 777;
    const ledgerId = await openLedger(chain, `gas ${ledgers++}`, key.address);
    await mined(chain.anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, size))));
    const index = Math.floor(size * 0.6);
    const path = tree.inclusion(index, size);
    const data = chain.anchors.interface;
    const views = {
      verifyInclusion: [ledgerId, size, index, tree.leaf(index), path],
      // The event is not in the tree; to find that out takes the same steps.
      verifyEvent: [ledgerId, size, index, 1_790_000_000_000, members, path],
      verifyConsistency: [ledgerId, 2 ** e - 1, tree.root(2 ** e - 1), size, tree.consistency(2 ** e - 1, size)],
    };
    for (const [name, values] of Object.entries(views)) {
      gas[`${name} 2^${e}`] = await executionGas(chain, chain.address, data.encodeFunctionData(name, values));
    }
  }
  return gas;
}

/** Gas that a call uses by itself, without what a transaction pays for being one. */
async function executionGas(chain: Chain, to: string, data: string): Promise<number> {
  const options = { disableStorage: true, disableMemory: true, disableStack: true };
  const trace = (await chain.provider.request({
    method: "debug_traceCall",
    params: [{ to, data }, "latest", options],
  })) as { failed: boolean; structLogs: { gas: number | string }[] };
  const first = trace.structLogs.at(0);
  const last = trace.structLogs.at(-1);
  if (trace.failed || first === undefined || last === undefined) throw new Error("expected a call that returns");
  return Number(first.gas) - Number(last.gas);
}

async function measureRest(chain: Chain): Promise<Gas> {
  const { anchors, accounts } = chain;
  const [, newOwner] = accounts;
  const gasOf = async (sent: Parameters<typeof mined>[0]) => Number((await mined(sent)).gasUsed);
  const size = 2 ** 20 + 777;
  const ledgerId = await openLedger(chain, `gas ${ledgers++}`, key.address);
  const accused = await openLedger(chain, `gas ${ledgers++}`, key.address);
  const accusedByLeaves = await openLedger(chain, `gas ${ledgers++}`, key.address);
  const statements = async (id: string) =>
    [await statement(id, size, tree.root(size), key), await statement(id, size, other.root(size), key)] as const;
  const leaves = [tree, other].map(({ leaf, inclusion }) => ({ leafHash: leaf(500), path: inclusion(500, size) }));
  const next = await openLedger(chain, `gas ${ledgers++}`, key.address);
  return {
    deployment: Number((await anchors.deploymentTransaction()?.wait())?.gasUsed),
    open: await gasOf(anchors.open(id(`gas ${ledgers++}`), key.address)),
    "first anchor": await gasOf(anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, size)))),
    rotateSigner: await gasOf(anchors.rotateSigner(ledgerId, keyOf("next").address)),
    transferOwnership: await gasOf(anchors.transferOwnership(ledgerId, newOwner?.address ?? ZeroAddress)),
    nameSuccessor: await gasOf(anchors.nameSuccessor(ledgerId, next)),
    "proveFork, one size": await gasOf(anchors.proveFork(accused, ...(await statements(accused)), [])),
    "proveForkAt 2^20": await gasOf(
      anchors.proveForkAt(accusedByLeaves, 500, ...(await statements(accusedByLeaves)), ...leaves),
    ),
  };
}

async function measureBaselines(chain: Chain): Promise<Gas> {
  const blind = await deploy<"store">(chain, "BlindStore");
  const stamps = await deploy<"timestamp">(chain, "TimestampStore");
  const gas: Record<string, number> = {};
  await mined(blind.store(1, tree.root(1)));
  gas["blind store of a root"] = Number((await mined(blind.store(2 ** 20, tree.root(2 ** 20)))).gasUsed);
  await mined(stamps.timestamp(tree.root(1)));
  gas["timestamp of a digest, as EAS"] = Number((await mined(stamps.timestamp(tree.root(2 ** 20)))).gasUsed);
  for (const e of EXPONENTS) {
    // As many pairs as the path of verifyInclusion has; all leaves are alike, so sorting does not matter.
    const path: string[] = [];
    let node: string = tree.leaf(0);
    for (let level = 0; level < tree.inclusion(0, 2 ** e + 777).length; level++) {
      path.push(node);
      node = keccak256(concat([node, node]));
    }
    await mined(blind.store(2 ** e, node));
    const data = blind.interface.encodeFunctionData("verify", [2 ** e, tree.leaf(0), path]);
    gas[`MerkleProof of OpenZeppelin 2^${e}`] = await executionGas(chain, await blind.getAddress(), data);
  }
  return gas;
}

/** Numbers below a limit, the same in every run: a linear congruential generator. */
function randomOf(seed: number): (limit: number) => number {
  let state = BigInt(seed);
  return (limit) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return Number((state >> 11n) % BigInt(limit));
  };
}
