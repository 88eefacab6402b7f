/**
 * Bundles of the right form that say something else than the good one. The step at which each fails follows from what
 * was changed (docs/format.md §7), not from what the verifier answers.
 */

import { fromHex, type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256, nodeHash } from "../../src/merkle/hash.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import type { StepName } from "../../src/verify/verdict/verdict.ts";
import { at, type Json, type Path } from "../verify/mutants.ts";
import { failsAt, type Mutant, put, type Whole, wholeOf } from "./bundle-edits.ts";
import { spellPlace } from "./bundle-forms.ts";
import type { World } from "./bundle-world.ts";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A step and the fields whose every other value makes it fail. */
type Fields = readonly (readonly [StepName, readonly Path[]])[];

const ENTRY_FIELDS: Fields = [
  [
    "leaf",
    [
      ["entry", "recordedAt"],
      ["entry", "leafHash"],
      ["entry", "members", 0, "salt"],
      ["entry", "members", 4, "salt"],
    ],
  ],
  [
    "path",
    [
      ["entry", "index"],
      ["inclusion", "size"],
      ["inclusion", "root"],
      ["checkpoint", "size"],
      ["checkpoint", "root"],
    ],
  ],
  [
    "signature",
    [
      ["checkpoint", "signedAt"],
      ["checkpoint", "signature"],
      ["ledger", "id"],
    ],
  ],
  ["ledger", [["ledger", "label"]]],
];
const ANCHOR_FIELDS: Fields = [
  ["leaf", [["entry", "members", 2, "digest"]]],
  ["consistency", [["anchors", 0, "root"]]],
  [
    "state",
    [
      ["anchors", 0, "blockNumber"],
      ["anchors", 0, "blockHash"],
      ["anchors", 0, "blockTime"],
      ["anchors", 0, "state", "header"],
    ],
  ],
];

/** Changes that every bundle can suffer. @param hasAnchor with a state proof and a member withheld */
export function* lies(world: World, bundle: Bundle, hasAnchor: boolean): Generator<Mutant> {
  const whole = wholeOf(bundle);
  const tell = (name: string, path: Path, other: unknown, step: StepName): Mutant => ({
    name,
    edits: put(whole, path, other as Json),
    findings: failsAt(step),
  });
  yield* valuesChanged(whole, hasAnchor ? [...ENTRY_FIELDS, ...ANCHOR_FIELDS] : ENTRY_FIELDS);
  yield* listChanged(whole, ["inclusion", "path"], "path");
  yield* memberLies(whole, bundle);
  for (const [name, signature] of signaturesLike(bundle.checkpoint.signature)) {
    yield tell(`signature ${name}`, ["checkpoint", "signature"], signature, "signature");
  }
  yield tell("ledger.signer another account", ["ledger", "signer"], world.other.record.owner, "signature");
  yield tell("ledger.owner another account", ["ledger", "owner"], world.other.record.signer, "ledger");
  yield tell("ledger.name another name", ["ledger", "name"], "other", "ledger");
  yield tell("ledger.name in another case", ["ledger", "name"], "Main", "ledger");
  yield tell("ledger.name with a space", ["ledger", "name"], `${bundle.ledger.name} `, "ledger");
  yield tell("ledger.name in the place of its label's", ["ledger", "name"], world.other.record.label, "ledger");
  yield* strangers(whole, world, bundle);
}

/** Each value with one of its digits changed, at both ends and in the middle; numbers one more, one less and far off. */
function* valuesChanged(whole: Whole, fields: Fields): Generator<Mutant> {
  for (const [step, paths] of fields) {
    for (const path of paths) {
      const value = at(whole.value, path);
      for (const [name, other] of typeof value === "number" ? numbersNear(value, path) : hexNear(value as Hex)) {
        yield { name: `${spellPlace(path)} ${name}`, edits: put(whole, path, other), findings: failsAt(step) };
      }
    }
  }
}

function* numbersNear(value: number, path: Path): Generator<readonly [string, number]> {
  yield ["one more", value + 1];
  if (value > 1) yield ["one less", value - 1];
  yield ["the largest", Number.MAX_SAFE_INTEGER];
  if (path.at(-1) !== "size") yield ["zero", 0];
  if (path.at(-1) === "blockTime" || path.at(-1) === "signedAt") yield ["in milliseconds", value * 1000];
}

