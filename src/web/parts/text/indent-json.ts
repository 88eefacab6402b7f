/**
 * A JSON text with line breaks and indentation, token by token: numbers, escapes, the order of names and names that come
 * twice stay as they were spelled, which reading and writing the value would not keep.
 */

import { readJson } from "../../../json/read.ts";
import { shapeOf } from "../../../json/shape.ts";

/** Deeper texts would be mostly indentation. */
const DEPTH_MAX = 100;
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|[{}[\],:]/g;

/** The text, indented by two spaces a level; undefined when it is no JSON object or list. */
export function indentJson(text: string): string | undefined {
  if (!/^\s*[{[]/.test(text) || shapeOf(text, DEPTH_MAX).depth > DEPTH_MAX) return undefined;
  try {
    readJson(text);
  } catch {
    return undefined;
  }
  let depth = 0;
  let before = "";
  let out = "";
  const newLine = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    const isEmpty = closes && (before === "{" || before === "[");
    const begins = before === "{" || before === "[" || before === "," || closes;
    if (before !== "" && begins && !isEmpty) out += newLine();
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
    before = token;
  }
  return out;
}
