/** A request as the form of an operation has it: its address, the command that does the same, and sending it. */

import type { ListedOperation } from "./description.ts";

/** TypedValues of parameters by place and name, as they were typed; an empty one is left out. */
export type TypedValues = Readonly<Record<string, string>>;

export type TriedRequest = {
  readonly listed: ListedOperation;
  readonly values: TypedValues;
  readonly type: string | undefined;
  readonly body: string;
  readonly key: string;
};

export type TriedAnswer = {
  readonly status: number;
  readonly type: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
  readonly ms: number;
  readonly isCut: boolean;
};

/** Of a long answer, or one that does not end, the beginning is shown. */
const SHOWN_BYTES = 256 * 1024;
const SHOWN_MS = 5000;

export function slot(place: string, name: string): string {
  return `${place} ${name}`;
}

/** The path and query, beside this page. */
function pathOf({ listed: { path, operation }, values }: TriedRequest): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[slot("path", name)] ?? ""));
  const query = new URLSearchParams();
  for (const { name, in: place, schema } of operation.parameters) {
    const value = values[slot(place, name)] ?? "";
    if (place !== "query" || value === "") continue;
    // What has names of its own is typed as it stands in an address.
    if (schema.type === "object") for (const [each, of] of new URLSearchParams(value)) query.append(each, of);
    else query.set(name, value);
  }
  return query.size === 0 ? filled : `${filled}?${query}`;
}

function headersOf({ listed: { operation }, values, type, key }: TriedRequest): [string, string][] {
  const headers: [string, string][] = [];
  if (key !== "" && operation.security.length > 0) headers.push(["Authorization", `Bearer ${key}`]);
  if (type !== undefined) headers.push(["Content-Type", type]);
  for (const { name, in: place } of operation.parameters) {
    const value = values[slot(place, name)] ?? "";
    if (place === "header" && value !== "") headers.push([name, value]);
  }
  return headers;
}

/** The same for a shell; the key is taken from its environment and never stands in it. */
export function commandOf(asked: TriedRequest): string {
  const { listed, type, body } = asked;
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const url = new URL(`.${pathOf(asked)}`, location.href).href;
  const method = listed.method === "get" ? "" : ` -X ${listed.method.toUpperCase()}`;
  const headers = headersOf({ ...asked, key: "$KEY" }).map(([name, value]) =>
    name === "Authorization" ? ` \\\n  -H "Authorization: Bearer $KEY"` : ` \\\n  -H ${quote(`${name}: ${value}`)}`,
  );
  const data = type === undefined ? "" : ` \\\n  --data-binary ${quote(body)}`;
  return `curl${method} ${quote(url)}${headers.join("")}${data}`;
}

/** @throws Error when nobody answers */
export async function send(asked: TriedRequest): Promise<TriedAnswer> {
  const began = performance.now();
  const response = await fetch(new URL(`.${pathOf(asked)}`, location.href), {
    method: asked.listed.method.toUpperCase(),
    headers: headersOf(asked),
    cache: "no-store",
    ...(asked.type === undefined ? {} : { body: asked.body }),
  });
  const type = response.headers.get("content-type") ?? "";
  const { text, isCut } = await beginningOf(response, type);
  const ms = Math.round(performance.now() - began);
  return { status: response.status, type, headers: [...response.headers], text, ms, isCut };
}

async function beginningOf(response: Response, type: string): Promise<{ text: string; isCut: boolean }> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: "", isCut: false };
  const decoder = new TextDecoder();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => undefined);
  }, SHOWN_MS);
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    text += decoder.decode(value, { stream: true });
    if (bytes <= SHOWN_BYTES) continue;
    isLate = true;
    reader.cancel().catch(() => undefined);
    break;
  }
  clearTimeout(timer);
  return { text: /octet-stream|protobuf/.test(type) ? `${bytes} bytes of ${type}` : text, isCut: isLate };
}
