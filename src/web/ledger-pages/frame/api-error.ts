/** The one error of the pages: what the service said, or that it said nothing; knows nothing of a browser. */

/** What stays of an event that was pruned, as the service says it. */
export type PrunedEvent = { readonly leafHash: string; readonly archive?: string };

/** The service said no, or could not be asked (status 0); `code` is the stable one of its problem. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly pruned: PrunedEvent | undefined;

  constructor(status: number, code: string, message: string, pruned?: PrunedEvent) {
    super(message);
    this.status = status;
    this.code = code;
    this.pruned = pruned;
  }
}
