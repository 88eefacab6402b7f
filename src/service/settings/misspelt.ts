/** What ledgers do about misspelt members, as it is configured. */

import type { OnMisspelt } from "../../ingest/intake/examine.ts";
import type { LedgerRegistry } from "../../ledger/registry.ts";
import type { Log } from "../../log.ts";
import type { Config } from "../config.ts";

/** What each ledger does about misspelt members. A name that no ledger has may be misspelt itself, so it is told. */
export function misspeltOf(
  { ledgers }: Pick<Config, "ledgers">,
  registry: Pick<LedgerRegistry, "get">,
  log: Pick<Log, "warn">,
): (ledger: string) => OnMisspelt | undefined {
  for (const ledger of Object.keys(ledgers)) {
    if (registry.get(ledger) === undefined)
      log.warn({ ledger }, "there are settings for a ledger that does not exist yet");
  }
  return (name) => ledgers[name]?.misspelt;
}
