/**
 * Records what listeners read. Whatever waits goes into one append, so that many messages share a synced write; what cannot be
 * recorded for now is tried again until it is, and meanwhile nothing more is read than a bounded memory takes. Nobody is
 * told that a message was recorded: syslog has no answers. Why: docs/decisions/0153.
 */

import type { EventLimits } from "../../entry/event.ts";
import type { Preparation } from "../../entry/prepare.ts";
import type { Condition, Health } from "../../health.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Log } from "../../log.ts";
import type { SyslogFrame } from "../formats/syslog/frames.ts";
import { itemOfFrame, syslog } from "../formats/syslog/syslog.ts";
import { takeItems } from "../intake/foreign.ts";
import type { RuleBook } from "../rules/rule-book.ts";
import type { SourceBook } from "../sources/source-counts.ts";
import type { CountListened } from "./listener-metrics.ts";

/** Where a message came from: the source that it counts for, and what `_source` says besides. */
export type Origin = { readonly source: string; readonly facts: Readonly<Record<string, unknown>> };

export type RecorderOptions = {
  /** Of the listener, for conditions and metrics. */
  readonly name: string;
  readonly ledger: Pick<Ledger, "append" | "record">;
  readonly preparation: Preparation;
  readonly limits: EventLimits;
  /** What ledgers demand of events. */
  readonly rules?: Pick<RuleBook, "of" | "admit" | "violations">;
  readonly rawBytesMax: number;
  readonly sources: Pick<SourceBook, "count">;
  readonly health: Pick<Health, "report">;
  readonly log: Log;
  readonly now: () => number;
  readonly count: CountListened;
};

type Waiting = { readonly frame: SyslogFrame; readonly origin: Origin; readonly receivedAt: number };

/** Above this nothing more is read, and below half of it again. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
const WAITING_MAX = 20_000;
/** Messages of one append: preparing them holds up everything else meanwhile. */
const BATCH_MAX = 500;
const BATCH_BYTES_MAX = 1024 * 1024;
/** A message takes more than its bytes. */
const MESSAGE_BYTES = 256;
const NOTHING = new Uint8Array(0);
const FORM = { format: syslog.name, delivery: { headers: {}, query: {} } };
const AGAIN_MS = 500;
const AGAIN_MAX_MS = 5000;

const WAITING: Condition = {
  code: "syslog_waiting",
  detail: "messages that a listener has read cannot be recorded for now; it reads no more, and tries again",
  isNotice: true,
};

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #roomListeners = new Set<() => void>();
  #waiting: Waiting[] = [];
  #bytes = 0;
  #working: Promise<void> | undefined;
  /** Somebody was told to read no more. */
  #isHeld = false;
  #isClosing = false;
  #wake: (() => void) | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Whether nothing more is to be read. */
  get isFull(): boolean {
    const isFull = this.#bytes >= WAITING_BYTES_MAX || this.#waiting.length >= WAITING_MAX;
    if (isFull) this.#isHeld = true;
    return isFull;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(frame: SyslogFrame, origin: Origin): void {
    this.#waiting.push({ frame, origin, receivedAt: this.#options.now() });
    this.#bytes += frame.bytes.length + MESSAGE_BYTES;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Calls back, again and again, when there is room after it was full. */
  onRoom(listener: () => void): void {
    this.#roomListeners.add(listener);
  }

  /**
   * Records what waits, and takes nothing more.
   * @returns how many messages could not be recorded
   */
  async close(graceMs: number): Promise<number> {
    this.#isClosing = true;
    this.#wake?.();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#working, late]);
    clearTimeout(timer);
    const left = this.#waiting.length;
    const { log, name, health } = this.#options;
    if (left > 0)
      log.error({ listener: name, messages: left }, "messages were read and could not be recorded before the end");
    this.#waiting = [];
    health.report(partOf(name), undefined);
    return left;
  }

  async #work(): Promise<void> {
    // What comes in the same turn goes with it.
    await new Promise(setImmediate);
    for (let againMs = AGAIN_MS; this.#waiting.length > 0; ) {
      const batch = this.#nextBatch();
      try {
        await this.#record(batch);
        this.#options.health.report(partOf(this.#options.name), undefined);
        this.#forget(batch);
        againMs = AGAIN_MS;
      } catch (error) {
        this.#options.health.report(partOf(this.#options.name), WAITING, error);
        await this.#pause(againMs);
        againMs = Math.min(2 * againMs, AGAIN_MAX_MS);
      }
    }
  }

  /** Messages from the front; of one source, which an append has one of. */
  #nextBatch(): readonly Waiting[] {
    const { source } = (this.#waiting[0] as Waiting).origin;
    let bytes = 0;
    let end = 0;
    for (const { frame, origin } of this.#waiting) {
      if (end === BATCH_MAX || (end > 0 && bytes + frame.bytes.length > BATCH_BYTES_MAX) || origin.source !== source)
        break;
      bytes += frame.bytes.length;
      end++;
    }
    return this.#waiting.slice(0, end);
  }

  #forget(batch: readonly Waiting[]): void {
    // A close that gave up has forgotten them already.
    this.#waiting.splice(0, batch.length);
    for (const { frame } of batch) this.#bytes -= frame.bytes.length + MESSAGE_BYTES;
    const isRoomy = this.#bytes < WAITING_BYTES_MAX / 2 && this.#waiting.length < WAITING_MAX / 2;
    if (!this.#isHeld || !isRoomy) return;
    this.#isHeld = false;
    for (const listener of this.#roomListeners) listener();
  }

  async #record(batch: readonly Waiting[]): Promise<void> {
    const { ledger, preparation, limits, rules, rawBytesMax, sources, count } = this.#options;
    const [first] = batch as readonly [Waiting, ...Waiting[]];
    const { source } = first.origin;
    const form = { ...FORM, key: "", source, receivedAt: first.receivedAt, rawBytesMax };
    const items = batch.map(({ frame, origin }) => itemOfFrame(frame, origin.facts));
    const { id } = ledger.record;
    const demanded = rules?.of(id);
    const [taken] = takeItems(items, { body: NOTHING, form, knowsItems: false, limits, preparation, demanded });
    if (taken === undefined) throw new Error("expected what was taken of a batch, got nothing");
    const { entries, foreign, lastTime, schemas } = taken;
    const admit = () => rules?.admit(id, demanded, schemas);
    for (let wait = admit(); wait !== undefined; wait = admit()) await wait;
    await ledger.append({ entries, source });
    const bytes = batch.reduce((sum, { frame }) => sum + frame.bytes.length, 0);
    const { quarantined, sequences } = foreign;
    const counted = { recorded: entries.length, quarantined: quarantined.length, bytes, lastTime, sequences };
    for (const { position: _, ...rule } of foreign.violated)
      rules?.violations.count(id, rule, source, { quarantined: 1 });
    sources.count({ ledger: ledger.record.name, source, key: "", format: syslog.name }, counted);
    count.recorded(counted);
  }

  /** A stop does not wait for the next try. */
  async #pause(ms: number): Promise<void> {
    if (this.#isClosing) ms = Math.min(ms, AGAIN_MS / 10);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

function partOf(name: string): string {
  return `syslog/${name}`;
}
