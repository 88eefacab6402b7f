/**
 * holdfast/client: appends events to a ledger of a Holdfast service and reads them back, from a program or a page.
 * docs/client.md shows how.
 */

import "./required-node.ts";
import { HoldfastClient } from "./client.ts";
import { HoldfastError } from "./holdfast-error.ts";
import type { ClientOptions, Mode } from "./options.ts";

export type { Dropped, Queued, Spooled } from "./accepting.ts";
export type { EventWarning, RecordedEvent } from "./answers/check-answer.ts";
export type { ProblemCode } from "./answers/problem-codes.ts";
export type { KeyGiver } from "./answers/requests.ts";
export type { TrustedOnFirstUse } from "./answers/trust.ts";
export type { AppendedIn, ClientStatus } from "./client.ts";
export type { CallOptions } from "./deadline.ts";
export type { EventParty, NewEvent, OutgoingEvent } from "./event.ts";
export type { ClientCode, FieldProblem } from "./holdfast-error.ts";
export type { ClientOptions, EventSpool, Mode } from "./options.ts";
export type { BundleOptions, EventFilter, FoundEvent, ProvedEvent } from "./reading.ts";
export { HoldfastClient, HoldfastError };

/** Makes a client. @throws HoldfastError options_invalid */
export function createClient<M extends Mode = "block">(options: ClientOptions<M>): HoldfastClient<M> {
  return new HoldfastClient<M>(options);
}
