/** Texts that are no bundle: values in other spellings, members that are missing, doubled or unknown, and what is no JSON. */

import { utf8 } from "../../src/merkle/bytes.ts";
import { at, type Json, type Path, pathsOf } from "../verify/mutants.ts";
import {
  around,
  cutAt,
  failsAt,
  insertBehind,
  insertLast,
  type Mutant,
  put,
  type Repeated,
  spell,
  type Whole,
} from "./bundle-edits.ts";
import type { Edit } from "./bundle-file.ts";

const MANY = 100_000;
/** How many ways of misspelling are tried at each value; over all values every way is tried often. */
const WAYS_EACH = 5;
const TRUNCATIONS = 60;
const FIXED_HEX = /^0x(?:[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{130})$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

type Way = readonly [name: string, spelled: string];

/** Every text that is no bundle and has the base's form but for one thing. */
export function* formMutants(whole: Whole): Generator<Mutant> {
  yield* misspelled(whole);
  yield* misnamed(whole);
  yield* misshapen(whole);
  yield* enormous(whole);
  yield* truncated(whole);
  yield* notJson(whole);
}

function broken(name: string, edits: readonly Edit[]): Mutant {
  return { name, edits, findings: failsAt("bundle") };
}

/** Spells a path as `entry.members[2].salt`. */
export function spellPlace(path: Path): string {
  const spelled = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return spelled === "" ? "the bundle" : spelled.replace(/^\./, "");
}

function* misspelled(whole: Whole): Generator<Mutant> {
  let turn = 0;
  for (const path of pathsOf(whole.value)) {
    const ways = [...waysOf(at(whole.value, path))];
    for (let i = 0; i < Math.min(WAYS_EACH, ways.length); i++) {
      const [name, spelled] = ways[(turn * WAYS_EACH + i) % ways.length] as Way;
      yield broken(`${spellPlace(path)} ${name}`, spell(whole, path, spelled));
    }
    turn++;
  }
}

function* waysOf(value: Json): Generator<Way> {
  if (typeof value === "number") yield* waysOfInteger(value);
  else if (typeof value !== "string")
    yield* [
      ["as null", "null"],
      ["as a text", '""'],
      ["as a number", "0"],
      ["as true", "true"],
    ];
  else if (ADDRESS.test(value)) yield* waysOfAddress(value);
  else if (value.startsWith("0x")) yield* waysOfHex(value);
  else yield* waysOfText(value);
}

function* waysOfInteger(value: number): Generator<Way> {
  yield* [
    ["with an exponent", `${value}e0`],
    ["with a fraction of zero", `${value}.0`],
    ["with a minus", `-${value}`],
    ["with a plus", `+${value}`],
    ["with a leading zero", `0${value}`],
    ["as a text", `"${value}"`],
    ["beyond doubles", "1e400"],
    ["beyond 2^53", "9007199254740993"],
    ["beyond 2^64", "18446744073709551617"],
    ["as minus zero", "-0"],
    ["as a fraction", `${value}.5`],
    ["as null", "null"],
    ["as a list", `[${value}]`],
    ["in hex", `0x${value.toString(16)}`],
    ["as a negative exponent", `${value}0e-1`],
    ["as NaN", "NaN"],
    ["with a digit of another script", "\u0665"],
  ];
}

function* waysOfHex(value: string): Generator<Way> {
  const digits = value.slice(2);
  const isUpper = digits !== digits.toUpperCase();
  if (isUpper) yield ["in upper case", `"0x${digits.toUpperCase()}"`];
  yield* [
    ["with 0X", `"0X${digits}"`],
    ["without 0x", `"${digits}"`],
    ["of odd length", `"${value.slice(0, -1)}"`],
    ["with a letter that is no digit", `"0xg${digits.slice(1)}"`],
    ["with a space", `" ${value}"`],
    ["with a newline", `"${value}\\n"`],
    ["as null", "null"],
    ["as a number", value],
    ["as an empty text", '""'],
    ["as 0x", '"0x"'],
    ["as a list", `["${value}"]`],
    ["with a digit of another script", `"${value.slice(0, -1)}\uff11"`],
  ];
  if (FIXED_HEX.test(value))
    yield* [
      ["a byte short", `"${value.slice(0, -2)}"`],
      ["a byte long", `"${value}00"`],
    ];
}

function* waysOfAddress(value: string): Generator<Way> {
  const swapped = value.replace(/[a-fA-F]/, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));
  yield* [
    ["in lower case", `"${value.toLowerCase()}"`],
    ["in upper case", `"0x${value.slice(2).toUpperCase()}"`],
    ["with one letter of another case", `"${swapped}"`],
    ["a byte short", `"${value.slice(0, -2)}"`],
    ["without 0x", `"${value.slice(2)}"`],
  ];
}

