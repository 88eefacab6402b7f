/** Why something about retention or holds is refused. */

export type RetentionErrorCode = "hold_unknown" | "holds_max" | "retention_changed" | "role_insufficient";

export class RetentionError extends Error {
  override readonly name = "RetentionError";
  readonly code: RetentionErrorCode;

  constructor(code: RetentionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
