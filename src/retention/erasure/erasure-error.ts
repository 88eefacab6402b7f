/** Why an erasure is refused. */

export type ErasureErrorCode =
  | "request_invalid"
  | "erasure_unknown"
  | "erasure_empty"
  | "erasure_held"
  | "erasure_too_large"
  | "archives_unavailable";

export class ErasureError extends Error {
  override readonly name = "ErasureError";
  readonly code: ErasureErrorCode;

  constructor(code: ErasureErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
