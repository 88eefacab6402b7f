/** The formats that events come in, by the names that `_source` gives them. */

import type { Adapter } from "./adapter.ts";
import { github } from "./formats/github.ts";

/** Events as clients of our own send them. */
export const NATIVE = "native";

/** What the service records by itself, such as heartbeats; the name of its source and actor too. */
export const OF_THE_SERVICE = "holdfast";

/** A foreign format, and the headers in which its senders say what kind of item it is and which delivery. */
export type Format = { readonly adapter: Adapter; readonly kindHeader: string; readonly idHeader: string };

export const FORMATS: Readonly<Record<string, Format>> = {
  github: { adapter: github, kindHeader: "x-github-event", idHeader: "x-github-delivery" },
};