function* hexNear(value: Hex): Generator<readonly [string, Hex]> {
  for (const [name, place] of [
    ["first", 2],
    ["middle", value.length >> 1],
    ["last", value.length - 1],
  ] as const) {
    const digit = (Number.parseInt(value[place] as string, 16) ^ 1).toString(16);
    yield [`with its ${name} digit changed`, `${value.slice(0, place)}${digit}${value.slice(place + 1)}` as Hex];
  }
  yield ["all zeros", `0x${"0".repeat(value.length - 2)}`];
}

/** A list of hashes or nodes, longer, shorter or in another order, and with each of them missing, doubled or changed. */
export function* listChanged(whole: Whole, path: Path, step: StepName): Generator<Mutant> {
  const list = at(whole.value, path) as Hex[];
  const more = toHex(keccak256(utf8("one more")));
  const changes: [string, Hex[]][] = [
    ["with one more at the end", [...list, more]],
    ["with one more in front", [more, ...list]],
  ];
  if (list.length > 1) changes.push(["reversed", list.toReversed()]);
  for (const [i, node] of list.entries()) {
    changes.push([`without [${i}]`, list.toSpliced(i, 1)], [`with [${i}] twice`, list.toSpliced(i, 0, node)]);
    if (i > 0) changes.push([`with [${i - 1}] and [${i}] swapped`, list.with(i, list[i - 1] as Hex).with(i - 1, node)]);
    for (const [name, other] of hexNear(node)) changes.push([`with [${i}] ${name}`, list.with(i, other)]);
  }
  for (const [name, other] of changes) {
    // A trie's proof has at least one node; without any it is no bundle.
    const findings = failsAt(other.length === 0 && step === "state" ? "bundle" : step);
    yield { name: `${spellPlace(path)} ${name}`, edits: put(whole, path, other), findings };
  }
}

/** Other spellings of a signature, and values that are none. */
function* signaturesLike(signature: Hex): Generator<readonly [string, Hex]> {
  const r = signature.slice(2, 66);
  const s = signature.slice(66, 130);
  const v = signature.slice(130);
  const word = (n: bigint) => n.toString(16).padStart(64, "0");
  const highS = word(CURVE_ORDER - BigInt(`0x${s}`));
  const otherV = v === "1b" ? "1c" : "1b";
  yield* [
    ["with high s", `0x${r}${highS}${otherV}`],
    ["with high s and the same v", `0x${r}${highS}${v}`],
    ["with the other v", `0x${r}${s}${otherV}`],
    ["with v 0 or 1", `0x${r}${s}${v === "1b" ? "00" : "01"}`],
    ["with v 29", `0x${r}${s}1d`],
    ["with r and s swapped", `0x${s}${r}${v}`],
    ["with r zero", `0x${word(0n)}${s}${v}`],
    ["with s zero", `0x${r}${word(0n)}${v}`],
    ["with r the order", `0x${word(CURVE_ORDER)}${s}${v}`],
    ["with s the order", `0x${r}${word(CURVE_ORDER)}${v}`],
    ["with s beyond the order", `0x${r}${word(BigInt(`0x${s}`) + CURVE_ORDER).slice(-64)}${v}`],
    ["with all bits set", `0x${"ff".repeat(65)}`],
  ] as const;
}

