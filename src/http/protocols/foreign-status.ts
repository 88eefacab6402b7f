/**
 * Which status a foreign sender is answered. It decides what a sender keeps and what it drops (measured:
 * docs/sources/README.md), so it is the same for all: exactly 200 for what is recorded (routes/ingest.ts); 401, 403 and 404
 * for a key or a path that is wrong, 405 for a method; 413 for what is larger than the service takes; 429 where that is said;
 * and 503, which everybody sends again, for all else. A protocol may have a status of its own for what is wrong with a configuration, as Splunk's and so Docker's has (hec.ts).
 * Why: docs/decisions/0139.
 */

import type { IncomingMessage } from "node:http";
import { Problem } from "../problem.ts";
import type { Protocol } from "./protocol.ts";

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
