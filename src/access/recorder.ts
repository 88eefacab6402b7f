/**
 * Records who reads and changes what, in a ledger of its own. No answer waits for it, but for those to what is rare and heavy, which
 * leave when their trace is durable. Everything else is gathered for a minute, beside the ledger and written down every second, so that
 * a process that is killed loses a second at most; then it is one event.
 * Why: docs/decisions/0228.
 */

import { randomUUID } from "node:crypto";
import type { Condition, Health } from "../health.ts";
import { readJson } from "../json/read.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OwnEvent, Recording } from "../ledger/own-event.ts";
import type { RecordWrite, Store } from "../store/store.ts";
import { type Access, type Accessor, AccessUnrecordedError, type HeavyAccess, type RefusedRequest } from "./access.ts";
import { AccessCounts } from "./access-counts.ts";
import { gatheredEvent, heavyEvent, refusalsEvent, unrecordedEvent } from "./access-events.ts";
import { addTo, beginGathering, type Gathered, gatheringKey } from "./gathered.ts";
import { KnownAddresses } from "./known-addresses.ts";
import { type GatheredRefusals, RefusalCounts } from "./refusals.ts";
import { isOfStart } from "./starts.ts";

type AccessRecorderOptions = {
  readonly store: Pick<Store, "records" | "writeRecords">;
  readonly ledger: Pick<Ledger, "append" | "stopped">;
  readonly recording: Recording;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly health?: Health;
  /** For how long accesses are gathered. */
  readonly windowMs: number;
  readonly gatheredMax?: number;
};

const SPACE = "accesses";
/** How often what is gathered is written down, and looked at whether it is to be told. */
const FLUSH_MS = 1000;
/** Gathered at a time: what does not fit is counted. Some MiB. */
const GATHERED_MAX = 4096;
/** Of one key. What more networks one comes from are told together: whoever has a key cannot write as much as he likes. */
const GATHERED_EACH_MAX = 64;
const ELSEWHERE = "elsewhere";
/** Events that are appended together. */
const TOLD_AT_ONCE = 256;
/** Events about exports of one key in a minute, two of each; whoever begins more has those told together. */
const EXPORTS_MAX = 20;
const UNRECORDED: Condition = {
  code: "access_unrecorded",
  detail:
    "who reads and changes what cannot be recorded: it is kept and tried again, some thousands of accesses at most; exports and changes are refused meanwhile",
  isNotice: true,
};

/** What waits to be told, under the name of its record. */
type Waiting =
  | { readonly is: "accesses"; readonly gathered: Gathered }
  | { readonly is: "refusals"; readonly gathered: GatheredRefusals };

export class AccessRecorder {
  /** What is counted of all that is recorded. */
  readonly counts = new AccessCounts();
  readonly #options: AccessRecorderOptions;
  readonly #addresses: KnownAddresses;
  readonly #gathering = new Map<string, Gathered>();
  /** How many of them are of each key. */
  readonly #ofKeys = new Map<string, number>();
  /** Names of what changed since it was written down. */
  readonly #changed = new Set<string>();
  readonly #exports = new Allowance(EXPORTS_MAX);
  #refusals: RefusalCounts | undefined;
  #haveRefusalsChanged = false;
  /** Gathered to its end, and not told yet. */
  #waiting: Waiting[];
  /** Those of them that are written down as they are. */
  readonly #written = new WeakSet<Waiting>();
  /** Accesses that found no room, until that is told; and all of them. */
  #unrecorded = 0;
  #unrecordedInAll = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isFailing = false;

  /** Takes up what a process before had gathered. */
  static async open(options: AccessRecorderOptions): Promise<AccessRecorder> {
    const waiting: Waiting[] = [];
    for await (const [key, text] of options.store.records(SPACE, { onDamaged: () => undefined })) {
      if (!isOfStart(key)) waiting.push(readJson(text) as Waiting);
    }
    return new AccessRecorder(options, await KnownAddresses.open(options.store), waiting);
  }

