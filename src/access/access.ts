/**
 * What is said of one access: what was done, by which operation, with which key, from where, and to what. Nothing of an answer
 * is in here, and nothing of a key but its id.
 */

/** The ledger in which it is recorded, which the service makes; no user can make one of such a name. */
export const ACCESS_LEDGER = "_access";

/** What kinds of access there are; each is the end of an action, `holdfast.access.read`. */
export type AccessKind =
  | "read"
  | "search"
  | "export"
  | "tail"
  | "sign_in"
  | "change"
  | "new_address"
  | "refused"
  | "unrecorded";

/** Who had it: a key that was shown, and where from. */
export type Accessor = {
  /** Id of the API key, and the source that it stands for; absent where none is known. */
  readonly key?: { readonly id: string; readonly source: string } | undefined;
  /** As networkOf() spells it. */
  readonly network: string;
};

export type Access = Accessor & {
  readonly kind: AccessKind;
  /** Of the table of operations. */
  readonly operation: string;
  /** Name of the ledger that was asked. */
  readonly ledger?: string | undefined;
  /** Of the entry that was read. */
  readonly index?: number | undefined;
  /** What was said besides: parameters of path and query, as they stand behind the ? of a search. */
  readonly query?: string | undefined;
};

/** A request that was refused. */
export type RefusedRequest = Accessor & {
  readonly code: string;
  /** Method and path as the table of operations has them. */
  readonly route: string;
};

/** What is told at once of what is rare and heavy. */
export type HeavyAccess = Access & {
  readonly outcome: "success" | "failure";
  /** Of the answer, or why there was none. */
  readonly metadata: Readonly<Record<string, unknown>>;
};

/** What leaves a trace cannot be done now, for the trace cannot be recorded. */
export class AccessUnrecordedError extends Error {
  override readonly name = "AccessUnrecordedError";
  readonly code = "access_unrecorded";

  constructor(cause?: unknown) {
    super(
      "what was asked is done only when it is recorded that it was, which cannot be recorded now; try again later",
      {
        cause,
      },
    );
  }
}
