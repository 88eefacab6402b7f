/** Settings of watchers elsewhere that may say what they see; docs/watcher.md is the page about them. */

import { z } from "zod";
import { ACCESS_LEDGER } from "../../access/access.ts";
import type { WatcherSetting } from "../../alerts/watchers/watcher-book.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { ConfigError, settings } from "./setting-errors.ts";

const WATCHERS_MAX = 64;
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected 1 to 64 of a-z, 0-9, '.', '_', '-'");

/** @param address the form of an address */
export function watchersForm(address: z.ZodString) {
  return z
    .array(
      settings({
        name,
        /** The one of a first start when absent. */
        ledger: z
          .union([name, z.literal(ACCESS_LEDGER)], `expected the name of a ledger, or ${ACCESS_LEDGER}`)
          .optional(),
        /** Address of the key that signs what it says. */
        key: address,
        /** How often it says something; after three times as long it is silent. */
        everyS: z.number().min(10).max(86_400).default(60),
      }),
    )
    .max(WATCHERS_MAX);
}

/** @throws ConfigError for a name, or a key, that stands there twice for one ledger: one watcher would count as two */
export function readWatchers(
  setting: z.infer<ReturnType<typeof watchersForm>>,
  first: string,
): readonly WatcherSetting[] {
  const watchers = setting.map(({ name: watcher, ledger = first, key, everyS }) => ({
    ledger,
    name: watcher,
    key: key.toLowerCase() as Hex,
    everyMs: everyS * 1000,
  }));
  for (const what of ["name", "key"] as const) {
    const all = watchers.map((each) => `${each[what]} of ${each.ledger}`);
    const twice = all.find((each, i) => all.indexOf(each) < i);
    if (twice !== undefined)
      throw new ConfigError(
        `"watchers": expected a different ${what} for each watcher of a ledger, got ${twice} twice`,
      );
  }
  return watchers;
}
