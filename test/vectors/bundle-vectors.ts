/** Makes bundles.json: good bundles and sets of every kind, and those that are none. Nothing here asks the verifier. */

import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import type { Hex } from "../../src/merkle/bytes.ts";
import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import type { Json } from "../verify/mutants.ts";
import { anchorLies } from "./bundle-anchor-lies.ts";
import { around, failsAt, type Mutant, put, spell, wholeOf } from "./bundle-edits.ts";
import { type Base, type BundleVectors, factsOf, type Vector } from "./bundle-file.ts";
import { formMutants } from "./bundle-forms.ts";
import { lies } from "./bundle-lies.ts";
import {
  anchoredBy,
  beginShared,
  CROOKED_NAMES,
  makeWorld,
  ofSecondHistory,
  plainSet,
  sealed,
  sharedLines,
  type World,
} from "./bundle-world.ts";
import { frameLies, plainLies, setBase, setLies, sharedLies } from "./set-lies.ts";

const ABOUT =
  "Bundles and evidence sets, and what a verifier has to say of them. docs/format.md, section 11, describes this file. " +
  "Outcomes, steps and lines follow from how each vector was made; no verifier was asked for them.";
const GIVEN = {
  offline: "No chain is asked, on purpose. What is said of anchors and cannot be checked without one is left unproved.",
  block:
    "The base's block hash is trusted, or those in trustedBlocks; no chain is asked, and an anchor must be proved.",
  chain: "The chain of this file is asked; an anchor must be proved.",
};
const VERIFIED = { outcome: "verified" } as const;
const UNDECIDED = { outcome: "undecided" } as const;
const PROVED: Vector["findings"] = { offline: VERIFIED, block: VERIFIED, chain: VERIFIED };
const RECORDED: Vector["findings"] = { offline: VERIFIED, block: UNDECIDED, chain: UNDECIDED };
/** Sizes and indexes of recorded bundles: edges, powers of two and their neighbours. */
const PLACES = [
  [1, 0],
  [2, 0],
  [2, 1],
  [3, 0],
  [3, 2],
  [4, 0],
  [4, 3],
  [5, 4],
  [7, 6],
  [8, 0],
  [8, 7],
  [9, 8],
  [13, 5],
  [15, 14],
  [16, 15],
  [17, 0],
  [17, 16],
] as const;
const FROZEN_SIZES = [1, 2, 3, 4, 7, 8, 9, 13];

/** A base and the vectors that begin from it. */
class Collection {
  readonly bases: Record<string, Base> = {};
  readonly vectors: Vector[] = [];

  /** A good one. */
  add(name: string, content: Bundle | string, block: Hex, findings: Vector["findings"]): string {
    this.bases[name] = { text: typeof content === "string" ? content : JSON.stringify(content), block };
    this.vectors.push({ name, base: name, findings });
    return name;
  }

  addMutants(base: string, mutants: Iterable<Mutant>): void {
    for (const { name, ...rest } of mutants) this.vectors.push({ name: `${base}: ${name}`, base, ...rest });
  }
}

export async function makeBundleVectors(): Promise<string> {
  const world = await makeWorld();
  const collection = new Collection();
  addBundles(collection, world);
  addStrange(collection, world);
  const full = world.anchorOf(13, 11);
  const frozen = anchoredBy(world.main.bundle(5, 11, [2]), [full]);
  const plain = world.main.bundle(5, 13);
  collection.add("final, later tree, one withheld", frozen, full.blockHash, PROVED);
  collection.addMutants("final, later tree, one withheld", [
    ...formMutants(wholeOf(frozen)),
    ...lies(world, frozen, true),
    ...anchorLies(world, frozen),
  ]);
  collection.addMutants("final, later tree, one withheld", [
    ...freedoms(frozen),
    ...statusLies(frozen),
    ...pins(frozen, world),
    ...anchorLists(frozen, world),
  ]);
  collection.add("recorded", plain, full.blockHash, RECORDED);
  collection.addMutants("recorded", [...lies(world, plain, false), ...recordedLies(plain)]);
  addSets(collection, world, full);
  const { bases, vectors } = collection;
  requireDistinct(vectors);
  const contract = { address: artifact.create2.address, codeHash: artifact.runtimeCodeHash as Hex };
  return spellFile({ about: ABOUT, given: GIVEN, contract, chain: factsOf(world.chain), bases, vectors });
}

