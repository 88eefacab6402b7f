/** Structured data of a message of syslog, RFC 5424 §6.3: elements with names, each with parameters. */

/** Parameters by the names of their elements; one that comes several times has all its values. */
export type StructuredData = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

const NAME = /[^\s="\][]+/y;

/**
 * Reads the elements that begin at a place.
 * @returns them, and where they end; undefined when they are not as they should be. Without data where "-" stands.
 */
export function readStructuredData(
  text: string,
  start: number,
): { readonly data: StructuredData | undefined; readonly end: number } | undefined {
  if (text[start] === "-") return isEnd(text, start + 1) ? { data: undefined, end: start + 1 } : undefined;
  const data: Record<string, Record<string, string | string[]>> = {};
  let at = start;
  while (text[at] === "[") {
    const id = nameAt(text, at + 1);
    if (id === undefined) return undefined;
    const parameters: Record<string, string | string[]> = {};
    const end = readParameters(text, at + 1 + id.length, parameters);
    if (end === undefined) return undefined;
    if (id !== "__proto__") data[id] = parameters;
    at = end;
  }
  return at > start && isEnd(text, at) ? { data, end: at } : undefined;
}

/** Reads up to the bracket that closes an element. @returns the place behind it */
function readParameters(text: string, start: number, into: Record<string, string | string[]>): number | undefined {
  let at = start;
  while (text[at] === " ") {
    const name = nameAt(text, at + 1);
    if (name === undefined) return undefined;
    at += 1 + name.length;
    if (!text.startsWith('="', at)) return undefined;
    const value = readValue(text, at + 2);
    if (value === undefined) return undefined;
    at = value.end;
    const before = Object.hasOwn(into, name) ? into[name] : undefined;
    if (name === "__proto__") continue;
    if (before === undefined) into[name] = value.value;
    else if (typeof before === "string") into[name] = [before, value.value];
    else before.push(value.value);
  }
  return text[at] === "]" ? at + 1 : undefined;
}

/** A value up to its quotation mark; a backslash stands before `"`, `\` and `]`, and before anything else for itself. */
function readValue(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  let value = "";
  let from = start;
  for (let at = start; at < text.length; at++) {
    const unit = text[at];
    if (unit === '"') return { value: value + text.slice(from, at), end: at + 1 };
    if (unit !== "\\" || !isEscaped(text[at + 1])) continue;
    value += text.slice(from, at);
    from = at + 1;
    at++;
  }
  return undefined;
}

function isEscaped(unit: string | undefined): boolean {
  return unit === '"' || unit === "\\" || unit === "]";
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

function isEnd(text: string, at: number): boolean {
  return at >= text.length || text[at] === " ";
}
