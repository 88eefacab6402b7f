/** Why a schema cannot be taken, told so that whoever wrote it can mend it. */

export type SchemaErrorCode = "schema_invalid" | "schema_in_use" | "schemas_max" | "schema_unknown";

/** `path` is an RFC 6901 pointer into the schema, "" for the whole. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  readonly code: SchemaErrorCode;
  readonly path: string;
  readonly expected: string;
  readonly got: string;

  constructor(
    code: SchemaErrorCode,
    path: string,
    expected: string,
    got: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`expected ${expected}${path === "" ? "" : ` at ${path}`}, got ${got}`, options);
    this.code = code;
    this.path = path;
    this.expected = expected;
    this.got = got;
  }
}