/** JSON with a base or a vector a line. */
function spellFile({ bases, vectors, ...head }: BundleVectors): string {
  const lines = (values: readonly string[]) => values.map((line) => `  ${line}`).join(",\n");
  const based = Object.entries(bases).map(([name, base]) => `${JSON.stringify(name)}: ${JSON.stringify(base)}`);
  const spelled = vectors.map((vector) => JSON.stringify(vector));
  const top = JSON.stringify(head, null, 1).slice(0, -2);
  return `${top},\n "bases": {\n${lines(based)}\n },\n "vectors": [\n${lines(spelled)}\n ]\n}\n`;
}

function requireDistinct(vectors: readonly Vector[]): void {
  const names = vectors.map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) throw new RangeError(`expected every name once, got ${twice[0]} again`);
}

function addBundles(to: Collection, { main, rotated, thief, anchorOf, ...world }: World): void {
  for (const [size, index] of PLACES) {
    const block = anchorOf(13).blockHash;
    to.add(`recorded, entry ${index} of ${size}`, main.bundle(index, size), block, RECORDED);
  }
  for (const size of FROZEN_SIZES) {
    const anchor = anchorOf(size);
    to.add(
      `final, entry ${size - 1} of ${size}`,
      anchoredBy(main.bundle(size - 1, size), [anchor]),
      anchor.blockHash,
      PROVED,
    );
  }
  for (const [from, size] of [
    [1, 2],
    [7, 8],
    [8, 13],
    [3, 13],
    [9, 13],
  ] as const) {
    const anchor = anchorOf(size, from);
    to.add(
      `final, tree of ${from} in that of ${size}`,
      anchoredBy(main.bundle(from - 1, from), [anchor]),
      anchor.blockHash,
      PROVED,
    );
  }
  const thirteen = anchorOf(13);
  const unfrozen = { offline: VERIFIED, block: UNDECIDED, chain: VERIFIED } as const;
  to.add(
    "anchored, without a state proof",
    anchoredBy(main.bundle(5), [anchorOf(17, 17)], "anchored"),
    anchorOf(17).blockHash,
    unfrozen,
  );
  to.add(
    "anchored, entry 12 of 13",
    anchoredBy(main.bundle(12, 13), [thirteen], "anchored"),
    thirteen.blockHash,
    unfrozen,
  );
  const anchored = { ...anchoredBy(main.bundle(12, 13), [thirteen]), status: "anchored" } as const;
  to.add("anchored, with a state proof already", anchored, thirteen.blockHash, PROVED);
  for (const omit of [[0], [4], [0, 1, 2, 3], [0, 1, 2, 3, 4]]) {
    to.add(
      `final, ${omit.length} withheld from ${omit[0]} on`,
      anchoredBy(main.bundle(5, 13, omit), [thirteen]),
      thirteen.blockHash,
      PROVED,
    );
  }
  const sixteen = anchorOf(16);
  to.add(
    "final, after the signer was rotated",
    anchoredBy(rotated.bundle(15, 16), [sixteen]),
    sixteen.blockHash,
    PROVED,
  );
  const later = anchorOf(16, 13);
  to.add(
    "final, signed before the rotation and anchored after it",
    anchoredBy(main.bundle(5, 13), [later]),
    later.blockHash,
    PROVED,
  );
  const early = anchorOf(13, 9);
  to.add("final, signed by a later signer", anchoredBy(rotated.bundle(5, 9), [early]), early.blockHash, PROVED);
  // A state proof says nothing of signers; only the contract knows whose they are.
  const stolen = { offline: VERIFIED, block: VERIFIED, chain: { outcome: "failed", step: "signer" } } as const;
  to.add(
    "final, signed by somebody whom the contract never knew",
    anchoredBy(thief.bundle(5, 13), [thirteen]),
    thirteen.blockHash,
    stolen,
  );
  const { label } = world.other.record;
  const hidden = { ...world.other.bundle(5), ledger: { ...world.other.record, name: label } };
  to.add(
    "final, of a ledger whose name must not be guessed",
    anchoredBy(hidden, [world.otherAnchor]),
    world.otherAnchor.blockHash,
    PROVED,
  );
}

