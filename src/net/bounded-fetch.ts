/**
 * HTTP towards somebody who may mean harm: whatever they do, the answer ends in time and is taken a piece at a time by
 * whoever knows how large it may be, the connection ends with it, and it leads nowhere else: a redirection could lead
 * into the network of this machine. No message holds a path, a header or what was sent. It runs in a browser too.
 */

import { failureCode, failureWords } from "./failed-connection.ts";

export type FetchRequest = {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole answer, its body included. */
  readonly timeoutMs: number;
  /** Ends what is on its way. */
  readonly signal?: AbortSignal;
};

export type FetchedHead = { readonly status: number; readonly headers: Headers };

/** No answer in time, a larger one than may be, or one from elsewhere; the message says which, and no URL. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly code = "answer_missing";
  /** The connection ended before an answer came: one that was kept may have been closed just then, for having been quiet. */
  readonly isCut: boolean;

  constructor(message: string, { isCut = false, ...options }: ErrorOptions & { readonly isCut?: boolean } = {}) {
    super(message, options);
    this.isCut = isCut;
  }
}

/** As fetch of Node calls a connection that ended. */
const CUT: ReadonlySet<unknown> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** Nothing goes with a request that was not said, and it leads nowhere else. */
const ALONE = { redirect: "manual", credentials: "omit", referrerPolicy: "no-referrer" } as const;

/**
 * Asks once, and hands the body over as it arrives.
 * @param take gets each piece, after decompression; what it throws ends the connection
 * @throws AnswerError, and what `take` throws
 */
export async function fetchInPieces(
  url: string,
  { timeoutMs, signal, ...request }: FetchRequest,
  take: (piece: Uint8Array, head: FetchedHead) => void | Promise<void>,
): Promise<FetchedHead> {
  if (hasCredentials(url)) throw new AnswerError("expected an address without user and password, got one with them");
  // Not AbortSignal.any: one that lasts keeps each of those that follow it.
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, timeoutMs);
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  try {
    const init = { ...request, ...ALONE, signal: ending.signal };
    const response = await fetch(url, init).catch(noAnswer);
    const { status, headers } = response;
    // A browser does not show where one leads, nor its status.
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
      // What is not read would keep the connection.
      await response.body?.cancel();
      throw new AnswerError(`expected an answer, got a redirection${status === 0 ? "" : ` (HTTP status ${status})`}`);
    }
    // Not as an iterator: not every browser has one.
    const reader = response.body?.getReader();
    try {
      for (;;) {
        const next = await reader?.read().catch(noAnswer);
        if (next === undefined || next.done === true) return { status, headers };
        await take(next.value, { status, headers });
      }
    } finally {
      await reader?.cancel().catch(() => undefined); // it may have failed already
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    throw new AnswerError(signal?.aborted ? "closed" : `no answer within ${timeoutMs} ms`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

/** Asks once for a text of at most so many bytes. @throws AnswerError */
export async function fetchBounded(
  url: string,
  { bytesMax, ...request }: FetchRequest & { readonly bytesMax: number },
): Promise<FetchedHead & { readonly text: string }> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let length = 0;
  const head = await fetchInPieces(url, request, (piece) => {
    length += piece.length;
    if (length > bytesMax) throw new AnswerError(`expected an answer of at most ${bytesMax} bytes, got more`);
    text += decoder.decode(piece, { stream: true });
  });
  return { ...head, text: text + decoder.decode() };
}

/** fetch refuses such a one too, and says it with the password. */
function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}

function noAnswer(error: unknown): never {
  throw new AnswerError(failureWords(error), { cause: error, isCut: CUT.has(failureCode(error)) });
}
