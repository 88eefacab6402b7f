/**
 * What is wrong with a body as a whole, or with a place in it, told so that its sender can mend it. Nothing of a request
 * that fails so was recorded.
 */

import type { EventErrorCode, RuleName } from "../../entry/event-error.ts";

export type IntakeErrorCode = EventErrorCode | "utf8_invalid" | "batch_empty" | "batch_too_large" | "not_recorded";

/** What is wrong at one place of a request; `path` is an RFC 6901 pointer. */
export type PlaceError = { readonly path: string; readonly expected: string; readonly got: string };

export type IntakeErrorOptions = {
  readonly errors?: readonly PlaceError[] | undefined;
  /** Line of the body, from 1. */
  readonly line?: number | undefined;
  /** The rule of the ledger that is not kept. */
  readonly rule?: RuleName | undefined;
  /** Seconds after which sending again may help. */
  readonly retryAfterS?: number | undefined;
  readonly cause?: unknown;
};

/** A request that cannot be taken in. */
export class IntakeError extends Error {
  override readonly name = "IntakeError";
  readonly code: IntakeErrorCode;
  readonly errors: readonly PlaceError[] | undefined;
  readonly line: number | undefined;
  readonly rule: RuleName | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: IntakeErrorCode, message: string, options: IntakeErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors;
    this.line = options.line;
    this.rule = options.rule;
    this.retryAfterS = options.retryAfterS;
  }
}