function* waysOfText(value: string): Generator<Way> {
  yield* [
    ["as an empty text", '""'],
    ["with half a surrogate pair", '"a\\ud800"'],
    ["with a raw newline", `"${"a\nb"}"`],
    ["with an escape that is none", '"\\x61"'],
    ["as null", "null"],
    ["without quotes", JSON.stringify(value).slice(1, -1) || "x"],
  ];
}

/** Names: each missing, some twice, in two spellings, unknown, and those that mean something to some languages. */
function* misnamed(whole: Whole): Generator<Mutant> {
  for (const path of pathsOf(whole.value)) {
    const value = at(whole.value, path);
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    const held = value as { [name: string]: Json };
    const names = Object.keys(held);
    for (const name of names) {
      const place = [...path, name];
      // What may be missing is another bundle, not none.
      if (name === "state" || name === "consistency") continue;
      yield broken(`${spellPlace(place)} missing`, put(whole, place, undefined));
    }
    const first = names[0] as string;
    const last = names.at(-1) as string;
    const place = spellPlace(path);
    const again = (name: string, spelled: string) =>
      insertLast(whole, path, `,"${spelled}":${JSON.stringify(held[name])}`);
    yield broken(`${place} with ${first} twice`, again(first, first));
    const escaped = `\\u${last.charCodeAt(0).toString(16).padStart(4, "0")}${last.slice(1)}`;
    yield broken(`${place} with ${last} twice, in two spellings`, again(last, escaped));
    for (const name of ["__proto__", "constructor", "note"]) {
      yield broken(`${place} with a member ${name}`, insertLast(whole, path, `,"${name}":{"${first}":0}`));
    }
    yield broken(`${place} behind a __proto__`, around(whole, path, '{"__proto__":', "}"));
  }
}

/** Values of a kind that JSON has and a bundle has not, and lists beyond their limits. */
function* misshapen(whole: Whole): Generator<Mutant> {
  const anchor = at(whole.value, ["anchors", 0]);
  const node = at(whole.value, ["inclusion", "root"]);
  const lists: readonly (readonly [Path, Json, number])[] = [
    [["entry", "members"], { digest: node }, 65],
    [["inclusion", "path"], node, 65],
    ...(anchor === undefined ? [] : ([[["anchors"], anchor, 65]] as const)),
    ...(anchor === undefined ? [] : ([[["anchors", 0, "consistency"], node, 65]] as const)),
    ...(anchor === undefined ? [] : ([[["anchors", 0, "state", "storageProof"], "0xc0", 65]] as const)),
  ];
  for (const [path, one, count] of lists) {
    const text = JSON.stringify(one);
    const rest: Repeated = { put: `,${text}`, times: count - 1 };
    yield broken(`${spellPlace(path)} with ${count} elements`, spell(whole, path, `[${text}`, rest, "]"));
  }
  yield broken("entry.members empty", put(whole, ["entry", "members"], []));
  const name = at(whole.value, ["ledger", "name"]) as string;
  yield broken("ledger.name with 257 letters", spell(whole, ["ledger", "name"], '"', { put: "x", times: 257 }, '"'));
  yield broken("ledger.name with a raw zero", spell(whole, ["ledger", "name"], `"${name}\u0000"`));
  yield broken(
    "a member with text and digest",
    spell(whole, ["entry", "members", 0], `{"digest":"${node}","text":"\\"a\\":1"}`),
  );
  yield broken("format of the next version", put(whole, ["format"], "holdfast/bundle@2"));
  yield broken("format of another thing", put(whole, ["format"], "holdfast/shared@1"));
  yield broken("status that nobody knows", put(whole, ["status"], "verified"));
}

