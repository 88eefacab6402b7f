/** Asks the service that these pages came from, and nobody else. */

import { readJson } from "../../json/read.ts";

/** The service said no, or could not be asked (status 0); `code` is the stable one of its problem. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const TIMEOUT_MS = 30_000;

type Problem = { readonly code?: string; readonly detail?: string; readonly title?: string };

/** Whether an answer says that the key is missing, wrong or not allowed to. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

export class Client {
  readonly #key: string | undefined;

  constructor(key: string | undefined) {
    this.#key = key;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** @throws ApiError */
  async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return readJson(await this.text(path, signal)) as T;
  }

  /** @throws ApiError */
  async text(path: string, signal?: AbortSignal): Promise<string> {
    return (await this.#send("GET", path, undefined, signal)).text();
  }

  /** @throws ApiError */
  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await this.#send("POST", path, JSON.stringify(body), undefined);
    return readJson(await response.text()) as T;
  }

  async #send(method: string, path: string, body: string | undefined, signal: AbortSignal | undefined) {
    const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    if (this.#key !== undefined) headers.Authorization = `Bearer ${this.#key}`;
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(path, {
      method,
      headers,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body }),
    }).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      throw new ApiError(0, "unreachable", "The service does not answer.");
    });
    if (response.ok) return response;
    const problem = await readProblem(response);
    const message = problem.detail ?? problem.title ?? `The service answered ${response.status}.`;
    throw new ApiError(response.status, problem.code ?? "unknown", message);
  }
}

/** What a refusal says of itself; nothing when a proxy answered, say. */
async function readProblem(response: Response): Promise<Problem> {
  try {
    return readJson(await response.text()) as Problem;
  } catch {
    return {};
  }
}

/** Path of a ledger's part of the API. */
export function ledgerPath(ledger: string, rest = ""): string {
  return `/v1/ledgers/${encodeURIComponent(ledger)}${rest}`;
}
