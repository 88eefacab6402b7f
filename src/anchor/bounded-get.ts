/**
 * How requests to a node travel: by fetch, in the form that ethers asks for. A node may mean harm: whatever it does, the
 * connection ends in time, and no more than so many bytes are kept. Ethers' own way leaves a request that came to nothing
 * open for as long as the node likes, and copies what it has so far with each piece.
 */

/** A request as ethers has put it together, credentials included. */
export type Request = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
};

export type Response = {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
};

export type Bounds = {
  /** For the whole answer. */
  readonly timeoutMs: number;
  /** After decompression. */
  readonly bytesMax: number;
  /** Ends what is on its way. */
  readonly signal: AbortSignal;
};

/** No answer in time, or a larger one than may be; the message says which, and no URL. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly code = "answer_missing";
}

/**
 * Asks once, and follows no redirection: it could lead into the network of this machine.
 * @throws AnswerError, or what fetch throws when nobody answers at all
 */
export async function getBounded(request: Request, { timeoutMs, bytesMax, signal }: Bounds): Promise<Response> {
  // Not AbortSignal.any: one that lasts keeps each of those that follow it.
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    const { url, method, body: asked } = request;
    const { "content-length": _, ...sent } = request.headers;
    const init = { method, headers: sent, redirect: "manual" as const, signal: ending.signal };
    const response = await fetch(url, asked === null ? init : { ...init, body: Uint8Array.from(asked) });
    // Without it, ethers does not follow either.
    const { location: __, ...headers } = Object.fromEntries(response.headers);
    const body = await readBody(response.body, bytesMax);
    return { statusCode: response.status, statusMessage: response.statusText, headers, body };
  } catch (cause) {
    if (!ending.signal.aborted) throw cause;
    throw new AnswerError(signal.aborted ? "closed" : `no answer within ${timeoutMs} ms`, { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

async function readBody(body: AsyncIterable<Uint8Array> | null, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > bytesMax) throw new AnswerError(`expected at most ${bytesMax} bytes, got more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
