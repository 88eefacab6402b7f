/** Why something cannot be done with an alert. */

export type AlertErrorCode = "unknown" | "over" | "time_invalid";

export class AlertError extends Error {
  override readonly name = "AlertError";
  readonly code: AlertErrorCode;

  constructor(code: AlertErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
