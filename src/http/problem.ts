/**
 * Errors as clients see them: application/problem+json, RFC 9457, with a stable `code`. Every error becomes a
 * Problem here; one that nobody expected becomes `internal` with a request id, and its cause goes to the log only.
 */

import { randomUUID } from "node:crypto";
import { CODES, type Code, isCode } from "./api/codes.ts";

/** What is wrong at one place of a request; `path` is a JSON pointer or the name of a parameter. */
export type FieldError = { readonly path: string; readonly expected: string; readonly got: string };

/** More members of the answer's body. */
export type ProblemExtra = {
  readonly errors?: readonly FieldError[];
  /** Line of an NDJSON body, from 1. */
  readonly line?: number;
  /** Events of the request whose key was used before: position in the request, index in the ledger. */
  readonly conflicts?: readonly { readonly position: number; readonly index?: number }[];
  readonly requestId?: string;
  /** Of an event that was pruned, and where it is archived. */
  readonly leafHash?: string;
  readonly archive?: string;
};

/** How a foreign protocol spells a problem: its own status and body. */
export type Spelling = { readonly status: number; readonly type: string; readonly body: string | Uint8Array };

type ProblemOptions = ProblemExtra & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  readonly spelling?: Spelling;
};

/** An error whose text is meant for the client. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: Code;
  readonly extra: ProblemExtra;
  readonly headers: Readonly<Record<string, string>>;
  readonly spelling: Spelling | undefined;

  constructor(code: Code, detail: string, { headers = {}, cause, spelling, ...extra }: ProblemOptions = {}) {
    super(detail, { cause });
    this.code = code;
    this.headers = headers;
    this.extra = extra;
    this.spelling = spelling;
  }

  get status(): number {
    return this.spelling?.status ?? CODES[this.code][0];
  }
}

/** Seconds after which a client that got a 503 shall try again when nothing better is known. */
const RETRY_AFTER_S = 5;

/** What the log has to know of although the client is told all of it. */
const DAMAGE: readonly Code[] = ["store_damaged", "claim_damaged"];

/** Errors that say where keys are, and from whom: the log is told, and whoever asks that they are not to be had. */
const WITHHELD: Readonly<Partial<Record<Code, string>>> = {
  key_unavailable:
    "expected the key that this is encrypted with, which cannot be asked for now; the service's log has the cause",
  key_refused: "expected the key that this is encrypted with, which was refused; the service's log has the cause",
};

/** Title of a code of the table, for problems that are spelled elsewhere. */
export function titleOf(code: string): string {
  return isCode(code) ? CODES[code][1] : code;
}

/** What a client is told of any error; `unexpected` says that the log has to know of it too. */
export function problemOf(error: unknown): { readonly problem: Problem; readonly unexpected: boolean } {
  if (error instanceof Problem) return { problem: error, unexpected: false };
  const { code, message, status } = error as ErrorFields;
  if (isCode(code) && typeof message === "string")
    return { problem: knownProblem(code, error as Known), unexpected: DAMAGE.includes(code) || code in WITHHELD };
  // The router refuses a path that does not decode with an error of its own.
  if (status === 400)
    return { problem: new Problem("request_invalid", "expected a decodable path"), unexpected: false };
  const requestId = randomUUID();
  const detail = `an internal error, request ${requestId}; nothing more is said here, the service's log has the cause`;
  const headers = { "Retry-After": String(RETRY_AFTER_S) };
  return { problem: new Problem("internal", detail, { requestId, headers, cause: error }), unexpected: true };
}

type ErrorFields = { readonly code?: unknown; readonly message?: unknown; readonly status?: unknown };

/** Fields of the errors of other folders whose codes are in the table. */
type Known = Error & {
  readonly path?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly retryAfterS?: number;
  readonly items?: ProblemExtra["conflicts"];
  readonly errors?: ProblemExtra["errors"];
  readonly leafHash?: string;
  readonly archive?: string | undefined;
  readonly line?: number | undefined;
};

function knownProblem(code: Code, error: Known): Problem {
  const { path, expected, got, items, errors, line, leafHash, archive } = error;
  const retryAfterS = error.retryAfterS ?? (CODES[code][0] === 503 ? RETRY_AFTER_S : undefined);
  return new Problem(code, WITHHELD[code] ?? error.message, {
    ...(path !== undefined && expected !== undefined && { errors: [{ path, expected, got: got ?? "nothing" }] }),
    ...(errors !== undefined && { errors }),
    ...(line !== undefined && { line }),
    ...(leafHash !== undefined && { leafHash }),
    ...(archive !== undefined && { archive }),
    ...(items !== undefined && items.length > 0 && { conflicts: items }),
    ...(retryAfterS !== undefined && { headers: { "Retry-After": String(Math.max(1, Math.ceil(retryAfterS))) } }),
    cause: error,
  });
}

/** Body of the answer, RFC 9457 §3.1, or that of a foreign protocol. */
export function problemBody({ code, status, message, extra, spelling }: Problem): string | Uint8Array {
  if (spelling !== undefined) return spelling.body;
  const title = CODES[code][1];
  return JSON.stringify({ type: `urn:holdfast:problem:${code}`, title, status, detail: message, code, ...extra });
}

/** Headers of the answer. */
export function problemHeaders(problem: Problem, body: string | Uint8Array): Record<string, string | number> {
  return {
    "Content-Type": problem.spelling?.type ?? "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...problem.headers,
  };
}