function addStrange(to: Collection, { strange, strangeAnchor, crooked, crookedAnchor }: World): void {
  for (let index = 0; index < strange.size; index++) {
    to.add(
      `final, strange values ${index}`,
      anchoredBy(strange.bundle(index), [strangeAnchor]),
      strangeAnchor.blockHash,
      PROVED,
    );
  }
  // A careless decoder puts U+FFFD where there is no text; here it stood in the event.
  const withReplacement = "final, strange values 2";
  const { text } = to.bases[withReplacement] as Base;
  const at = Buffer.byteLength(text.slice(0, text.indexOf("\ufffd")));
  const edits = [{ at, remove: 3, hex: "0xff" }] as const;
  to.addMutants(withReplacement, [
    { name: "a byte that is no UTF-8 in the place of U+FFFD", edits, findings: failsAt("bundle") },
  ]);
  for (const [index, name] of CROOKED_NAMES.entries()) {
    const bundle = anchoredBy(crooked.bundle(index), [crookedAnchor]);
    to.add(`a member hashed ${name}`, bundle, crookedAnchor.blockHash, {
      ...failsAt("members"),
      chain: { outcome: "failed", step: "members" },
    });
  }
}

/** What JSON leaves free, and what claims less. */
function* freedoms(bundle: Bundle): Generator<Mutant> {
  const whole = wholeOf(bundle);
  const all = (name: string, text: string): Mutant => ({
    name,
    edits: [{ at: 0, remove: Buffer.byteLength(whole.text), put: text }],
    findings: { offline: VERIFIED, block: VERIFIED },
  });
  yield all("pretty", JSON.stringify(bundle, null, 2));
  yield all("pretty, with carriage returns and tabs", JSON.stringify(bundle, null, "\t").replaceAll("\n", "\r\n"));
  yield all("names in another order", JSON.stringify(Object.fromEntries(Object.entries(bundle).reverse())));
  const escaped = whole.text.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  yield all("all but ASCII escaped", escaped);
  yield all("slashes escaped", whole.text.replaceAll("/", "\\/"));
  yield all(
    "names in another spelling",
    whole.text.replaceAll('"size"', '"\\u0073\\u0069ze"').replace('"format"', '"\\u0066ormat"'),
  );
  const spaces = (name: string, edits: Mutant["edits"] & object): Mutant => ({
    name,
    edits,
    findings: { offline: VERIFIED, block: VERIFIED },
  });
  yield spaces("a million spaces in front", [{ at: 0, put: " ", times: 1_000_000 }]);
  yield spaces("100,000 newlines behind", [{ at: Buffer.byteLength(whole.text), put: "\n", times: 100_000 }]);
  yield spaces("newlines and tabs around a value", around(whole, ["entry", "index"], "\n\t", "\r\n "));
  const [first] = bundle.entry.members as readonly [Bundle["entry"]["members"][0]];
  yield {
    name: "a text escaped letter by letter",
    edits: spell(
      whole,
      ["entry", "members", 0, "text"],
      `"${Array.from("text" in first ? first.text : "", (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`,
    ),
    findings: { offline: VERIFIED, block: VERIFIED },
  };
}

function* statusLies(bundle: Bundle): Generator<Mutant> {
  const whole = wholeOf(bundle);
  yield { name: "status that claims less than was found", edits: put(whole, ["status"], "anchored"), findings: PROVED };
  yield {
    name: "status recorded, with an anchor",
    edits: put(whole, ["status"], "recorded"),
    findings: failsAt("status"),
  };
  yield { name: "status final, without an anchor", edits: put(whole, ["anchors"], []), findings: failsAt("status") };
  const bare = { ...bundle, anchors: [], status: "recorded" };
  yield {
    name: "without its anchor",
    edits: put(whole, [], bare as unknown as Json),
    findings: { offline: VERIFIED, block: UNDECIDED, chain: UNDECIDED },
  };
}

