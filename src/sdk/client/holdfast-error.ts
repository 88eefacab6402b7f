/** What goes wrong for a program that uses the client: one error class with a stable `code`, the service's own or ours. */

import type { ProblemCode, Remedy } from "./answers/problem-codes.ts";

/** Codes of the client itself. */
export type ClientCode =
  /** The deadline passed; what was sent may be recorded all the same, under its id. */
  | "deadline_passed"
  /** The caller's signal. */
  | "aborted"
  /** The client was closed. */
  | "client_closed"
  /** There is no room for more events, and none came in time. */
  | "client_full"
  /** No answer: nobody there, reset, cut off, a redirection, or too late. */
  | "unreachable"
  /** An answer that is none of this API, such as a proxy's page. */
  | "answer_invalid"
  /** An answer that is not true: a signature, an index or a proof is not what it has to be. */
  | "answer_false"
  /** A value that JSON cannot spell. */
  | "event_unspellable"
  /** The spool holds as much as it may. */
  | "spool_full"
  /** The spool's disk does not take or give what it has to. */
  | "spool_failed"
  /** Another process has the spool. */
  | "spool_locked"
  /** Others than this user can read the spool, or it leads somewhere else. */
  | "spool_unsafe"
  /** Options that cannot be. */
  | "options_invalid";

export type FieldProblem = { readonly path: string; readonly expected: string; readonly got: string };

export type ErrorFacts = {
  readonly cause?: unknown;
  /** Of an answer of the service. */
  readonly status?: number;
  readonly errors?: readonly FieldProblem[];
  readonly requestId?: string;
  /** Where in the request the event is that was refused, counted from 0. */
  readonly position?: number;
  readonly retryAfterMs?: number;
  readonly remedy?: Remedy;
  /** Events of which it is not known that they are recorded. */
  readonly ids?: readonly string[];
};

export class HoldfastError extends Error {
  override readonly name = "HoldfastError";
  readonly code: ProblemCode | ClientCode;
  readonly status: number | undefined;
  readonly errors: readonly FieldProblem[];
  readonly requestId: string | undefined;
  readonly position: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly remedy: Remedy;
  /** Events of which it is not known that they are recorded; appending them again under these ids is harmless. */
  readonly ids: readonly string[];

  constructor(code: ProblemCode | ClientCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.status = facts.status;
    this.errors = facts.errors ?? [];
    this.requestId = facts.requestId;
    this.position = facts.position;
    this.retryAfterMs = facts.retryAfterMs;
    this.remedy = facts.remedy ?? "mend";
    this.ids = facts.ids ?? [];
  }

  /** Whether the same may succeed later, with nothing changed. */
  get isTemporary(): boolean {
    return this.remedy === "wait";
  }

  /** The same, said of these events. */
  about(ids: readonly string[]): HoldfastError {
    const { code, message, cause, status, errors, requestId, position, retryAfterMs, remedy } = this;
    const facts = { cause, errors, remedy, ids };
    return new HoldfastError(code, message, {
      ...facts,
      ...(status !== undefined && { status }),
      ...(requestId !== undefined && { requestId }),
      ...(position !== undefined && { position }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
}

/** Any error as one of ours. */
export function asHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError("answer_invalid", `the client failed: ${message}`, { cause: error });
}
