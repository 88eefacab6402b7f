/** The forms of saved searches: a filter as the query of a search has it, under a name. */

import * as z from "zod";

/** Bytes of a filter, as UTF-8. */
const FILTER_BYTES_MAX = 1000;
/** What a name has nowhere: what parts paths, controls, and characters that are not seen. */
const NOWHERE = String.raw`/\\\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff`;
export const SEARCH_NAME = new RegExp(`^[^\\s.${NOWHERE}](?:[^${NOWHERE}]{0,62}[^\\s${NOWHERE}])?$`);
export const SEARCH_NAME_RULE =
  "a name of 1 to 64 characters, without / and \\ and what is not seen, that begins with no dot and has a space at neither end";

const milliseconds = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ description: "Milliseconds since 1970" });

const filter = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= FILTER_BYTES_MAX, { error: `at most ${FILTER_BYTES_MAX} bytes` })
  .meta({ description: "What stands behind the ? of a search, as action=user.*&outcome=denied" });

const savedSearch = z.strictObject({
  name: z.string(),
  filter: z.string(),
  savedAt: milliseconds,
  key: z.string().meta({ description: "Id of the API key that saved it" }),
  source: z.string(),
  problems: z
    .array(z.strictObject({ path: z.string(), expected: z.string(), got: z.string() }))
    .optional()
    .meta({
      description: "What this version does not take of a filter that another one saved: none of it is to be run",
    }),
});

export const SAVED_SEARCH_SCHEMAS = {
  SavedSearchRequest: z.strictObject({ filter }),
  SavedSearch: savedSearch,
  SavedSearches: z.strictObject({
    searches: z.array(savedSearch).meta({ description: "In order of their names" }),
    damaged: z.array(z.string()).meta({ description: "Names of those that cannot be read" }),
  }),
};
