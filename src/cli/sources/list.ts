/** `holdfast sources list`: who sends to a ledger. */

import { ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { printResult, spellTime, table } from "../terminal/output.ts";

type ListFlags = ServiceOptions & { readonly ledger: string; readonly json?: boolean };

type Key = { readonly state: string; readonly refused?: { readonly count: number } };

type Source = {
  readonly source: string;
  readonly recorded: number;
  readonly quarantined: number;
  readonly duplicates: number;
  readonly bytes: number;
  readonly perMinute: number;
  readonly lastSeen?: number;
  readonly skewMs?: number;
  readonly keys: readonly Key[];
};

type Answer = {
  readonly sources: readonly Source[];
  /** Entries that are in no count yet. */
  readonly uncounted?: number;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HEAD = ["SOURCE", "LAST SEEN", "PER MIN", "RECORDED", "QUARANTINED", "SENT AGAIN", "CLOCK", "BYTES", "KEYS"];

export async function listSources(flags: ListFlags): Promise<void> {
  const path = `/v1/ledgers/${encodeURIComponent(flags.ledger)}/sources`;
  const answer = (await new ServiceClient(flags).ask(path)) as Answer;
  const rows = answer.sources.map((source) => [
    source.source,
    spellTime(source.lastSeen),
    String(source.perMinute),
    String(source.recorded),
    String(source.quarantined),
    String(source.duplicates),
    spellSkew(source.skewMs),
    String(source.bytes),
    spellKeys(source.keys),
  ]);
  const text = [...table([HEAD, ...rows]), ...noteOf(answer.uncounted ?? 0)];
  printResult({ json: answer, text }, flags.json === true);
}

/** Said while the numbers are too small. */
function noteOf(uncounted: number): string[] {
  if (uncounted === 0) return [];
  return [`${uncounted} recorded events are still being counted again; until then these numbers are too small`];
}

/** How long before it was received the newest event says that it happened. */
function spellSkew(ms: number | undefined): string {
  if (ms === undefined) return "-";
  return ms >= 0 ? `${spellLength(ms)} behind` : `${spellLength(-ms)} AHEAD`;
}

/** Clocks differ by seconds; what was sent long after it happened does by hours or days. */
function spellLength(ms: number): string {
  if (ms < HOUR_MS) return `${(ms / 1000).toFixed(1)}s`;
  return ms < 2 * DAY_MS ? `${(ms / HOUR_MS).toFixed(1)}h` : `${(ms / DAY_MS).toFixed(1)}d`;
}

function spellKeys(keys: readonly Key[]): string {
  const refused = keys.reduce((sum, key) => sum + (key.refused?.count ?? 0), 0);
  if (refused > 0) return `USED AFTER ITS END, ${refused === 1 ? "once" : `${refused} times`}`;
  const live = keys.filter(({ state }) => state === "live").length;
  return keys.length === 0 ? "-" : `${live} live`;
}