function* recordedLies(bundle: Bundle): Generator<Mutant> {
  const whole = wholeOf(bundle);
  for (const status of ["anchored", "final"]) {
    yield {
      name: `status ${status}, without an anchor`,
      edits: put(whole, ["status"], status),
      findings: failsAt("status"),
    };
  }
}

/** What the reader expects besides. */
function* pins({ ledger, anchors: [anchor] }: Bundle, { other, atOtherAddress }: World): Generator<Mutant> {
  const { id: ledgerId, owner, signer } = ledger;
  const { chainId, contract } = anchor as BundleAnchor;
  const { record } = other;
  const found = { offline: VERIFIED, block: VERIFIED };
  for (const [name, expected, findings] of [
    ["its ledger id", { ledgerId }, found],
    ["its owner", { owner }, found],
    ["its contract", { contract }, found],
    ["all of it", { ledgerId, owner, signer, contract, chainId }, found],
    ["all of it in lower case", { ledgerId, owner: owner.toLowerCase(), signer: signer.toLowerCase() }, found],
    ["another ledger id", { ledgerId: record.id }, failsAt("expected")],
    ["another owner", { owner: record.signer }, failsAt("expected")],
    ["another signer", { signer: owner }, failsAt("expected")],
    ["another contract", { contract: atOtherAddress.contract }, failsAt("expected")],
    ["another chain", { chainId: chainId + 1 }, failsAt("expected")],
  ] as const) {
    yield { name: `when the reader expects ${name}`, expected, findings };
  }
  const nobody = `0x${"ab".repeat(32)}` as Hex;
  yield {
    name: "when another block is trusted",
    trustedBlocks: [nobody],
    findings: { block: { outcome: "failed", step: "trusted block" } },
  };
  yield {
    name: "when another block is trusted besides",
    trustedBlocks: [nobody, (anchor as BundleAnchor).blockHash],
    findings: { block: VERIFIED },
  };
}

/** Several anchors, and the same checkpoint where the code or the place is not the known one. */
function* anchorLists(
  bundle: Bundle,
  { anchorOf, byOtherCode, atOtherAddress, onOtherChain }: World,
): Generator<Mutant> {
  const whole = wholeOf(bundle);
  const [anchor] = bundle.anchors as readonly [BundleAnchor];
  const { consistency = [] } = anchor;
  const later = anchorOf(16, 11);
  const list = (name: string, anchors: readonly BundleAnchor[], rest: Omit<Mutant, "name" | "edits">): Mutant => ({
    name,
    edits: put(whole, ["anchors"], anchors as unknown as Json),
    ...rest,
  });
  const both = [anchor.blockHash, later.blockHash];
  yield list("its anchor twice", [anchor, anchor], { findings: PROVED });
  yield list("two anchors", [anchor, later], { trustedBlocks: both, findings: PROVED });
  yield list("two anchors, the later first", [later, anchor], { trustedBlocks: both, findings: PROVED });
  yield list("two anchors, of which one block is trusted", [anchor, later], {
    findings: { offline: VERIFIED, block: UNDECIDED },
  });
  yield list("two anchors, of which the other block is trusted", [later, anchor], {
    findings: { offline: VERIFIED, block: UNDECIDED },
  });
  yield list("two anchors, one of them of another tree", [anchor, { ...later, root: anchor.root }], {
    findings: failsAt("consistency"),
  });
  const foreign = (
    name: string,
    other: BundleAnchor,
    finding: Vector["findings"]["block"],
    expected?: Mutant["expected"],
  ): Mutant =>
    list(name, [{ ...other, consistency }], {
      trustedBlocks: [other.blockHash],
      findings: finding ? { block: finding } : {},
      ...(expected && { expected }),
    });
  yield foreign("by other code, in a trusted block", byOtherCode, { outcome: "failed", step: "trusted block" });
  yield foreign("in a contract elsewhere, in a trusted block", atOtherAddress, UNDECIDED);
  yield foreign("in a contract elsewhere, which the reader expects", atOtherAddress, VERIFIED, {
    contract: atOtherAddress.contract,
  });
  yield foreign("on another chain, in a trusted block", onOtherChain, VERIFIED);
}

