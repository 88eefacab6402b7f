/** Evidence sets that were cut, mixed or forged; the forged ones with a last line that fits what is before it. */

import { type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import type { StepName } from "../../src/verify/verdict/verdict.ts";
import { type Json, type Path, replaced } from "../verify/mutants.ts";
import { editsBetween, failsAt, type Mutant } from "./bundle-edits.ts";
import type { Edit, Vector } from "./bundle-file.ts";
import { spellPlace } from "./bundle-forms.ts";
import { sealed, type World } from "./bundle-world.ts";

const MANY = 100_000;
const FAILED: Vector["findings"] = { offline: { outcome: "failed" }, block: { outcome: "failed" } };
/** What was done to a set of final entries means nothing. */
const UNHARMED: Vector["findings"] = { offline: { outcome: "verified" }, block: { outcome: "verified" } };

/** A good set: its lines without the last one, and its indexes. */
export type SetBase = { readonly text: string; readonly lines: readonly string[]; readonly indexes: readonly number[] };

export function setBase(text: string): SetBase {
  const lines = text.trimEnd().split("\n").slice(0, -1);
  const indexes = lines.flatMap((line) => [...line.matchAll(/"index":(\d+)/g)].map(([, index]) => Number(index)));
  return { text, lines, indexes };
}

/** Fails in a line, at a step when the line is that of an entry or a bundle. */
function failsInLine(line: number, step?: StepName): Vector["findings"] {
  if (step !== undefined) return failsAt(step, line);
  return { offline: { outcome: "failed", line }, block: { outcome: "failed", line } };
}

/** What can happen to the lines of any set. */
export function* setLies(set: SetBase): Generator<Mutant> {
  const { text, lines, indexes } = set;
  const told = (name: string, other: string, findings = FAILED): Mutant => ({
    name,
    edits: editsBetween(text, other),
    findings,
  });
  yield* setsCut(set);
  for (const [i, line] of lines.entries()) {
    for (const [name, other] of [
      [`without line ${i + 1}`, lines.toSpliced(i, 1)],
      [`with line ${i + 1} twice`, lines.toSpliced(i, 0, line)],
      ...(i === 0
        ? []
        : ([
            [`with lines ${i} and ${i + 1} swapped`, lines.with(i, lines[i - 1] as string).with(i - 1, line)],
          ] as const)),
    ] as const) {
      if (i > 0 || !name.startsWith("without")) yield told(`${name}, sealed again`, sealed(other, indexes));
      yield told(`${name}, under its old last line`, `${[...other, text.trimEnd().split("\n").at(-1)].join("\n")}\n`);
    }
  }
  yield* lastLineLies(set);
  yield* linesOfOtherKinds(set);
}

function* setsCut({ text, lines }: SetBase): Generator<Mutant> {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) ends.push(at);
  const length = utf8(text).length;
  const cut = (at: number): Edit[] => {
    const kept = utf8(text.slice(0, at)).length;
    return [{ at: kept, remove: length - kept }];
  };
  for (let kept = 1; kept <= lines.length; kept++) {
    const end = ends[kept - 1] as number;
    yield { name: `cut behind line ${kept}`, edits: cut(end + 1), findings: failsInLine(kept) };
    yield { name: `cut behind line ${kept}, before its newline`, edits: cut(end), findings: failsInLine(kept) };
    yield { name: `cut within line ${kept + 1}`, edits: cut(end + 9), findings: failsInLine(kept + 1, "bundle") };
  }
}

