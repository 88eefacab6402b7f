/** Watchers elsewhere, as the rules of alerts want to know them. */

import type { WatcherSeen } from "../../alerts/facts.ts";
import type { KnownWatcher } from "../../alerts/watchers/watcher-book.ts";

export function watcherSeen({ ledger, name, state, everyMs, countsFrom, heard }: KnownWatcher): WatcherSeen {
  const seen = { ledger, name, state, everyMs, countsFrom };
  if (heard === undefined) return { ...seen, findings: [] };
  const { receivedAt: lastAt, unknownSince, word, differs } = heard;
  const findings = differs === undefined ? word.findings : [...word.findings, differs];
  return { ...seen, lastAt, findings, ...(unknownSince !== undefined && { unknownSince }) };
}