  private constructor(options: AccessRecorderOptions, addresses: KnownAddresses, waiting: Waiting[]) {
    this.#options = options;
    this.#addresses = addresses;
    this.#waiting = waiting;
    for (const each of waiting) this.#written.add(each);
  }

  /** Accesses that found no room since the start. */
  get unrecorded(): number {
    return this.#unrecordedInAll;
  }

  /** From where keys were used for the first time since then, that were used from elsewhere before. */
  newAddresses(since: number): ReturnType<KnownAddresses["newSince"]> {
    return this.#addresses.newSince(since);
  }

  /** Begins to write down and to tell. */
  start(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  /** Notes an access; it never waits and never fails. */
  record(access: Access): void {
    this.counts.note(access);
    this.#record(access);
  }

  #record(access: Access): void {
    const now = this.#options.now();
    const ofKey = this.#ofKeys.get(access.key?.id ?? "") ?? 0;
    const name = gatheringKey(access);
    const found = this.#gathering.get(name);
    if (found !== undefined) {
      this.#gather(name, addTo(found, access, now));
      return;
    }
    if (ofKey >= GATHERED_EACH_MAX && access.network !== ELSEWHERE) {
      this.#record({ ...access, network: ELSEWHERE });
      return;
    }
    if (!this.#hasRoom(this.#gathering.size)) {
      this.#unrecorded++;
      this.#unrecordedInAll++;
      return;
    }
    this.#ofKeys.set(access.key?.id ?? "", ofKey + 1);
    this.#gather(name, beginGathering(randomUUID(), access, now));
  }

