/**
 * How a foreign protocol spells its answers. What it is answered decides what a sender keeps and what it drops (measured:
 * docs/sources/README.md), so the statuses are the same for all: exactly 200 for what is recorded; 401, 403 and 404 for a key or a
 * path that is wrong; 413 for what is larger than the service takes; and 503, which everybody sends again, for all else.
 * Why: docs/decisions/0139.
 */

import type { IncomingMessage } from "node:http";
import type { Receipt } from "../../ledger/append/answer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { Problem } from "../problem.ts";
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

/** Most senders try again at this pace, and the OpenTelemetry SDKs give up at once when told to wait longer than they may. */
const RETRY_AFTER_S = "2";
/** Statuses that say something about the sender's configuration, which trying again does not mend. */
const OF_CONFIGURATION: readonly number[] = [401, 403, 404, 405, 413];

/** Says the code of the problem where the body has one of its protocol. */
const CODE_HEADER = "Holdfast-Code";

/** A problem as a protocol spells it: 503 for whatever may pass. */
export function spellProblem(protocol: Protocol, problem: Problem, req: IncomingMessage): Problem {
  const { code, message: detail, headers, extra, cause } = problem;
  const isFinal = OF_CONFIGURATION.includes(problem.status);
  const usual = isFinal || problem.status === 429 ? problem.status : 503;
  const { type, body, status = usual } = protocol.refused({ status: usual, code, detail }, req);
  const retry = status >= 429 ? { "Retry-After": RETRY_AFTER_S } : {};
  return new Problem(code, detail, {
    ...extra,
    headers: { ...headers, ...retry, [CODE_HEADER]: code },
    spelling: { status, type, body },
    cause,
  });
}
