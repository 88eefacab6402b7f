/**
 * Anchors that say something else than the good one: another tree, another block, another place. What is in no block's
 * state is found only by asking the chain.
 */

import { RLP } from "@ethereumjs/rlp";
import { fromHex, type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import type { StepName } from "../../src/verify/verdict/verdict.ts";
import type { Json } from "../verify/mutants.ts";
import { failsAt, type Mutant, put, wholeOf } from "./bundle-edits.ts";
import type { Vector } from "./bundle-file.ts";
import { listChanged } from "./bundle-lies.ts";
import type { World } from "./bundle-world.ts";

type State = NonNullable<BundleAnchor["state"]>;

/** Lies about what the chain holds. What no block's state holds is found only by asking the chain. */
export function* anchorLies(world: World, bundle: Bundle): Generator<Mutant> {
  const whole = wholeOf(bundle);
  const [anchor] = bundle.anchors as readonly [BundleAnchor];
  const state = anchor.state as State;
  const told = (name: string, change: Partial<BundleAnchor>, findings: Vector["findings"]): Mutant => ({
    name: `anchor ${name}`,
    edits: put(whole, ["anchors", 0], { ...anchor, ...change } as unknown as Json),
    findings,
  });
  for (const list of ["accountProof", "storageProof"])
    yield* listChanged(whole, ["anchors", 0, "state", list], "state");
  yield* listChanged(whole, ["anchors", 0, "consistency"], "consistency");
  yield {
    name: "anchor without its consistency path",
    edits: put(whole, ["anchors", 0, "consistency"], undefined),
    findings: failsAt("consistency"),
  };
  const { consistency: __, ...smaller } = world.anchorOf(9);
  yield {
    name: "anchor of a smaller tree",
    edits: put(whole, ["anchors", 0], smaller as unknown as Json),
    findings: failsAt("consistency"),
  };
  yield {
    name: "anchor of the bundle's size with a path",
    edits: put(whole, ["anchors", 0, "size"], bundle.checkpoint.size),
    findings: failsAt("consistency"),
  };
  yield {
    name: "anchor of another ledger",
    edits: put(whole, ["anchors", 0], world.otherAnchor as unknown as Json),
    findings: failsAt("consistency"),
  };
  const { size } = anchor;
  yield told("of one entry less", { size: size - 1 }, failsAt("consistency"));
  yield told("of the largest size", { size: Number.MAX_SAFE_INTEGER }, failsAt("consistency"));
  // The path from 11 to 13 is that to 14 too: a path does not bind a size, the contract's storage does.
  yield told(
    "of one entry more",
    { size: size + 1 },
    { ...failsAt("state"), chain: { outcome: "failed", step: "state" } },
  );
  const { state: _, ...thawed } = { ...anchor, size: size + 1 };
  const unbound = { offline: { outcome: "verified" }, block: { outcome: "undecided" } } as const;
  yield {
    name: "anchor of one entry more, without a state proof",
    edits: put(whole, ["anchors", 0], thawed as unknown as Json),
    findings: { ...unbound, chain: { outcome: "failed", step: "transaction" } },
  };
  const foreignState = { state: world.otherAnchor.state } as Partial<BundleAnchor>;
  yield told("with the state of another ledger's anchor", foreignState, failsAt("state"));
  const { blockNumber, blockHash, blockTime, transactionHash } = world.otherAnchor;
  const place = { blockNumber, blockHash, blockTime, transactionHash };
  yield told("with the block and state of another ledger's anchor", { ...place, ...foreignState }, failsAt("state"));
  const larger = world.anchorOf(16);
  const { state: largerState } = larger as Required<BundleAnchor>;
  yield told("with the state of a larger tree", { state: largerState }, failsAt("state"));
  yield told(
    "with the storage proof of a larger tree",
    { state: { ...state, storageProof: largerState.storageProof } },
    failsAt("state"),
  );
  yield told(
    "with the account proof of another block",
    { state: { ...state, accountProof: largerState.accountProof } },
    failsAt("state"),
  );
  yield told("with the header of another block", { state: { ...state, header: largerState.header } }, failsAt("state"));
  yield told(
    "with account and storage proofs swapped",
    { state: { ...state, accountProof: state.storageProof, storageProof: state.accountProof } },
    failsAt("state"),
  );
  yield told("at another address", { contract: world.atOtherAddress.contract }, failsAt("state"));
  yield* headerLies(told, state);
  yield* unprovedLies(world, bundle, told);
}

type Told = (name: string, change: Partial<BundleAnchor>, findings: Vector["findings"]) => Mutant;

/** Each field of the header changed, under the block's hash and under its own; nobody trusts the latter. */
function* headerLies(told: Told, state: State): Generator<Mutant> {
  const fields = RLP.decode(fromHex(state.header)) as Uint8Array[];
  const checked: Readonly<Record<number, string>> = { 3: "state root", 8: "number", 11: "time" };
  for (const [i, field] of fields.entries()) {
    const other = field.length === 0 ? Uint8Array.of(1) : field.with(field.length - 1, (field.at(-1) as number) ^ 1);
    const header = toHex(RLP.encode(fields.with(i, other)));
    const name = checked[i] ?? `field ${i}`;
    yield told(`with the header's ${name} changed`, { state: { ...state, header } }, failsAt("state"));
    const own = { state: { ...state, header }, blockHash: toHex(keccak256(fromHex(header))) };
    // Whatever is in a header, its hash is another one than the trusted.
    const findings: Vector["findings"] =
      i in checked
        ? failsAt("state")
        : { offline: { outcome: "verified" }, block: { outcome: "failed", step: "trusted block" } };
    yield told(`with the header's ${name} changed, under its own hash`, own, findings);
  }
  for (const [name, header] of [
    ["a byte more", `${state.header}00`],
    ["a byte less", state.header.slice(0, -2)],
    ["a list around it", toHex(RLP.encode([fields]))],
    ["fourteen fields", toHex(RLP.encode(fields.slice(0, 14)))],
    ["no list", toHex(RLP.encode(fromHex(state.header)))],
  ] as const) {
    yield told(`with a header of ${name}`, { state: { ...state, header: header as Hex } }, failsAt("state"));
    const blockHash = toHex(keccak256(fromHex(header)));
    yield told(
      `with a header of ${name}, under its own hash`,
      { state: { ...state, header: header as Hex }, blockHash },
      failsAt("state"),
    );
  }
}

/** What holds by itself: a trusted block's state shows some of it, only the chain shows the rest. */
function* unprovedLies(world: World, bundle: Bundle, told: Told): Generator<Mutant> {
  const findings = (block: Vector["findings"]["block"], step: StepName): Vector["findings"] => ({
    offline: { outcome: "verified" },
    ...(block && { block }),
    chain: { outcome: "failed", step },
  });
  const unseen = { outcome: "verified" } as const;
  const untrusted = { outcome: "failed", step: "trusted block" } as const;
  yield told("with another chain id", { chainId: 1 }, findings(unseen, "chain"));
  yield told(
    "with another transaction hash",
    { transactionHash: toHex(keccak256(utf8("no transaction"))) },
    findings(unseen, "transaction"),
  );
  const [anchor] = bundle.anchors as readonly [BundleAnchor];
  const later = world.otherAnchor;
  const { blockHash, blockNumber, blockTime, transactionHash } = later;
  const thawed = { blockHash, blockNumber, blockTime, transactionHash };
  const { consistency = [] } = anchor;
  for (const [name, foreign, step] of [
    ["on another chain", world.onOtherChain, "chain"],
    ["by other code", world.byOtherCode, "block"],
    ["in a contract elsewhere", world.atOtherAddress, "contract"],
  ] as const) {
    yield told(name, { ...foreign, consistency }, findings(untrusted, step));
  }
  const { state: _, ...place } = { ...anchor, ...thawed };
  const whole = wholeOf(bundle);
  const without = (name: string, other: object, found: Vector["findings"]): Mutant => ({
    name: `anchor ${name}`,
    edits: put(whole, ["anchors", 0], other as Json),
    findings: found,
  });
  yield without("in another block, without a state proof", place, findings(untrusted, "transaction"));
  const { state: __, ...frozen } = anchor;
  yield without("without a state proof", frozen, { offline: unseen, block: { outcome: "undecided" }, chain: unseen });
  yield without(
    "in a block of another hash",
    { ...frozen, blockHash: toHex(keccak256(utf8("no block"))) },
    findings(untrusted, "block"),
  );
  yield without(
    "in a block of another time",
    { ...frozen, blockTime: anchor.blockTime - 1 },
    findings({ outcome: "undecided" }, "block"),
  );
  yield without(
    "in a block that is not there",
    { ...frozen, blockNumber: anchor.blockNumber + 1_000_000 },
    findings({ outcome: "undecided" }, "block"),
  );
}