  /** @param besides how many there are that do not wait yet */
  #hasRoom(besides = 0): boolean {
    const { gatheredMax = GATHERED_MAX } = this.#options;
    return besides + this.#waiting.length < gatheredMax;
  }

  #gather(name: string, gathered: Gathered): void {
    this.#gathering.set(name, gathered);
    this.#changed.add(name);
  }

  /** Notes a request that was refused. */
  refuse(refusal: RefusedRequest): void {
    const now = this.#options.now();
    this.#refusals ??= new RefusalCounts(randomUUID(), now);
    this.#refusals.add(refusal, now);
    this.counts.refuse(refusal, now);
    this.#haveRefusalsChanged = true;
  }

  /** Notes that a key was used, which leaves a trace when it comes from where it did not come from before. */
  use({ key, network }: Accessor): void {
    if (key === undefined || !this.#addresses.use(key.id, network, this.#options.now())) return;
    this.#record({ kind: "new_address", operation: "any", key, network });
  }

  /** @throws AccessUnrecordedError when a trace could not be recorded now: what leaves a heavy one is not begun */
  requireAble(): void {
    const { stopped } = this.#options.ledger;
    if (stopped !== undefined || this.#isFailing) throw new AccessUnrecordedError(stopped);
  }

  /**
   * Records what is rare and heavy; it is durable when the promise resolves.
   * @returns false where it was gathered with others instead: of one key so many exports are told alone in a minute
   * @throws AccessUnrecordedError
   */
  async recordNow(access: HeavyAccess): Promise<boolean> {
    const { recording, now } = this.#options;
    if (access.metadata.ended === true) this.countEnd(access);
    else this.counts.note(access);
    if (access.kind === "export" && !this.#exports.take(access.key?.id ?? "", now())) {
      this.#record(access);
      return false;
    }
    await this.tell(heavyEvent(recording, access, randomUUID(), now()));
    return true;
  }

  /** Counts what an export had that ended, also of one that was gathered with others: or whoever begins many hides a large one. */
  countEnd(access: Pick<HeavyAccess, "key" | "metadata">): void {
    const { events } = access.metadata;
    if (typeof events === "number") this.counts.noteExported(access, events);
  }

  /** Records an event about the service; it is durable when the promise resolves. @throws AccessUnrecordedError */
  async tell(event: OwnEvent): Promise<void> {
    try {
      await this.#options.ledger.append(event);
    } catch (error) {
      this.fail(error);
      throw new AccessUnrecordedError(error);
    }
  }

  /**
   * Writes down what is gathered, and tells what was gathered for long enough. It never throws, and says when it fails.
   * @param all whether everything is told now
   */
  flush(all = false): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      try {
        await this.#flush(all);
        this.#isFailing = false;
        this.#options.health?.report("access", undefined);
      } catch (error) {
        this.fail(error);
      }
    });
    return this.#flushing;
  }

  /** Says that something could not be recorded, until it is seen that it can. */
  fail(cause: unknown): void {
    this.#isFailing = true;
    this.#options.health?.report("access", UNRECORDED, cause);
  }

  /** Tells everything that is gathered, and nothing more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush(true);
  }

  async #flush(all: boolean): Promise<void> {
    const { now, windowMs, store } = this.#options;
    const isOver = (since: number) => all || Math.abs(now() - since) >= windowMs;
    for (const [name, gathered] of this.#gathering) if (isOver(gathered.since)) this.#end(name, gathered);
    // While nothing can be told they are counted on, or there would be one more of them each minute.
    if (this.#refusals !== undefined && (all || this.#hasRoom()) && isOver(this.#refusals.since)) {
      this.#waiting.push({ is: "refusals", gathered: this.#refusals.gathered() });
      this.#refusals = undefined;
      this.#haveRefusalsChanged = false;
    }
    const told: Waiting[] = [];
    try {
      await this.#tellWaiting(told);
    } finally {
      const untold = this.#waiting.filter((each) => !this.#written.has(each));
      const writes = [
        ...told.map(({ gathered }) => recordOf(gathered.id, undefined)),
        ...untold.map((each) => recordOf(each.gathered.id, each)),
        ...this.#takeChanges(),
      ];
      if (writes.length > 0) await store.writeRecords(writes, { durable: false });
      for (const each of untold) this.#written.add(each);
    }
  }

  #end(name: string, gathered: Gathered): void {
    const key = gathered.about.key?.id ?? "";
    const left = (this.#ofKeys.get(key) ?? 1) - 1;
    if (left === 0) this.#ofKeys.delete(key);
    else this.#ofKeys.set(key, left);
    this.#gathering.delete(name);
    this.#waiting.push({ is: "accesses", gathered });
  }

  /** Known by their ids, so that what was told by a process that was killed then is not told twice. */
  async #tellWaiting(told: Waiting[]): Promise<void> {
    const { ledger, recording, now } = this.#options;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.slice(0, TOLD_AT_ONCE);
      const events = some.map((each) =>
        each.is === "accesses" ? gatheredEvent(recording, each.gathered) : refusalsEvent(recording, each.gathered),
      );
      await Promise.all(events.map((event) => ledger.append(event)));
      this.#waiting = this.#waiting.slice(some.length);
      told.push(...some);
    }
    if (this.#unrecorded === 0) return;
    const count = this.#unrecorded;
    await ledger.append(unrecordedEvent(recording, count, randomUUID(), now()));
    this.#unrecorded -= count;
  }

  #takeChanges(): RecordWrite[] {
    const writes = this.#addresses.takeChanges();
    for (const name of this.#changed) {
      const gathered = this.#gathering.get(name);
      if (gathered !== undefined) writes.push(recordOf(gathered.id, { is: "accesses", gathered }));
    }
    this.#changed.clear();
    if (this.#refusals !== undefined && this.#haveRefusalsChanged) {
      const gathered = this.#refusals.gathered();
      writes.push(recordOf(gathered.id, { is: "refusals", gathered }));
      this.#haveRefusalsChanged = false;
    }
    return writes;
  }
}

/** How much of something each may have in a minute. */
class Allowance {
  readonly #max: number;
  readonly #taken = new Map<string, number>();
  #minute = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns whether there was any left */
  take(whose: string, now: number): boolean {
    const minute = Math.floor(now / 60_000);
    if (minute !== this.#minute) this.#taken.clear();
    this.#minute = minute;
    const taken = this.#taken.get(whose) ?? 0;
    this.#taken.set(whose, taken + 1);
    return taken < this.#max;
  }
}

function recordOf(key: string, waiting: Waiting | undefined): RecordWrite {
  return { space: SPACE, key, value: waiting === undefined ? undefined : JSON.stringify(waiting) };
}
