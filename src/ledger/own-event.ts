/**
 * Events that the service records about itself: who changed what holds for a ledger, and why. Like any other they are sealed,
 * proven and anchored, so that an auditor sees in the ledger what held when.
 */

import { checkEvent } from "../entry/event.ts";
import { OF_THE_SERVICE, ownMembers, type PreparedEntry, prepareEntry } from "../entry/prepare.ts";
import { canonicalJson } from "../json/canonical.ts";
import { utf8 } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";

/** How an event is made of it. */
export type Recording = { readonly hash: Hash; readonly salts: (n: number) => Uint8Array };

/** Who changes something: the id of an API key, and what it stands for. */
export type Author = { readonly key: string; readonly source: string };

/** What is told. */
export type Told = {
  readonly action: string;
  readonly op: "c" | "r" | "u" | "d" | "x";
  readonly target: { readonly type: string; readonly id: string };
  /** Members of the event besides; what is undefined in `metadata` is left out. */
  readonly more: { readonly metadata: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Nobody's, where the service did it by itself. */
  readonly author?: Author;
  /**
   * What the request is known by when it is made a second time, besides action and target; all of its metadata and content when absent.
   * Digests of it are kept in clear: nothing that is secret, or that somebody could guess.
   */
  readonly knownBy?: string;
};

/** A request of a ledger, known again when it is made a second time. */
export type OwnEvent = {
  readonly entries: readonly PreparedEntry[];
  readonly source: string;
  readonly idempotencyKey: string;
  readonly requestContent: Uint8Array;
};

export function ownEvent({ hash, salts }: Recording, told: Told): OwnEvent {
  const { action, op, target, more, at, author, knownBy } = told;
  const metadata = Object.fromEntries(Object.entries(more.metadata).filter(([, value]) => value !== undefined));
  const event = checkEvent({
    action,
    time: new Date(at).toISOString(),
    actor: author === undefined ? OURSELVES : { type: "key", id: author.key, name: author.source },
    targets: [target],
    outcome: "success",
    op,
    ...more,
    metadata,
  });
  const origin = { format: OF_THE_SERVICE, source: OF_THE_SERVICE, ...(author && { key: author.key }) };
  const idempotencyKey = canonicalJson([action, target.id, knownBy ?? metadata, at]);
  return {
    entries: [prepareEntry(event, { hash, salts, own: ownMembers({ _source: origin }) })],
    source: OF_THE_SERVICE,
    idempotencyKey,
    requestContent: hash(utf8(knownBy === undefined ? canonicalJson(event) : idempotencyKey)),
  };
}

const OURSELVES = { type: "system", id: OF_THE_SERVICE };
