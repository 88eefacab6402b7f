/**
 * Watchers elsewhere that a service is told of: what each said last, kept durably, and whether it is still heard. A word counts when it is
 * signed with the key that the configuration names, of now, and newer than the last one; so nobody else can say it, nor say it again.
 * What a word says is recorded as an event when it changes, not each time that it is said.
 * Why: docs/decisions/0238.
 */

import { isRecent } from "../../clock.ts";
import { readJson } from "../../json/read.ts";
import { fastRecoverWordSigner } from "../../keys/local-signer.ts";
import { type OwnEvent, ownEvent, type Recording } from "../../ledger/own-event.ts";
import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { Turn } from "../../store/mutex.ts";
import type { Store } from "../../store/store.ts";
import { meaningOf, type Word, type WordFinding, wordStatement } from "../../watch/word.ts";

const SPACE = "watcher-words";
/** Looks that a watcher may miss. */
const MISSED_MAX = 3;
/** Words of one watcher are at least so far apart: each is a write that waits for the disk. */
const APART_MS = 1000;
/** Events about words of one watcher in an hour. What changes more often is recorded when there is room again. */
const EVENTS_MAX = 20;
const HOUR_MS = 3_600_000;

/** A watcher as the configuration names it. */
export type WatcherSetting = {
  /** Name of the ledger that it watches. */
  readonly ledger: string;
  readonly name: string;
  /** Whose key signs its words, lower case. */
  readonly key: Hex;
  /** How often it is to be heard. */
  readonly everyMs: number;
};

export const WATCHER_STATES = ["good", "unknown", "silent", "contradicts", "never_heard"] as const;
/**
 * - `good`: it is heard, and all that it looks at is well. `unknown`: it is heard and could not tell. `contradicts`: it says that
 *   something is bad, or believes another history than the ledger has. `silent`: nothing was heard of it for three of its intervals. `never_heard`: nothing ever was.
 */
export type WatcherState = (typeof WATCHER_STATES)[number];

/** The last word of a watcher, as it is kept. */
type Heard = {
  readonly key: Hex;
  readonly word: Word;
  /** Times in milliseconds since 1970, by the clock of the service. */
  readonly receivedAt: number;
  /** Since when each of its words could not tell. */
  readonly unknownSince?: number;
  /** What it believes that is not what the ledger has, whatever it says of it. */
  readonly differs?: WordFinding;
  /** What the ledger was told last that it says. */
  readonly recorded?: string;
};

type Compared = { readonly word: Word; readonly differs: WordFinding | undefined };

export type KnownWatcher = WatcherSetting & {
  readonly state: WatcherState;
  readonly heard: Omit<Heard, "key" | "recorded"> | undefined;
  /** From when on silence counts: while the service itself was away, nothing could be heard. */
  readonly countsFrom: number;
};

type WordErrorCode = "watcher_unknown" | "word_unsigned" | "word_untimely" | "word_old" | "words_too_many";

/** A word that does not count. */
class WordError extends Error {
  override readonly name = "WordError";
  readonly code: WordErrorCode;
  readonly retryAfterS: number | undefined;

