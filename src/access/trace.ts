/** What an operation leaves in the ledger of accesses, as the table of operations says it of each. */

export type Trace =
  /** Why it leaves none. */
  | { readonly none: string }
  /** Gathered with others of its kind, and told within a minute. */
  | { readonly leaves: "read" | "search" | "tail" | "sign_in" | "change" }
  /** Told before it is answered, and not done where that cannot be; with these members of the answer. */
  | { readonly leavesFirst: "export" | "change"; readonly tells?: readonly string[] };
