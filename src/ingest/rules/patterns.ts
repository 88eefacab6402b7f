/**
 * Regular expressions of schemas, in RE2: the time they take grows with the text and no faster, whatever the expression is. What
 * RE2 does not have (looking ahead and behind, back references) is refused when a schema comes in. The door of re2js.
 */

import { createRequire } from "node:module";
import type { RE2JS } from "re2js";
import { spendWork } from "./work-limit.ts";

const require = createRequire(import.meta.url);
/** When there is a pattern: its tables of characters are dear to load. */
const loadRe2 = () => require("re2js") as typeof import("re2js");

/** Characters of a pattern, and steps that it is compiled to. */
const PATTERN_MAX = 1000;
const STEPS_MAX = 2000;
/** So many steps at one character are counted as one. */
const STEPS_EACH = 8;

/** A pattern that cannot be taken; the message says why. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

/** What a validator asks of a pattern. */
export type Pattern = { test(text: string): boolean };

/** @throws PatternError */
export function compilePattern(source: string): Pattern {
  if (source.length > PATTERN_MAX) throw new PatternError(`expected a pattern of at most ${PATTERN_MAX} characters`);
  const compiled = compile(source);
  const steps = compiled.programSize();
  if (steps > STEPS_MAX) throw new PatternError(`expected a pattern of at most ${STEPS_MAX} steps, got ${steps}`);
  return {
    test(text) {
      spendWork(1 + Math.ceil((text.length * steps) / STEPS_EACH));
      return compiled.test(text);
    },
  };
}

function compile(source: string): RE2JS {
  const re2 = loadRe2();
  try {
    // JavaScript's spelling of a character, which RE2 spells in another way.
    const spelled = source.replaceAll(/(\\\\)|\\u\{?([0-9A-Fa-f]{4,6})\}?/g, (whole, escaped, digits) =>
      escaped === undefined ? `\\x{${digits}}` : whole,
    );
    return re2.RE2JS.compile(spelled);
  } catch (cause) {
    const { message } = cause as Error;
    throw new PatternError(`expected a regular expression of RE2, got one with ${JSON.stringify(message)}`, { cause });
  }
}
