/** HTTP towards somebody who may mean harm: an answer ends in time, is not larger than expected, and leads nowhere else. */

import { reasonOf } from "./failure.ts";

export type BoundedRequest = {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole answer, its body included. */
  readonly timeoutMs: number;
  readonly bytesMax: number;
};

/**
 * Asks once.
 * @throws Error that says why there is no answer; its message holds no path and no header
 */
export async function fetchBounded(
  url: string,
  { method = "GET", headers = {}, body, timeoutMs, bytesMax }: BoundedRequest,
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const init = { method, headers, redirect: "error" as const, signal, ...(body !== undefined && { body }) };
    const response = await fetch(url, init);
    const { status, headers: answered } = response;
    return { status, headers: answered, text: await readBody(response, bytesMax) };
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs} ms`, { cause: error });
    throw new Error(reasonOf(error), { cause: error });
  }
}

async function readBody({ body }: Response, bytesMax: number): Promise<string> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bytesMax) throw new Error(`expected an answer of at most ${bytesMax} bytes, got more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