/** What takes a careless reader's memory, its stack or its time. */
function* enormous(whole: Whole): Generator<Mutant> {
  const text = (times: number): Repeated => ({ put: "7", times });
  yield broken("index of 100,000 digits", spell(whole, ["entry", "index"], text(MANY)));
  yield broken("size with an exponent of 100,000 digits", spell(whole, ["inclusion", "size"], "1e", text(MANY)));
  yield broken("signedAt of 100,000 digits behind a point", spell(whole, ["checkpoint", "signedAt"], "1.", text(MANY)));
  yield broken(
    "ledger.name of a million letters",
    spell(whole, ["ledger", "name"], '"', { put: "x", times: 10 * MANY }, '"'),
  );
  yield broken("leafHash of a million digits", spell(whole, ["entry", "leafHash"], '"0x', text(10 * MANY), '"'));
  for (const path of [["inclusion", "path"], ["entry", "members"], ["anchors"]] as const) {
    const filler = path[0] === "anchors" ? "[]" : path[1] === "members" ? '{"digest":"0x"}' : '"0x00"';
    const rest: Repeated = { put: `,${filler}`, times: MANY };
    yield broken(`${spellPlace(path)} of 100,001 elements`, spell(whole, path, `[${filler}`, rest, "]"));
  }
  const deep = { put: "[", times: MANY };
  yield broken("a path nested 100,000 deep", spell(whole, ["inclusion", "path"], deep, { put: "]", times: MANY }));
  yield broken("a path nested 100,000 deep and never closed", spell(whole, ["inclusion", "path"], deep));
  yield broken(
    "objects nested 10,000 deep",
    spell(whole, ["ledger"], { put: '{"a":', times: 10_000 }, "1", { put: "}", times: 10_000 }),
  );
  yield broken("lists nested 10,000 deep in front", [{ at: 0, put: "[", times: 10_000 }]);
  yield broken(
    "100,000 unknown names",
    insertBehind(whole, '{"format":"holdfast/bundle@1",', { put: '"x":0,', times: MANY }),
  );
  yield broken("100,000 commas", insertBehind(whole, '"path":[', { put: ",", times: MANY }));
  yield broken("100,000 quotes", insertBehind(whole, '"path":[', { put: '"', times: MANY + 1 }));
  yield broken("100,000 backslashes", insertBehind(whole, '"name":"', { put: "\\", times: MANY + 1 }));
}

function* truncated(whole: Whole): Generator<Mutant> {
  const { length } = utf8(whole.text);
  for (let i = 0; i < TRUNCATIONS; i++) {
    const kept = Math.floor((length * i) / TRUNCATIONS);
    yield broken(`cut after ${kept} bytes`, cutAt(whole, kept));
  }
  yield broken("cut before the last bracket", cutAt(whole, length - 1));
  yield broken("cut in the last name", cutAt(whole, length - 12));
}

function* notJson(whole: Whole): Generator<Mutant> {
  const { length } = utf8(whole.text);
  const instead = (text: string): Edit[] => [{ at: 0, remove: length, put: text }];
  const behind = (text: string): Edit[] => [{ at: length, put: text }];
  yield broken("nothing but spaces", instead("  "));
  for (const text of ["null", "true", "7", '""', "[]", "{}", "{", '"', "holdfast", "0x00", "\u0000"]) {
    yield broken(`${JSON.stringify(text)} instead`, instead(text));
  }
  yield broken("in a list", [{ at: 0, put: "[" }, ...behind("]")]);
  yield broken("in a text", instead(JSON.stringify(whole.text)));
  yield broken("behind a byte order mark", [{ at: 0, put: "\ufeff" }]);
  yield broken("in UTF-16", [{ at: 0, remove: length, hex: utf16Of(whole.text) }]);
  for (const tail of ["{}", ",", "}", "\u0000", "//", " x", "\u00a0", "\ufeff", "null"]) {
    yield broken(`with ${JSON.stringify(tail)} behind it`, behind(tail));
  }
  yield broken("twice on one line", behind(whole.text));
  yield broken("with a comment", insertBehind(whole, '"path":', { put: "/* */" }));
  yield broken("with a comma too many", insertBehind(whole, '"path":[', { put: "," }));
  yield broken("with a no-break space between values", insertBehind(whole, '"path":', { put: "\u00a0" }));
  yield broken("with a form feed between values", insertBehind(whole, '"path":', { put: "\f" }));
  yield broken("with a colon too many", insertBehind(whole, '"path":', { put: ":" }));
  yield broken(
    "with a name in single quotes",
    insertBehind(whole, '{"format":"holdfast/bundle@1",', { put: "'a':1," }),
  );
  yield broken("with a name without quotes", insertBehind(whole, '{"format":"holdfast/bundle@1",', { put: "a:1," }));
  for (const [name, hex] of [
    ["a byte that is no UTF-8", "0xff"],
    ["an overlong slash", "0xc0af"],
    ["half a surrogate pair in bytes", "0xeda080"],
    ["half a character", "0xe282"],
  ] as const) {
    yield broken(`ledger.name with ${name}`, insertBehind(whole, '"name":"', { hex }));
  }
}

function utf16Of(text: string): `0x${string}` {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  for (const [i, unit] of [0xfeff, ...Array.from(text, (_, at) => text.charCodeAt(at))].entries())
    view.setUint16(2 * i, unit, true);
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
