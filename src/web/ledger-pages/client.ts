/** Asks the service that these pages came from, and nobody else. */

import { readJson } from "../../json/read.ts";
import { toHex, utf8 } from "../../merkle/bytes.ts";
import { sha256 } from "../../merkle/hash.ts";
import { ApiError } from "./frame/api-error.ts";

const TIMEOUT_MS = 30_000;
const KEY_ID_LENGTH = 16;
/** What proxies answer in place of a service that they do not reach. */
const PROXY_STATUSES = [502, 503, 504];

type Problem = {
  readonly code?: string;
  readonly detail?: string;
  readonly title?: string;
  /** Of an event that was pruned. */
  readonly leafHash?: string;
  readonly archive?: string;
};

/** Whether an answer says that the key is missing, wrong or not allowed to. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

/** Whether no service answered: nobody did, or a proxy that does not reach it. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError && error.code === "unreachable";
}

/**
 * Where a path of the service is: beside these pages, which a proxy may serve under a prefix.
 * @param path of the service, with / in front
 */
export function serviceUrl(path: string): string {
  return new URL(`.${path}`, location.href).href;
}

export class Client {
  readonly #key: string | undefined;

  constructor(key: string | undefined) {
    this.#key = key;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** The id by which the service lists the key. */
  get keyId(): string | undefined {
    if (this.#key === undefined) return undefined;
    return toHex(sha256(utf8(this.#key))).slice(2, 2 + KEY_ID_LENGTH);
  }

  /** @throws ApiError */
  async json<T>(path: string, signal?: AbortSignal, patienceMs?: number): Promise<T> {
    return readJson(await this.text(path, signal, patienceMs)) as T;
  }

  /** @throws ApiError */
  async text(path: string, signal?: AbortSignal, patienceMs = TIMEOUT_MS): Promise<string> {
    return this.#send("GET", path, undefined, signal, patienceMs);
  }

  /** A long answer, which the browser keeps where it has room. @throws ApiError, TypeError when it breaks off */
  async blob(path: string): Promise<Blob> {
    const headers: Record<string, string> = this.#key === undefined ? {} : { Authorization: `Bearer ${this.#key}` };
    const response = await fetch(serviceUrl(path), { headers });
    if (response.ok) return response.blob();
    const { code = "unknown", detail } = readProblem(await response.text());
    throw new ApiError(response.status, code, detail ?? `The service answered ${response.status}.`);
  }

  /**
   * An answer as it comes, which may have no end; undefined when there is none (204).
   * @throws ApiError before anything comes
   */
  async stream(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const request = { headers: this.#headers(headers), signal };
    const response = await fetch(serviceUrl(path), request).catch((cause: unknown) => {
      throw signal.aborted ? cause : unreachable();
    });
    if (response.ok) return response.status === 204 ? undefined : (response.body ?? undefined);
    throw refusalOf(response.status, await response.text().catch(() => ""));
  }

  /** @throws ApiError */
  async post<T>(path: string, body: unknown): Promise<T> {
    return readJson(await this.#send("POST", path, JSON.stringify(body), undefined, TIMEOUT_MS)) as T;
  }

  /** @throws ApiError */
  async put<T>(path: string, body: unknown): Promise<T> {
    return readJson(await this.#send("PUT", path, JSON.stringify(body), undefined, TIMEOUT_MS)) as T;
  }

  /** @throws ApiError */
  async remove(path: string): Promise<void> {
    await this.#send("DELETE", path, undefined, undefined, TIMEOUT_MS);
  }

  async #send(
    method: string,
    path: string,
    body: string | undefined,
    signal: AbortSignal | undefined,
    patienceMs: number,
  ): Promise<string> {
    const headers = this.#headers(body === undefined ? {} : { "Content-Type": "application/json" });
    const timeout = AbortSignal.timeout(patienceMs);
    const request: RequestInit = {
      method,
      headers,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body }),
    };
    const { response, text } = await receive(serviceUrl(path), request).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      throw unreachable();
    });
    if (response.ok) return text;
    throw refusalOf(response.status, text);
  }

  #headers(others: Readonly<Record<string, string>>): Record<string, string> {
    const headers: Record<string, string> = { ...others };
    if (this.#key !== undefined) headers.Authorization = `Bearer ${this.#key}`;
    return headers;
  }
}

function unreachable(): ApiError {
  return new ApiError(0, "unreachable", "The service does not answer.");
}

/** What an answer other than success says. */
function refusalOf(status: number, text: string): ApiError {
  const problem = readProblem(text);
  if (problem.code === undefined && PROXY_STATUSES.includes(status)) {
    return new ApiError(status, "unreachable", `The service does not answer: a proxy in front of it says ${status}.`);
  }
  const message = problem.detail ?? problem.title ?? `The service answered ${status}.`;
  const { leafHash, archive } = problem;
  const pruned = leafHash === undefined ? undefined : { leafHash, ...(archive !== undefined && { archive }) };
  return new ApiError(status, problem.code ?? "unknown", message, pruned);
}

/** An answer to its end: the connection can break in the middle of it. */
async function receive(url: string, request: RequestInit): Promise<{ response: Response; text: string }> {
  const response = await fetch(url, request);
  return { response, text: await response.text() };
}

/** What a refusal says of itself; nothing when a proxy answered, say. */
function readProblem(text: string): Problem {
  try {
    return (readJson(text) as Problem | null) ?? {};
  } catch {
    return {};
  }
}

/** Path of a ledger's part of the API. */
export function ledgerPath(ledger: string, rest = ""): string {
  return `/v1/ledgers/${encodeURIComponent(ledger)}${rest}`;
}
