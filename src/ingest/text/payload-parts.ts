/** What payloads of webhooks have in common: names that become parts of an action, and plain values that become metadata. */

import { asText, type JsonObject } from "./foreign-values.ts";

const METADATA_MAX = 32;

/** A name as one part of an action; what cannot stand in one becomes "_". */
export function dotName(name: string): string {
  return name.slice(0, 100).replaceAll(/[^A-Za-z0-9_-]/g, "_") || "_";
}

/** Whether a name is one that such payloads give their parts. */
export function isPartName(name: string): boolean {
  return /^[a-z][a-z0-9_]{0,63}$/.test(name);
}

/** Members of a payload that are plain values, up to a number of them. */
export function plainValues(payload: JsonObject, without: readonly string[]): JsonObject {
  const values: Record<string, unknown> = {};
  let count = 0;
  for (const name of Object.keys(payload)) {
    if (count === METADATA_MAX) break;
    if (!isPartName(name) || without.includes(name)) continue;
    const value = payload[name];
    if (typeof value !== "boolean" && !Number.isSafeInteger(value) && asText(value) === undefined) continue;
    values[name] = value;
    count++;
  }
  return values;
}

/** Host of the first text that is a URL. */
export function hostOfUrl(urls: readonly unknown[]): string | undefined {
  const text = urls.find((url) => typeof url === "string");
  return asText(/^https?:\/\/([^/?#]{1,200})/.exec(text ?? "")?.[1]);
}
