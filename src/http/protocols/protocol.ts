/**
 * How a foreign protocol spells its answers: what it says when everything is durable, and of what it refuses. The status of a
 * refusal is decided in foreign-status.ts, alike for all.
 */

import type { IncomingMessage } from "node:http";
import type { Receipt } from "../../ledger/append/answer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Reply } from "../reply.ts";

/** What became of a request. */
export type Recorded = {
  readonly ledger: Ledger;
  readonly items: number;
  /** One for each item, in order; none when there are more than anybody reads. */
  readonly receipts: readonly Receipt[];
  /** The largest index of an item; -1 when there are no items. */
  readonly lastIndex: number;
  /** That covers all of them; absent when there were no items. */
  readonly checkpoint: SignedCheckpoint | undefined;
  /** How many of the items had been recorded before. */
  readonly duplicates: number;
  /** How many were recorded as they came. */
  readonly quarantined: number;
  /** What the sender waits to be answered, if that is something of its own. */
  readonly answer: Readonly<Record<string, unknown>> | undefined;
};

/** What went wrong, as it is answered. */
export type Refusal = { readonly status: number; readonly code: string; readonly detail: string };

/** The answers of one protocol. */
export type Protocol = {
  /** The answer to a GET that asks whether somebody listens; undefined where it asks nothing. The status is 200. */
  greeted?(req: IncomingMessage): Omit<Reply, "status"> | undefined;
  /** Everything is durable; the status is 200. */
  recorded(recorded: Recorded, req: IncomingMessage): Omit<Reply, "status">;
  /** Its body when nothing, or not all of it, is. */
  refused(refusal: Refusal, req: IncomingMessage): SpelledRefusal;
  /** Headers that it adds to what OPTIONS is answered, which needs no key. */
  handshake?(req: IncomingMessage): Readonly<Record<string, string>>;
};

/** A refusal as a protocol has it. */
export type SpelledRefusal = {
  readonly type: string;
  readonly body: string | Uint8Array;
  /** For what is wrong with the sender's configuration, where the protocol has a status of its own. */
  readonly status?: 400 | 401 | 403 | 404;
};
