/** What is wrong with a query, told so that the caller can mend it. */

export type QueryErrorCode =
  | "query_invalid"
  | "cursor_invalid"
  /** The cursor belongs to another ledger, filter or order. */
  | "cursor_mismatch";

/** A query that cannot be answered as it is; `parameter` is the one concerned. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly code: QueryErrorCode;
  readonly parameter: string;
  readonly expected: string;
  readonly got: string;

  constructor(code: QueryErrorCode, parameter: string, expected: string, got: string) {
    super(`expected ${expected} as ${parameter}, got ${got}`);
    this.code = code;
    this.parameter = parameter;
    this.expected = expected;
    this.got = got;
  }
}

/** Spells what came in quotes; long texts are cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57).toWellFormed()}...` : text);
}
