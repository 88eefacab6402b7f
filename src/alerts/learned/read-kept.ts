/** What was learned, read again. */

import { readJson } from "../../json/read.ts";
import type { KeptPresence } from "./presence.ts";
import type { KeptVolume } from "./volume.ts";
import { HOURS_OF_WEEK } from "./week.ts";

type Kept = { readonly came: KeptPresence; readonly means: KeptVolume };

/** @param by a member that has a number for each hour of the week. @returns undefined when the text is something else */
export function readKept<By extends keyof Kept>(text: string, by: By): Kept[By] | undefined {
  try {
    const value = readJson(text) as Record<string, unknown>;
    const numbers = value[by];
    return Array.isArray(numbers) && numbers.length === HOURS_OF_WEEK ? (value as unknown as Kept[By]) : undefined;
  } catch {
    return undefined;
  }
}
