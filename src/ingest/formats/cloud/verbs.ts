/** What a call to the API of a cloud does to what it is about, told from the verb that its name begins with. */

const VERBS: Readonly<Record<string, readonly string[]>> = {
  c: ["Create", "Add", "Register", "Allocate", "Import", "Insert", "Generate", "Issue", "Run", "Launch"],
  r: ["Get", "List", "Describe", "Head", "Lookup", "Query", "Scan", "Select", "Search", "Read", "View"],
  u: ["Put", "Update", "Modify", "Set", "Attach", "Detach", "Enable", "Disable", "Change", "Replace", "Patch", "Write"],
  d: ["Delete", "Remove", "Terminate", "Deregister", "Release", "Revoke", "Purge", "Cancel", "Destroy"],
};

const OPS = new Map(
  Object.entries(VERBS).flatMap(([op, verbs]) => verbs.map((verb) => [verb.toLowerCase(), op] as const)),
);
/** The first word of a name in camel case, in either case. */
const FIRST_WORD = /^[A-Z]?[a-z]+/;

/** c, r, u or d; x for a call that is none of them; undefined when there is no name. */
export function opOfCall(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const word = FIRST_WORD.exec(name)?.[0] ?? name;
  return OPS.get(word.toLowerCase()) ?? "x";
}
