/**
 * A second reader of JSON for tests, slow and of another construction than ours and the engine's: regular expressions cut
 * the tokens, escapes are replaced from a table, and objects are maps, which no engine gives a shape to. It takes valid
 * texts. And a seeded source of texts whose names are escaped in every way that there is.
 */

import assert from "node:assert/strict";

export type Model = string | number | boolean | null | readonly Model[] | ReadonlyMap<string, Model>;

const TOKEN = /\s*([{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+)/y;
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The value of a valid JSON text. */
export function readIndependently(text: string): Model {
  TOKEN.lastIndex = 0;
  const tokens: string[] = [];
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) tokens.push(found[1] as string);
  tokens.reverse();
  return take(tokens);
}

/** What a JSON string stands for. */
export function unescaped(spelled: string): string {
  return spelled.slice(1, -1).replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex: string | undefined, unit: string) => {
    return hex === undefined ? (ESCAPES[unit] ?? unit) : String.fromCharCode(Number.parseInt(hex, 16));
  });
}

function take(tokens: string[]): Model {
  const token = tokens.pop() as string;
  if (token === "{") {
    const members = new Map<string, Model>();
    for (let next = tokens.pop(); next !== "}"; next = tokens.pop()) {
      if (next === ",") continue;
      assert.equal(tokens.pop(), ":");
      members.set(unescaped(next as string), take(tokens));
    }
    return members;
  }
  if (token === "[") {
    const elements: Model[] = [];
    while (tokens.at(-1) !== "]") {
      if (tokens.at(-1) === ",") tokens.pop();
      elements.push(take(tokens));
    }
    tokens.pop();
    return elements;
  }
  if (token.startsWith('"')) return unescaped(token);
  return token === "null" ? null : token === "true" ? true : token === "false" ? false : Number(token);
}

/** Asserts that a value has exactly the names and values of a model. */
export function assertIs(value: unknown, model: Model, place: string): void {
  if (model instanceof Map) {
    assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), place);
    assert.deepEqual(Object.keys(value).sort(), [...model.keys()].sort(), place);
    for (const [name, inner] of model) assertIs((value as Record<string, unknown>)[name], inner, place);
  } else if (Array.isArray(model)) {
    assert.ok(Array.isArray(value) && value.length === model.length, place);
    for (const [i, inner] of model.entries()) assertIs(value[i], inner, place);
  } else assert.ok(Object.is(value, model), `${place}: expected ${String(model)}, got ${String(value)}`);
}

/** Numbers from 0 to below n, the same for the same seed (mulberry32). */
export function seeded(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** Few characters, so that names meet the raw text of others; each with all the ways to spell it. */
const SPELLINGS: readonly (readonly string[])[] = [
  ["a", "\\u0061"],
  ["n", "\\u006e", "\\u006E"],
  ["u", "\\u0075"],
  ["0", "\\u0030"],
  ["/", "\\/", "\\u002f"],
  ["\\\\", "\\u005c"],
  ['\\"', "\\u0022"],
  ["\\n", "\\u000a"],
  ["\\t", "\\u0009"],
  ["é", "\\u00e9"],
  ["語", "\\u8a9e"],
  ["😀", "\\ud83d\\ude00"],
];

/**
 * The text of a random object, at most so deep. Objects begin alike, as those of one sender do, so that the engine has
 * met their shapes; no name stands twice in one.
 */
export function randomObject(random: (n: number) => number, depth = 2): string {
  const names = new Set<string>();
  const members: string[] = [];
  for (let i = 0; i <= random(2); i++) addMember(`"k${i}"`, String(i));
  for (let i = 0; i <= random(3); i++) addMember(randomString(random), randomValue(random, depth));
  return `{${members.join(random(4) === 0 ? " ,\n" : ",")}}`;

  function addMember(name: string, value: string): void {
    if (names.has(unescaped(name))) return;
    names.add(unescaped(name));
    members.push(`${name}${random(8) === 0 ? " \n: " : ":"}${value}`);
  }
}

function randomValue(random: (n: number) => number, depth: number): string {
  if (depth > 0 && random(3) > 0) return randomObject(random, depth - 1);
  return random(2) === 0 ? randomString(random) : `[${randomString(random)},${random(100)}]`;
}

function randomString(random: (n: number) => number): string {
  let text = "";
  for (let i = 0; i <= random(3); i++) {
    const spellings = SPELLINGS[random(SPELLINGS.length)] as readonly string[];
    text += spellings[random(spellings.length)];
  }
  return `"${text}"`;
}

/** A model as plain data, made name by name. */
export function plain(model: Model): unknown {
  if (model instanceof Map) return Object.fromEntries([...model].map(([name, value]) => [name, plain(value)]));
  return Array.isArray(model) ? model.map(plain) : model;
}