  constructor(code: WordErrorCode, message: string, retryAfterS?: number) {
    super(message);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

export type WatcherBookOptions = Recording & {
  readonly store: Pick<Store, "records" | "writeRecords">;
  readonly watchers: readonly WatcherSetting[];
  readonly now: () => number;
  /** How far the time of a word may be from now. */
  readonly toleranceMs: number;
  /** The ledger that is told; undefined while there is none. */
  readonly ledger: () => { append(request: OwnEvent): Promise<unknown> } | undefined;
  readonly log: { warn(fields: object, message: string): void };
};

export class WatcherBook {
  readonly #options: WatcherBookOptions;
  readonly #heard = new Map<string, Heard>();
  readonly #turns = new Map<string, Turn>();
  /** When events were recorded of a watcher within the last hour. */
  readonly #events = new Map<string, readonly number[]>();
  readonly #startedAt: number;

  private constructor(options: WatcherBookOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    for (const each of options.watchers) this.#turns.set(placeOf(each), new Turn());
  }

  /** Reads what was said before; of a watcher with another key now, nothing was. */
  static async open(options: WatcherBookOptions): Promise<WatcherBook> {
    const book = new WatcherBook(options);
    const keys = new Map(options.watchers.map((each) => [placeOf(each), each.key]));
    for await (const [place, text] of options.store.records(SPACE, { onDamaged: () => undefined })) {
      const heard = readJson(text) as Heard;
      if (keys.get(place) === heard.key) book.#heard.set(place, heard);
    }
    return book;
  }

  /** The watchers of a ledger, in the order of the configuration. */
  of(ledger: string): readonly KnownWatcher[] {
    return this.all().filter((each) => each.ledger === ledger);
  }

  all(): readonly KnownWatcher[] {
    const now = this.#options.now();
    return this.#options.watchers.map((each) => this.#watcher(each, now));
  }

  /** @throws WordError watcher_unknown */
  requireKnown(ledger: string, name: string): WatcherSetting {
    const found = this.#options.watchers.find((each) => each.ledger === ledger && each.name === name);
    if (found !== undefined) return found;
    throw new WordError("watcher_unknown", `expected a watcher that the service's configuration names, got ${name}`);
  }

  /**
   * Takes a word. The same one sent again is taken again and changes nothing.
   * @param compare what the word believes with what the ledger has; asked of a word that counts
   * @returns what is known of the watcher, when the word is on the disk
   * @throws WordError
   */
  async take(
    ledger: string,
    name: string,
    word: Word,
    compare: () => Promise<WordFinding | undefined>,
  ): Promise<KnownWatcher> {
    const setting = this.requireKnown(ledger, name);
    const place = placeOf(setting);
    // What costs least comes first: whoever sends old words, or none of this key, takes no turn and no write.
    if (!this.#isRepeated(place, word)) this.#requireNewer(place, word);
    this.#requireSigned(setting, word);
    const turn = this.#turns.get(place) as Turn;
    await turn.take(async () => {
      if (this.#isRepeated(place, word)) return;
      const before = this.#requireNewer(place, word);
      await this.#keep(setting, { word, differs: await compare() }, before);
    });
    return this.#watcher(setting, this.#options.now());
  }

  #isRepeated(place: string, { signature }: Word): boolean {
    return this.#heard.get(place)?.word.signature === signature;
  }

  /** @returns what was heard before @throws WordError word_old, word_untimely, words_too_many */
  #requireNewer(place: string, word: Word): Heard | undefined {
    const before = this.#heard.get(place);
    const now = this.#options.now();
    const last = before?.word.number ?? 0;
    if (word.number <= last)
      throw new WordError("word_old", `expected a number above ${last}, that of the last word, got ${word.number}`);
    if (!isRecent(word.at, now, this.#options.toleranceMs))
      throw new WordError(
        "word_untimely",
        `expected a word of now, ${iso(now)} within ${this.#options.toleranceMs / 1000} s, got one of ${iso(word.at)}: it was held up, or a clock is wrong`,
      );
    if (before !== undefined && isRecent(before.receivedAt, now, APART_MS))
      throw new WordError("words_too_many", "expected words of one watcher a second apart, got the next at once", 1);
    return before;
  }

  #requireSigned({ key, name }: WatcherSetting, word: Word): void {
    const { hash } = this.#options;
    let signer: Hex | undefined;
    try {
      signer = fastRecoverWordSigner(wordStatement(word, hash), word.signature, hash);
    } catch {
      // A signature that is none is nobody's.
    }
    if (signer === key) return;
    throw new WordError("word_unsigned", `expected a word signed with the key of ${name}, got one of another key`);
  }

  /** The event first: killed in between, the watcher sends the word again, which is known again. */
  async #keep(setting: WatcherSetting, { word, differs }: Compared, before: Heard | undefined): Promise<void> {
    const receivedAt = this.#options.now();
    const unknownSince = word.outcome === "unknown" ? (before?.unknownSince ?? receivedAt) : undefined;
    const recorded = await this.#record(setting, { word, differs }, before?.recorded);
    const heard: Heard = {
      key: setting.key,
      word,
      receivedAt,
      ...(unknownSince !== undefined && { unknownSince }),
      ...(differs !== undefined && { differs }),
      ...(recorded !== undefined && { recorded }),
    };
    const place = placeOf(setting);
    const write = { space: SPACE, key: place, value: JSON.stringify(heard) };
    await this.#options.store.writeRecords([write], { durable: true });
    this.#heard.set(place, heard);
  }

  /** What cannot be recorded now is recorded with a later word; the word counts all the same. @returns what is recorded */
  async #record(setting: WatcherSetting, said: Compared, before: string | undefined): Promise<string | undefined> {
    const { word, differs } = said;
    const meaning = differs === undefined ? meaningOf(word) : `${meaningOf(word)} ${differs.code}`;
    const ledger = this.#options.ledger();
    const place = placeOf(setting);
    const now = this.#options.now();
    const events = (this.#events.get(place) ?? []).filter((at) => isRecent(at, now, HOUR_MS));
    if (meaning === before || ledger === undefined || events.length >= EVENTS_MAX) return before;
    try {
      await ledger.append(ownEvent(this.#options, toldOf(setting, said)));
    } catch (err) {
      this.#options.log.warn({ err, watcher: setting.name }, "what a watcher says could not be recorded yet");
      return before;
    }
    this.#events.set(place, [...events, now]);
    return meaning;
  }

  #watcher(setting: WatcherSetting, now: number): KnownWatcher {
    const heard = this.#heard.get(placeOf(setting));
    const countsFrom = Math.max(heard?.receivedAt ?? 0, this.#startedAt);
    return { ...setting, state: stateOf(setting, heard, now), heard, countsFrom };
  }
}

/** For how long nothing may be heard of a watcher. */
export function silentAfterMs({ everyMs }: Pick<WatcherSetting, "everyMs">): number {
  return MISSED_MAX * everyMs;
}

function stateOf(setting: WatcherSetting, heard: Heard | undefined, now: number): WatcherState {
  if (heard === undefined) return "never_heard";
  if (!isRecent(heard.receivedAt, now, silentAfterMs(setting))) return "silent";
  const { outcome } = heard.word;
  if (heard.differs !== undefined) return "contradicts";
  return outcome === "bad" ? "contradicts" : outcome;
}

function placeOf({ ledger, name }: Pick<WatcherSetting, "ledger" | "name">): string {
  return JSON.stringify([ledger, name]);
}

/** Known again by number and time, which are the watcher's own. */
function toldOf({ ledger, name, key }: WatcherSetting, { word, differs }: Compared): Parameters<typeof ownEvent>[1] {
  return {
    action: "holdfast.watcher.word",
    op: "u",
    target: { type: "ledger", id: ledger },
    more: {
      actor: { type: "watcher", id: name, name: checksumAddress(key) },
      outcome: word.outcome === "good" && differs === undefined ? "success" : "failure",
      metadata: differs === undefined ? { word } : { word, differs },
    },
    at: word.at,
    knownBy: `${name} ${word.number}`,
  };
}

function iso(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms after 1970` : date.toISOString();
}
