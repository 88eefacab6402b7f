/** Why an erasure is refused. */

export type ErasureErrorCode =
  | "request_invalid"
  | "erasure_unknown"
  | "erasure_empty"
  | "erasure_held"
  | "erasure_too_large";

export class ErasureError extends Error {
  override readonly name = "ErasureError";
  readonly code: ErasureErrorCode;

  constructor(code: ErasureErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
