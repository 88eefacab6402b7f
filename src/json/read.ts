/**
 * The one door by which JSON is read: nothing else calls the engine's parser, and test/architecture.test.ts holds it.
 *
 * V8 (Node 24 and 26, Chromium 147) takes the name of a member for another one when an escape is in it and an earlier
 * object of the process began alike: after {"a":1,"\\":1} it reads {"a":1,"\n":1} as {"a":1,"\\":1}
 * (https://github.com/nodejs/node/issues/63785). So the engine gets only texts in which no name has an escape.
 * Why: docs/decisions/0090.
 */

import { hasEscapedName } from "./names.ts";
import { type JsonProblem, readByRule } from "./reader.ts";

/**
 * The value of a JSON text, by the rules of JSON.parse: of two members with one name the last counts, numbers are
 * rounded, lone surrogates stay. What asks for more is built on it: I-JSON in entry/i-json.ts.
 * @throws SyntaxError when the text is no JSON
 */
export function readJson(text: string): unknown {
  return hasEscapedName(text) ? readByRule(text, PLAIN) : JSON.parse(text);
}

/**
 * {@link readJson} for what people write: what is wrong is said with its line, which the engine says of some texts only.
 * @throws SyntaxError when the text is no JSON
 */
export function readWrittenJson(text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    readByRule(text, { ...PLAIN, refuse: (problem) => refuseAt(text, problem) });
    throw error;
  }
}

function refuseAt(text: string, { at, expected, got }: JsonProblem): Error {
  const before = text.slice(0, at).split(/\r\n|\n|\r/);
  const place = `line ${before.length}, character ${(before.at(-1) ?? "").length + 1}`;
  return new SyntaxError(`${place}: expected ${expected}, got ${got.replace(/ at character \d+$/, "")}`);
}

/** What may spell a number that a double cannot hold: sixteen digits or a large exponent where a number can stand. */
const LARGE = /(?:^|[:[,\s])-?(?:\d{16}|[\d.]+[eE]\+?\d{2})/;

/**
 * {@link readJson} for what others sent: a number that a double cannot hold exactly stands as its text, digit for digit.
 * @throws SyntaxError when the text is no JSON
 */
export function readForeignJson(text: string): unknown {
  return LARGE.test(text) ? readByRule(text, { ...PLAIN, keepsDigits: true }) : readJson(text);
}

const PLAIN = { isStrict: false, depthMax: Number.POSITIVE_INFINITY, valuesMax: Number.POSITIVE_INFINITY, refuse };

function refuse({ expected, got }: JsonProblem): Error {
  return new SyntaxError(`${got}, where ${expected} should be`);
}