function* lastLineLies({ text, lines, indexes }: SetBase): Generator<Mutant> {
  const last = text.trimEnd().split("\n").at(-1) as string;
  const line = lines.length + 1;
  const count = indexes.length;
  const first = indexes[0] as number;
  const end = indexes.at(-1) as number;
  const digest = last.slice(last.indexOf("0x"), -2);
  for (const [name, from, to] of [
    ["one more bundle", `"count":${count}`, `"count":${count + 1}`],
    ["one bundle less", `"count":${count}`, `"count":${count - 1}`],
    ["another first", `"first":${first}`, `"first":${first + 1}`],
    ["another last", `"last":${end}`, `"last":${end + 1}`],
    ["another digest", digest, digest.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))],
    ["its digest in upper case", digest, `0x${digest.slice(2).toUpperCase()}`],
    ["a member more", '"digest"', '"note":1,"digest"'],
    ["a space", ",", ", "],
    ["a space in front", "{", " {"],
    ["a space behind", "}", "} "],
    ["a carriage return behind", "}", "}\r"],
    ["its members in another order", `"count":${count},"first":${first}`, `"first":${first},"count":${count}`],
  ] as const) {
    const changed = last.replace(from, to);
    yield {
      name: `last line with ${name}`,
      edits: editsBetween(text, text.replace(last, changed)),
      findings: failsInLine(line),
    };
  }
  // What is no last line at all is taken for one more bundle.
  for (const [name, from, to] of [
    ["a no-break space behind", "}", "}\u00a0"],
    ["a byte order mark behind", "}", "}\ufeff"],
    ["a name twice", '"digest"', `"count":${count},"digest"`],
    ["an exponent", `"count":${count}`, `"count":${count}e0`],
    ["another format", "set-end@1", "set-end@2"],
  ] as const) {
    const changed = last.replace(from, to);
    yield {
      name: `last line with ${name}`,
      edits: editsBetween(text, text.replace(last, changed)),
      findings: failsInLine(line, "bundle"),
    };
  }
  const behind = (put: string): Edit[] => [{ at: utf8(text).length, put }];
  yield { name: "a no-break space behind the last line", edits: behind("\u00a0"), findings: failsInLine(line + 1) };
  yield { name: "the last line twice", edits: behind(`${last}\n`), findings: failsInLine(line + 1) };
  yield { name: "the whole set twice", edits: behind(text), findings: failsInLine(line + 1) };
  yield {
    name: "a line behind empty ones behind the last one",
    edits: behind("\n\n{}\n"),
    findings: failsInLine(line + 3),
  };
  // Nothing can be meant by empty lines there, and so many would be left by no accident.
  yield { name: "an empty line behind the last one", edits: behind("\n"), findings: UNHARMED };
  yield { name: "a line of spaces behind the last one", edits: behind("  \t\r\n \n"), findings: UNHARMED };
  yield {
    name: "100,000 empty lines behind the last one",
    edits: [{ at: utf8(text).length, put: "\n", times: MANY }],
    findings: UNHARMED,
  };
}

