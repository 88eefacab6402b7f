/** Reading a ledger: events as they are found, and bundles, which are verified before they are handed over. */

import { readJson } from "../../json/read.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Bundle, Status } from "../../verify/bundle/bundle.ts";
import { hex, integer, isObject, list, object } from "../../verify/bundle/forms.ts";
import { parseBundle } from "../../verify/bundle/parse.ts";
import type { VerifyOptions } from "../../verify/options.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { verifyBundle } from "../../verify/verify.ts";
import { readForm } from "./answers/check-answer.ts";
import type { Requests } from "./answers/requests.ts";
import type { Trust } from "./answers/trust.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { asHoldfastError, HoldfastError } from "./holdfast-error.ts";
import { type Backoff, pause, pauseMs } from "./pause.ts";

/** An event as a search finds it. Nothing of it is proved: a bundle proves it. */
export type FoundEvent = {
  readonly index: number;
  readonly recordedAt: number;
  readonly leafHash: Hex;
  readonly event: Readonly<Record<string, unknown>>;
};

/** What to find, docs/api.md: every one must hold. Dates stand for times. */
export type EventFilter = {
  readonly action?: string;
  readonly actor?: string;
  readonly target?: string;
  readonly onBehalfOf?: string;
  readonly outcome?: string;
  readonly source?: string;
  readonly key?: string;
  readonly format?: string;
  readonly tenant?: string;
  readonly id?: string;
  readonly intent?: string;
  readonly resultOf?: string;
  readonly quarantined?: boolean;
  readonly since?: string | number | Date;
  readonly until?: string | number | Date;
  readonly occurredSince?: string | number | Date;
  readonly occurredUntil?: string | number | Date;
  readonly from?: number;
  readonly to?: number;
  readonly order?: "asc" | "desc";
};

/** A bundle and what verifying it came to. */
export type ProvedEvent = { readonly bundle: Bundle; readonly verdict: Verdict };

export type BundleOptions = CallOptions & {
  /** Members that are not to be in it. */
  readonly omit?: readonly string[];
  /** The checkpoint of this size. */
  readonly size?: number;
  /** Under the newest checkpoint that is final on a chain. */
  readonly prefer?: "final";
  /** What else to go by, such as a chain to ask; the ledger and the signer are those of the client. */
  readonly verify?: VerifyOptions;
};

type ClientSettings = Backoff & { readonly deadlineMs: number };

const PAGE = 200;
const FAR: readonly Status[] = ["recorded", "anchored", "final"];
const POLL: Backoff = { baseMs: 500, maxMs: 10_000 };

const open = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  if (isObject(value)) return value;
  throw new TypeError(`expected an object at ${path}`);
};
const foundEvent = object<FoundEvent>(
  { index: integer, recordedAt: integer, leafHash: hex(32), event: open },
  { open: true },
);

export class Reading {
  readonly #requests: Requests;
  readonly #trust: Trust;
  readonly #settings: ClientSettings;

  constructor(requests: Requests, trust: Trust, settings: ClientSettings) {
    this.#requests = requests;
    this.#trust = trust;
    this.#settings = settings;
  }

  /** Events that a filter finds, a page at a time; the deadline is for each page. @throws HoldfastError */
  async *events(filter: EventFilter = {}, options: CallOptions = {}): AsyncGenerator<FoundEvent, void> {
    const query = spellFilter(filter);
    query.set("limit", String(PAGE));
    for (let next: string | undefined; ; ) {
      if (next !== undefined) query.set("after", next);
      const text = await this.#ask(`/events?${query}`, options);
      const page = readForm(() => {
        const said = readJson(text);
        if (!isObject(said)) throw new TypeError("expected an object");
        return { events: list(foundEvent, 0, PAGE)(said.events, "events"), next: said.next };
      });
      yield* page.events;
      if (typeof page.next !== "string") return;
      next = page.next;
    }
  }

  /** The bundle of an event, verified. @throws HoldfastError answer_false when it is not true */
  async bundle(index: number, options: BundleOptions = {}): Promise<ProvedEvent> {
    const { omit = [], size, prefer, verify = {} } = options;
    const query = new URLSearchParams();
    if (omit.length > 0) query.set("omit", omit.map((name) => name.replaceAll(/[\\,]/g, "\\$&")).join(","));
    if (size !== undefined) query.set("size", String(size));
    if (prefer !== undefined) query.set("prefer", prefer);
    const text = await this.#ask(`/events/${index}/bundle${query.size === 0 ? "" : `?${query}`}`, options);
    const bundle = readForm(() => parseBundle(text));
    const verdict = await verifyBundle(bundle, {
      ...verify,
      expected: { ...this.#trust.expected, ...verify.expected },
    });
    const failed = verdict.steps.find(({ state }) => state === "failed");
    if (failed !== undefined) {
      throw new HoldfastError("answer_false", `the bundle is not true: ${failed.name}: ${failed.detail}`);
    }
    if (bundle.entry.index !== index) {
      throw new HoldfastError("answer_false", `expected a bundle of index ${index}, got one of ${bundle.entry.index}`);
    }
    this.#trust.take(bundle.ledger, bundle.checkpoint);
    return { bundle, verdict };
  }

  /**
   * Waits until an event is anchored, or final, as its bundle says; whether a chain says so too is told by the verdict,
   * where `verify` names one to ask.
   * @throws HoldfastError deadline_passed, aborted
   */
  async until(status: "anchored" | "final", index: number, options: BundleOptions = {}): Promise<ProvedEvent> {
    const deadline = new Deadline(options, this.#settings.deadlineMs);
    try {
      for (let looks = 1; ; looks++) {
        const prefer = status === "final" ? { prefer: "final" as const } : {};
        const proved = await deadline.within(this.bundle(index, { ...options, ...prefer, signal: deadline.signal }));
        if (FAR.indexOf(proved.bundle.status) >= FAR.indexOf(status)) return proved;
        await deadline.within(pause(pauseMs(POLL, looks), deadline.signal, true));
      }
    } finally {
      deadline.end();
    }
  }

  /** Asks, again where it may pass, until the deadline. */
  async #ask(path: string, options: CallOptions): Promise<string> {
    const deadline = new Deadline(options, this.#settings.deadlineMs);
    const { signal } = deadline;
    try {
      for (let failures = 1; ; failures++) {
        try {
          return (await this.#requests.ask({ path, signal })).text;
        } catch (error) {
          const problem = asHoldfastError(error);
          if (signal.aborted) throw deadline.error(problem);
          if (!problem.isTemporary) throw problem;
          await pause(pauseMs(this.#settings, failures, problem.retryAfterMs), signal, true);
          if (signal.aborted) throw deadline.error(problem);
        }
      }
    } finally {
      deadline.end();
    }
  }
}

function spellFilter(filter: EventFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    query.set(name, value instanceof Date ? value.toISOString() : String(value));
  }
  return query;
}