function* memberLies(whole: Whole, bundle: Bundle): Generator<Mutant> {
  const members = bundle.entry.members as readonly { readonly salt: Hex; readonly text: string }[];
  const [action, actor, third, targets, time] = members as typeof members & { length: 5 };
  if (!action || !actor || !third || !targets || !time) throw new RangeError("expected an entry of five members");
  const told = (name: string, other: readonly object[], step: StepName): Mutant => ({
    name: `members ${name}`,
    edits: put(whole, ["entry", "members"], other as unknown as Json),
    findings: failsAt(step),
  });
  const text = (from: string, to: string) => {
    const changed = members.map((member) =>
      "text" in member ? { ...member, text: member.text.replace(from, to) } : member,
    );
    if (JSON.stringify(changed) === JSON.stringify(members)) throw new RangeError(`expected ${from} in a member`);
    return changed;
  };
  yield told("with a word changed", text("invoice.approve", "invoice.reject"), "leaf");
  yield told("with a letter in another case", text('"user"', '"User"'), "leaf");
  yield told("with a letter that looks alike", text("approve", "\u0430pprove"), "leaf");
  yield told("with another normal form", text("Zoë", "Zoe\u0308"), "leaf");
  yield told("with a control character", text("approve", "approve\\u0000"), "leaf");
  yield told("with another name", text('"time"', '"times"'), "leaf");
  yield told("with a name that is __proto__", text('"action"', '"__proto__"'), "leaf");
  yield told("with a space", text(":", ": "), "members");
  yield told("with an escape for a letter", text("approve", "\\u0061pprove"), "members");
  yield told("with a name in another spelling", text('"action"', '"\\u0061ction"'), "members");
  yield told("with half a surrogate pair", text("approve", "\\ud800"), "members");
  yield told("with a name twice", text('"user"', '"user","type":"user"'), "members");
  yield told("with two members in one text", text('"action":', '"a":1,"action":'), "members");
  yield told("with a bracket that closes the event", text('"action":', '"a":1},{"action":'), "members");
  yield told("with a text beyond JSON", text('"action":"invoice.approve"', "invoice.approve"), "members");
  yield told("with a name out of order", text('"actor"', '"aa"'), "members");
  yield told("in another order", [actor, action, third, targets, time], "members");
  yield told("with the first one twice", [action, ...members], "members");
  yield told("without the first one", members.slice(1), "leaf");
  yield told("without the last one", members.slice(0, -1), "leaf");
  yield told(
    "with salts swapped",
    [{ ...action, salt: actor.salt }, { ...actor, salt: action.salt }, third, targets, time],
    "leaf",
  );
  yield told(
    "with texts swapped",
    [{ ...action, text: actor.text }, { ...actor, text: action.text }, third, targets, time],
    "members",
  );
  yield told(
    "with a digest without its prefix",
    [{ digest: toHex(keccak256(utf8(action.text))) }, ...members.slice(1)],
    "leaf",
  );
  yield told("with one more that is withheld", [...members, { digest: toHex(keccak256(utf8("more"))) }], "leaf");
  yield told("all others", [{ salt: action.salt, text: '"a":1' }], "leaf");
}

/** Parts of other entries, of other ledgers and of other signers. */
function* strangers(whole: Whole, world: World, bundle: Bundle): Generator<Mutant> {
  const { main, other, thief } = world;
  const { index } = bundle.entry;
  const { size } = bundle.checkpoint;
  const sibling = main.bundle(index + 1, size);
  const foreign = other.bundle(index, size);
  const inner = toHex(
    nodeHash(keccak256, fromHex(main.bundle(4, size).entry.leafHash), fromHex(main.bundle(5, size).entry.leafHash)),
  );
  const told = (name: string, change: Partial<Bundle>, step: StepName): Mutant => ({
    name,
    edits: put(whole, [], { ...bundle, ...change } as unknown as Json),
    findings: failsAt(step),
  });
  const { entry, inclusion } = bundle;
  yield told("an index that is the size", { entry: { ...entry, index: size } }, "path");
  yield told("the entry of the next index", { entry: sibling.entry }, "path");
  yield told("the entry of the next index, under this one's index", { entry: { ...sibling.entry, index } }, "path");
  yield told("the path of the next index", { inclusion: sibling.inclusion }, "path");
  yield told("the path of a larger tree", { inclusion: main.bundle(index, size + 1).inclusion }, "path");
  yield told("the checkpoint of a larger tree", { checkpoint: main.sign(size + 1) }, "path");
  yield told(
    "the path and root of a larger tree",
    {
      ...main.bundle(index, size + 1),
      checkpoint: { ...main.sign(size + 1), signature: bundle.checkpoint.signature },
      entry,
      ledger: bundle.ledger,
    },
    "signature",
  );
  yield told(
    "the checkpoint of another ledger with this tree's root",
    { checkpoint: { ...foreign.checkpoint, size, root: inclusion.root } },
    "signature",
  );
  yield told("the checkpoint of another ledger", { checkpoint: foreign.checkpoint }, "path");
  yield told(
    "the checkpoint and the path of another ledger",
    { checkpoint: foreign.checkpoint, inclusion: foreign.inclusion },
    "path",
  );
  yield told(
    "the tree of another ledger",
    { ...foreign, ledger: bundle.ledger, anchors: bundle.anchors, status: bundle.status },
    "signature",
  );
  yield told("the name and id of another ledger", { ledger: other.record }, "signature");
  yield told("the checkpoint of a stranger", { checkpoint: thief.sign(size) }, "signature");
  yield told(
    "a node in the place of a leaf",
    {
      entry: { ...entry, index: index >> 1, leafHash: inner },
      inclusion: { ...inclusion, path: inclusion.path.slice(1) },
    },
    "leaf",
  );
  yield told(
    "the root in the place of a leaf",
    { entry: { ...entry, leafHash: inclusion.root }, inclusion: { ...inclusion, path: [] } },
    "leaf",
  );
}