function addSets(to: Collection, world: World, anchor: BundleAnchor): void {
  const { main, other } = world;
  const { blockHash } = anchor;
  const frozen = (index: number, omit: readonly number[] = []) => anchoredBy(main.bundle(index, 11, omit), [anchor]);
  const recorded = (indexes: readonly number[], size = 13) => indexes.map((index) => main.bundle(index, size));
  const begin = beginShared(main);
  const shared = (bundles: readonly Bundle[]) =>
    sealed(
      [begin, ...sharedLines(main, bundles)],
      bundles.map(({ entry }) => entry.index),
    );
  to.add("set of one recorded bundle", plainSet(recorded([3])), blockHash, RECORDED);
  to.add("set of recorded bundles", plainSet(recorded([3, 4, 5])), blockHash, RECORDED);
  to.add(
    "set of recorded bundles of several sizes",
    plainSet([main.bundle(0, 9), main.bundle(3, 4), main.bundle(12, 17)]),
    blockHash,
    RECORDED,
  );
  to.add(
    "set with a shared proof for all entries",
    shared(recorded([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])),
    blockHash,
    RECORDED,
  );
  to.add("set with a shared proof for one entry", shared(recorded([12])), blockHash, RECORDED);
  for (const indexes of [
    [0, 12],
    [1, 4, 6],
    [7, 8],
    [11, 12],
  ]) {
    to.add(`set with a shared proof for ${indexes.join(", ")}`, shared(recorded(indexes)), blockHash, RECORDED);
  }
  const mixed = [[main.bundle(0, 4)], [frozen(1), frozen(2, [0, 1])], recorded([3, 5, 6]), [main.bundle(11, 12)]];
  const lines = [
    begin,
    ...mixed.flatMap((run) => (run.length > 1 ? sharedLines(main, run) : [JSON.stringify(run[0])])),
  ];
  to.add("set of shared proofs and bundles", sealed(lines, [0, 1, 2, 3, 5, 6, 11]), blockHash, RECORDED);
  to.add("set of nothing", sealed([begin], []), blockHash, {
    offline: { outcome: "failed" },
    block: { outcome: "failed" },
  });
  const foreign = [
    begin,
    ...sharedLines(
      other,
      [1, 2].map((index) => other.bundle(index)),
    ),
  ];
  to.add("set with another ledger's shared proof", sealed(foreign, [1, 2]), blockHash, {
    offline: { outcome: "failed" },
    block: { outcome: "failed" },
  });
  // Each of the two holds by itself; together they show that the signer told two stories.
  const second = ofSecondHistory(main, other, 5);
  to.add("recorded, of a second history", second, blockHash, RECORDED);
  to.add("final, of a second history", anchoredBy(second, [anchor]), blockHash, failsAt("consistency"));
  to.add("set of two histories", plainSet([main.bundle(4, 13), second]), blockHash, {
    offline: { outcome: "failed", line: 3 },
    block: { outcome: "failed" },
  });
  const plain = setBase(plainSet([frozen(1), frozen(5, [2]), frozen(6)]));
  const plainName = to.add("set of final bundles", plain.text, blockHash, PROVED);
  to.addMutants(plainName, [...setLies(plain), ...plainLies(plain, world)]);
  const packed = setBase(shared([frozen(1), frozen(5, [2]), frozen(6)]));
  const packedName = to.add("set of final entries with a shared proof", packed.text, blockHash, PROVED);
  to.addMutants(packedName, [...setLies(packed), ...sharedLies(packed), ...frameLies(packed, world)]);
  const unended: Mutant = {
    name: "without its last newline",
    edits: [{ at: Buffer.byteLength(packed.text) - 1, remove: 1 }],
    findings: PROVED,
  };
  to.addMutants(packedName, [unended]);
}
