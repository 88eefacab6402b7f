/** The one error of the pages: what the service said, or that it said nothing; knows nothing of a browser. */

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
