/**
 * Texts that V8's JSON.parse misreads, made of any text: each name is spelled with an escape, and before that the engine
 * has met objects that begin alike and go on with the first characters of that raw name.
 */

import { readByRule } from "../../src/json/reader.ts";
import { type Model, readIndependently } from "./independent.ts";

/** The text with its names escaped, after the engine of this thread was led astray for each of them. */
export function poisoned(text: string): string {
  for (const trap of trapsFor(text)) JSON.parse(trap);
  return spellEscaped(readIndependently(text));
}

/** JSON texts that lead an engine astray when it reads them before {@link spellEscaped} of the same text. */
export function trapsFor(text: string): string[] {
  const traps: string[] = [];
  collect(readIndependently(text), traps);
  return traps;
}

/** The text of a value, the first character of each name escaped. */
export function spellEscaped(model: Model): string {
  if (model instanceof Map) {
    const members = [...(model as ReadonlyMap<string, Model>)].map(
      ([name, value]) => `"${raw(name)}":${spellEscaped(value)}`,
    );
    return `{${members.join(",")}}`;
  }
  if (Array.isArray(model)) return `[${model.map(spellEscaped).join(",")}]`;
  return JSON.stringify(model);
}

/** A name between quotes, with an escape in it unless it is empty. */
function raw(name: string): string {
  if (name === "") return "";
  return `\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${JSON.stringify(name.slice(1)).slice(1, -1)}`;
}

function collect(model: Model, traps: string[]): void {
  if (Array.isArray(model)) for (const element of model) collect(element, traps);
  if (!(model instanceof Map)) return;
  const names = [...(model as ReadonlyMap<string, Model>).keys()];
  for (const [i, name] of names.entries()) {
    // An engine keeps apart objects of different lengths, so the trap is as long.
    const trap = names.map((other, at) =>
      at < i ? other : at === i ? raw(name).slice(0, name.length) : `filler ${at}`,
    );
    traps.push(`{${trap.map((each) => `${JSON.stringify(each)}:0`).join(",")}}`);
  }
  for (const value of model.values()) collect(value, traps);
}

/** Whether this engine misreads escaped names at all; what is tested holds in either case. */
export function engineErrs(): boolean {
  const text = poisoned('{"engine":1,"errs":2}');
  const rules = { isStrict: true, depthMax: 1, valuesMax: 1e9, refuse: () => new Error("expected a good text") };
  return JSON.stringify(JSON.parse(text)) !== JSON.stringify(readByRule(text, rules));
}
