/** Watchers elsewhere as they are configured, and which ledger is told what they say. */

import { WatcherBook, type WatcherBookOptions } from "../../alerts/watchers/watcher-book.ts";
import type { HttpLimits } from "../../http/services.ts";
import type { LedgerRegistry } from "../../ledger/registry.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Config } from "../config.ts";
import { ConfigError } from "../settings/setting-errors.ts";
import { toldLedger } from "./open-alerts.ts";

type WatcherParts = Omit<WatcherBookOptions, "watchers" | "toleranceMs" | "ledger"> & {
  readonly registry: LedgerRegistry;
  readonly limits: Pick<HttpLimits, "signatureToleranceMs">;
};

/** @throws ConfigError for a watcher with the key of whom it watches: nobody vouches for himself */
export function openWatchers(
  { watchers, ledger }: Pick<Config, "watchers" | "ledger">,
  { registry, limits, ...parts }: WatcherParts,
): Promise<WatcherBook> {
  for (const { name, key, ledger: watched } of watchers) {
    if (registry.get(watched)?.record.signer !== key) continue;
    throw new ConfigError(
      `"watchers" ${name}: expected a key that only the watcher has, got ${checksumAddress(key)}, which signs for the ledger ${watched} itself`,
    );
  }
  return WatcherBook.open({
    ...parts,
    watchers,
    toleranceMs: limits.signatureToleranceMs,
    ledger: () => toldLedger(registry, ledger),
  });
}