function* linesOfOtherKinds({ text, lines, indexes }: SetBase): Generator<Mutant> {
  const [begin = ""] = lines;
  const told = (name: string, other: readonly string[], findings: Vector["findings"] = FAILED): Mutant => ({
    name: `${name}, sealed again`,
    edits: editsBetween(text, sealed(other, indexes)),
    findings,
  });
  yield told("first line with another ledger", lines.with(0, begin.replace(/0x[0-9a-f]{2}/, "0x00")));
  yield told(
    "first line with a ledger id in upper case",
    lines.with(
      0,
      begin.replace(/[0-9a-f]+"}$/, (hex) => hex.toUpperCase()),
    ),
  );
  yield told(
    "first line with a member more",
    lines.with(0, begin.replace("}", ',"title":"all of it"}')),
    failsInLine(1),
  );
  yield told(
    "first line with its ledger id twice",
    lines.with(0, begin.replace(',"ledgerId"', ',"ledgerId":"0x","ledgerId"')),
    failsAt("bundle"),
  );
  yield told("first line without a ledger id", lines.with(0, begin.replace(/,"ledgerId":".*"/, "")), failsInLine(1));
  yield told("first line of the next version", lines.with(0, begin.replace(/set@\d/, "set@3")), failsInLine(1));
  yield told("an empty line behind the first one", lines.toSpliced(1, 0, ""), failsInLine(2, "bundle"));
  yield told("a text behind the first line", lines.toSpliced(1, 0, "all of it"), failsInLine(2, "bundle"));
  yield told("the first line twice", lines.toSpliced(1, 0, begin), failsInLine(2, "bundle"));
  const returned = sealed(
    lines.map((line) => `${line}\r`),
    indexes,
  );
  yield {
    name: "with carriage returns, sealed again",
    edits: editsBetween(text, returned.replace(/\n$/, "\r\n")),
    findings: FAILED,
  };
  yield { name: "with carriage returns", edits: editsBetween(text, text.replaceAll("\n", "\r\n")), findings: FAILED };
  yield { name: "behind a byte order mark", edits: [{ at: 0, put: "\ufeff" }], findings: failsAt("bundle") };
  yield { name: "behind an empty line", edits: [{ at: 0, put: "\n" }], findings: failsAt("bundle") };
}

/** Lies of a set of whole bundles. The third line is a bundle. */
export function* plainLies(set: SetBase, world: World): Generator<Mutant> {
  const { text, lines, indexes } = set;
  const third = lines[2] as string;
  const told = (name: string, line: string, findings: Vector["findings"]): Mutant => ({
    name: `${name}, sealed again`,
    edits: editsBetween(text, sealed(lines.with(2, line), indexes)),
    findings,
  });
  yield told("a bundle of another ledger", JSON.stringify(world.other.bundle(indexes[1] as number)), FAILED);
  yield* entryLies(third, 3, told);
  const path = world.main.bundle(indexes[0] as number, 11).inclusion.path;
  yield told("a bundle with another path", withValue(third, ["inclusion", "path"], [...path]), failsInLine(3, "path"));
  yield told(
    "a bundle with a name twice",
    third.replace('"status"', '"status":"final","status"'),
    failsInLine(3, "bundle"),
  );
  yield told("a bundle that is cut", third.slice(0, -1), failsInLine(3, "bundle"));
  yield told("two bundles on a line", third + third, failsInLine(3, "bundle"));
  yield told("a list of bundles on a line", `[${third}]`, failsInLine(3, "bundle"));
  yield told(
    "a signature of another time",
    third.replace(/"signedAt":\d+/, '"signedAt":1700000000'),
    failsInLine(3, "signature"),
  );
  yield told("a shared proof that is none", third.replace("bundle@1", "shared@1"), failsInLine(3, "bundle"));
}

/** A line with another value at a path. */
function withValue(line: string, path: Path, other: Json): string {
  return JSON.stringify(replaced(JSON.parse(line) as Json, path, other));
}

/** Changes to the members, the time and the form of an entry's line. */
function* entryLies(
  line: string,
  place: number,
  told: (name: string, line: string, findings: Vector["findings"]) => Mutant,
): Generator<Mutant> {
  yield told("an event changed", line.replace("invoice.approve", "invoice.reject"), failsInLine(place, "leaf"));
  yield told(
    "a time changed",
    line.replace(/"recordedAt":\d+/, '"recordedAt":1700000000000'.concat("0")),
    failsInLine(place, "leaf"),
  );
  yield told(
    "a member that is not canonical",
    line.replace("invoice.approve", "\\\\u0069nvoice.approve"),
    failsInLine(place, "members"),
  );
  yield told("an unknown name", line.replace('"recordedAt"', '"note":1,"recordedAt"'), failsInLine(place, "bundle"));
  yield told(
    "a name in two spellings",
    line.replace('"recordedAt"', '"\\u0069ndex":1,"recordedAt"'),
    failsInLine(place, "bundle"),
  );
  yield told("an index with an exponent", line.replace(/"index":(\d+)/, '"index":$1e0'), failsInLine(place, "bundle"));
  yield told(
    "a list nested 10,000 deep",
    line.replace(/"index":\d+/, `"index":${"[".repeat(10_000)}`),
    failsInLine(place, "bundle"),
  );
}

/** Lies of a set with one shared proof in its second line and an entry in each after it. */
export function* sharedLies(set: SetBase): Generator<Mutant> {
  const { text, lines, indexes } = set;
  const shared = JSON.parse(lines[1] as string) as { indexes: number[]; leafHashes: Hex[]; nodes: Hex[] } & Record<
    string,
    unknown
  >;
  const { nodes, leafHashes } = shared;
  const seal = (name: string, other: readonly string[], findings: Vector["findings"], sealedFor = indexes): Mutant => ({
    name: `${name}, sealed again`,
    edits: editsBetween(text, sealed(other, sealedFor)),
    findings,
  });
  const told = (name: string, change: object, findings: Vector["findings"]) =>
    seal(name, lines.with(1, JSON.stringify({ ...shared, ...change })), findings);
  const atPath = failsInLine(3, "path");
  const inForm = failsInLine(2);
  const more = toHex(keccak256(utf8("one more")));
  yield told("a node more", { nodes: [...nodes, more] }, atPath);
  yield told("nodes reversed", { nodes: nodes.toReversed() }, atPath);
  for (const [i, node] of nodes.entries()) {
    yield told(`without node ${i}`, { nodes: nodes.toSpliced(i, 1) }, atPath);
    yield told(`with node ${i} twice`, { nodes: nodes.toSpliced(i, 0, node) }, atPath);
    yield told(`with node ${i} changed`, { nodes: nodes.with(i, more) }, atPath);
    if (i > 0)
      yield told(
        `with nodes ${i - 1} and ${i} swapped`,
        { nodes: nodes.with(i, nodes[i - 1] as Hex).with(i - 1, node) },
        atPath,
      );
  }
  const [one, two] = leafHashes as [Hex, Hex];
  yield told("with the first leaf hash changed", { leafHashes: leafHashes.with(0, more) }, failsInLine(3, "leaf"));
  yield told("with the last leaf hash changed", { leafHashes: leafHashes.with(-1, more) }, atPath);
  yield told("with leaf hashes swapped", { leafHashes: leafHashes.with(0, two).with(1, one) }, failsInLine(3, "leaf"));
  yield told("a leaf hash more", { leafHashes: [...leafHashes, more] }, inForm);
  yield told("a leaf hash less", { leafHashes: leafHashes.slice(1) }, inForm);
  yield told("an index more", { indexes: [...shared.indexes, 12] }, inForm);
  yield told("another first index", { indexes: shared.indexes.with(0, 0) }, failsInLine(3, "bundle"));
  yield told("no entries", { indexes: [], leafHashes: [], nodes: [] }, inForm);
  yield told("no nodes", { nodes: [] }, atPath);
  yield told("an unknown name in the proof", { note: 1 }, inForm);
  yield told("a path beside the nodes", { inclusion: { path: [] } }, inForm);
  yield told("a node that is too short", { nodes: nodes.with(0, "0x00") }, inForm);
  yield told("a node in upper case", { nodes: nodes.with(0, `0x${(nodes[0] as Hex).slice(2).toUpperCase()}`) }, inForm);
  for (const [name, others] of [
    ["moved", shared.indexes.map((index, i) => (i === 0 ? index - 1 : index))],
    ["beyond the tree", shared.indexes.with(-1, 40)],
    ["out of order", shared.indexes.with(0, shared.indexes[1] as number).with(1, shared.indexes[0] as number)],
    ["twice", shared.indexes.with(1, shared.indexes[0] as number)],
  ] as const) {
    const entries = lines.slice(2).map((line, i) => line.replace(/"index":\d+/, `"index":${others[i]}`));
    const forged = [lines[0] as string, JSON.stringify({ ...shared, indexes: others }), ...entries];
    yield seal(`indexes ${name}, with their entries`, forged, atPath, others);
  }
  const entry = lines[2] as string;
  yield* entryLies(entry, 3, (name, line, findings) => seal(name, lines.with(2, line), findings));
  yield seal(
    "an entry with its leaf hash",
    lines.with(2, entry.replace('"recordedAt"', `"leafHash":"${one}","recordedAt"`)),
    failsInLine(3, "bundle"),
  );
  yield seal(
    "another entry's members",
    lines.with(
      2,
      `${entry.slice(0, entry.indexOf('"members"'))}${(lines[3] as string).slice((lines[3] as string).indexOf('"members"'))}`,
    ),
    failsInLine(3, "leaf"),
  );
  yield seal("an entry too few", lines.slice(0, -1), FAILED, indexes.slice(0, -1));
  yield seal("an entry too many", [...lines, lines.at(-1) as string], failsInLine(lines.length + 1, "bundle"));
  yield seal(
    "in a set of the older form",
    lines.with(0, (lines[0] as string).replace("set@2", "set@1")),
    failsInLine(2, "bundle"),
  );
  yield seal(
    "with a space before its format",
    lines.with(1, (lines[1] as string).replace("{", "{ ")),
    failsInLine(2, "bundle"),
  );
}

/** Lies about what the entries of a shared proof have in common. The anchor has a state proof. */
export function* frameLies({ text, lines, indexes }: SetBase, world: World): Generator<Mutant> {
  const more = toHex(keccak256(utf8("one more")));
  const { owner, signer, label } = world.other.record;
  const { blockTime, state } = world.anchorOf(13) as Required<BundleAnchor>;
  for (const [path, other, step] of [
    [["checkpoint", "signedAt"], 1_700_000_000, "signature"],
    [["ledger", "signer"], owner, "signature"],
    [["ledger", "id"], more, "signature"],
    [["checkpoint", "root"], more, "path"],
    [["ledger", "name"], "Main", "ledger"],
    [["ledger", "owner"], signer, "ledger"],
    [["ledger", "label"], label, "ledger"],
    [["anchors", 0, "root"], more, "consistency"],
    [["anchors", 0, "size"], 12, "consistency"],
    [["anchors", 0, "consistency"], [], "consistency"],
    [["anchors", 0, "blockTime"], blockTime + 1, "state"],
    [["anchors", 0, "blockHash"], more, "state"],
    [["anchors", 0, "state", "storageProof"], [...state.storageProof.slice(0, -1)], "state"],
    [["anchors", 0, "state", "accountProof"], [...state.accountProof.toReversed()], "state"],
    [["anchors"], [], "status"],
    [["status"], "recorded", "status"],
  ] as const) {
    const changed = withValue(lines[1] as string, path, other as Json);
    const name = `shared ${spellPlace(path)} changed, sealed again`;
    yield { name, edits: editsBetween(text, sealed(lines.with(1, changed), indexes)), findings: failsInLine(3, step) };
  }
}
