/**
 * The port to foreign formats: from the bytes of a request to items, each with a draft of an event. A format is pure, maps
 * every text there is, readable or not, and never throws: its sender drops what is refused.
 * Why: docs/decisions/0091, docs/decisions/0139.
 */

/**
 * What came beside the bytes of a request: plain texts, so that a thread can be sent them. Nothing of it differs when the
 * request is sent again, so that a mapping cannot hold what does.
 */
export type Delivery = {
  /** Values of the headers that the format names, by those names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Values of the parameters that the format names, by those names. */
  readonly query: Readonly<Record<string, string>>;
  /** Which of the routes of a format it is, where they differ in what they take. */
  readonly route?: string;
};

/** Something about a mapping that a reader should know; the service puts these into `_source`. */
export type Note =
  /** The item does not say when it happened. */
  | "time_of_receipt"
  /** The text is none of its format. */
  | "text_unreadable"
  /** The body does not decompress; what came is kept as it came. */
  | "encoding_invalid"
  /** The mapping was no event; only action, time and actor are left of it. */
  | "mapping_reduced"
  /** Nothing of the mapping could be kept. */
  | "mapping_failed"
  /** It does not satisfy a schema that it names or that its ledger demands. */
  | "schema_violated"
  /** It does not say what its ledger demands. */
  | "requirement_unmet"
  /** Its id stands for another item, and was left out. */
  | "id_conflict"
  /** Whether it was recorded before could not be told, so it was recorded. */
  | "claim_damaged";

/** Notes of items that are quarantined: nothing sure could be made of them, or not what their ledger demands. */
export const QUARANTINE: ReadonlySet<Note> = new Set([
  "text_unreadable",
  "encoding_invalid",
  "mapping_failed",
  "schema_violated",
  "requirement_unmet",
]);

/** One item of a body. */
export type Item = {
  /** It, exactly as it came: text, or bytes that are none. */
  readonly raw: string | Uint8Array;
  /** What the format makes of it, not checked yet; without a `time` where it does not say when it happened, without an `actor` where it names nobody. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly notes?: readonly Note[];
  /** What tells it from items that are spelled alike, such as the value of X-GitHub-Event. */
  readonly kind?: string | undefined;
  /** What it is known by when it is sent again, where the event's `id` alone is not enough. */
  readonly claim?: string;
  /** Only its length and its digest are kept: it may hold what must not be recorded, and that cannot be cut out of it. */
  readonly isSecret?: true;
  /** What its sender waits to be answered instead of receipts, such as proof that somebody listens. */
  readonly answer?: Readonly<Record<string, unknown>>;
  /** More that `_source` says of how it came, such as the transport. */
  readonly source?: Readonly<Record<string, unknown>>;
};

/**
 * How a sender repeats what has no ids: the same request, byte for byte; or what was not taken together with what is new,
 * so that each item is looked for by itself.
 */
export type Repeats = "requests" | "items";

/**
 * Undoes the gzip of something within a body, which a pure format cannot do: undefined when it is none, or would be more than is allowed
 * for it, or for all that stands packed in this body.
 */
export type Unpack = (packed: Uint8Array) => Uint8Array | undefined;

/** One foreign format. */
export interface Format {
  /** Part of `_source`, and of routes. */
  readonly name: string;
  /** Headers that it reads, in lower case; `*` at the end stands for all that begin so. */
  readonly headers: readonly string[];
  /** Parameters of the query that it reads. */
  readonly query: readonly string[];
  /** Whether what does not decompress is kept as its length and digest only: nothing can be cut out of it. */
  readonly holdsSecrets?: true;
  /** Whether a GET is taken in, its query as the body: for senders who can do nothing else. */
  readonly takesQuery?: true;
  /** What stands in a body in which something may be packed: a thread takes it then, for it may be much larger than it is. */
  readonly packedMark?: string;
  /** "requests" when absent. */
  repeats?(delivery: Delivery): Repeats;
  /** The items of a body, in order; none where a sender sends nothing. */
  items(body: Uint8Array, delivery: Delivery, unpack: Unpack): Iterable<Item>;
}

/** An item of which nothing could be made. */
export function unreadable(raw: string | Uint8Array): Item {
  return { raw, event: {}, notes: ["text_unreadable"] };
}
