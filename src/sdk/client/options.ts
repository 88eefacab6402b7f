/** What a client is made with, and what holds where nothing is said. */

import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import type { RecordedEvent } from "./answers/check-answer.ts";
import type { KeyGiver } from "./answers/requests.ts";
import type { TrustedOnFirstUse } from "./answers/trust.ts";
import type { OutgoingEvent } from "./event.ts";
import { HoldfastError } from "./holdfast-error.ts";
import type { Outbox } from "./sending/outbox.ts";

/**
 * What `append` waits for, and what happens when the service is away: `block` waits until the event is recorded, up to a
 * deadline; `spool` until it is on this disk; `best-effort` for nothing, and counts what it drops.
 */
export type Mode = "block" | "spool" | "best-effort";

/** Where a client in mode `spool` keeps its events; `openSpool` of holdfast/spool makes one. */
export interface EventSpool extends Outbox {
  /**
   * Resolves when the events are synced to the disk.
   * @throws HoldfastError spool_full, spool_failed
   */
  add(events: readonly OutgoingEvent[]): Promise<void>;
  /** Events that were dropped because there was no room, where that was asked for. */
  readonly dropped: number;
  /** Events that the service refused, which are set aside in a file. */
  readonly refused: number;
  /** Of these, those for which that file had no room: they are in no file. */
  readonly refusedDropped: number;
  close(): Promise<void>;
}

export type ClientOptions<M extends Mode = Mode> = {
  /** Of the service, such as https://holdfast.example. */
  readonly url: string;
  readonly key: KeyGiver;
  /** "main" when absent. */
  readonly ledger?: string;
  /** "block" when absent. */
  readonly mode?: M;
  /** Of mode `spool`. */
  readonly spool?: EventSpool | Promise<EventSpool>;
  /** How many events, and how many bytes of them, are sent at once, and how long the first one waits for others. */
  readonly batch?: { readonly countMax?: number; readonly bytesMax?: number; readonly ageMs?: number };
  /** Events that may wait in memory, in modes `block` and `best-effort`. */
  readonly queue?: { readonly eventsMax?: number; readonly bytesMax?: number };
  /** For every call that says nothing else: appending, reading, waiting, flushing. */
  readonly deadlineMs?: number;
  /** For one request. */
  readonly tryMs?: number;
  readonly retry?: { readonly baseMs?: number; readonly maxMs?: number };
  /** How long `close`, and the end of the program, wait for what is not recorded. */
  readonly closeMs?: number;
  /** `receipts`: what is answered to a batch is checked; `bundles`: the proof of each event is asked for and checked, too. */
  readonly verify?: "receipts" | "bundles";
  /** The ledger that is meant; the first answer's when absent. */
  readonly ledgerId?: string;
  /** Who signs its checkpoints; who signed the first answer when absent. */
  readonly signers?: readonly string[];
  readonly onTrustedOnFirstUse?: (trusted: TrustedOnFirstUse) => void;
  readonly onRecorded?: (events: readonly RecordedEvent[]) => void;
  /** The service refused an event for what it is; the text is what was sent. */
  readonly onRefused?: (event: OutgoingEvent, error: HoldfastError) => void;
  /** Told when sending begins to fail, and with undefined when it works again. */
  readonly onTrouble?: (trouble: HoldfastError | undefined) => void;
};

export type ClientSettings = ReturnType<typeof readOptions>;

/** Fills in what is not said. @throws HoldfastError options_invalid */
export function readOptions<M extends Mode>(options: ClientOptions<M>) {
  const mode: Mode = options.mode ?? "block";
  if (!["block", "spool", "best-effort"].includes(mode)) {
    throw invalid("mode", "block, spool or best-effort", mode);
  }
  if ((mode === "spool") !== (options.spool !== undefined)) {
    throw invalid("spool", "one exactly in mode spool", options.spool === undefined ? "none" : `one in mode ${mode}`);
  }
  const { batch = {}, queue = {}, retry = {} } = options;
  return {
    mode,
    url: readUrl(options.url),
    ledger: options.ledger ?? LEDGER_DEFAULT,
    countMax: positive("batch.countMax", batch.countMax, 500),
    bytesMax: positive("batch.bytesMax", batch.bytesMax, 1024 * 1024),
    // Whoever waits shall not wait for others as well: what comes while a batch is under way is the next one.
    ageMs: batch.ageMs ?? (mode === "block" ? 0 : 100),
    queue: {
      eventsMax: positive("queue.eventsMax", queue.eventsMax, 10_000),
      bytesMax: positive("queue.bytesMax", queue.bytesMax, 32 * 1024 * 1024),
    },
    deadlineMs: positive("deadlineMs", options.deadlineMs, 30_000),
    tryMs: positive("tryMs", options.tryMs, 10_000),
    baseMs: positive("retry.baseMs", retry.baseMs, 200),
    maxMs: positive("retry.maxMs", retry.maxMs, 30_000),
    closeMs: positive("closeMs", options.closeMs, 5_000),
    verify: options.verify ?? "receipts",
  };
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.search === "") {
    return url.href.replace(/\/+$/, "");
  }
  // What is in it may be a secret.
  throw new HoldfastError(
    "options_invalid",
    "expected as url an http or https URL without a user or a query, got another",
  );
}

function positive(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isFinite(value) && value > 0) return value;
  throw invalid(name, "a number above 0", String(value));
}

function invalid(name: string, expected: string, got: string): HoldfastError {
  return new HoldfastError("options_invalid", `expected as ${name} ${expected}, got ${got}`);
}
