/**
 * holdfast/express: a middleware that records who did what by which route, from where, and how it ended; for Express 4 and 5.
 * It neither breaks nor slows an answer, unless it is told to let nothing happen that is not recorded first.
 * Why: docs/decisions/0176. docs/client.md shows how.
 */

import "../client/required-node.ts";
import type { HoldfastClient } from "../client/client.ts";
import { type NewEvent, newId } from "../client/event.ts";
import { asHoldfastError, HoldfastError } from "../client/holdfast-error.ts";
import { routeOf, watchRoute } from "./mounts.ts";
import { partsOf, type RecordedParts, SECRET_NAMES } from "./recorded-parts.ts";
import { type AuditedRequest, type AuditedResponse, contextOf, outcomeOf, userOf } from "./request-facts.ts";

export type { RecordedParts } from "./recorded-parts.ts";
export type { AuditedRequest, AuditedResponse } from "./request-facts.ts";

export type RequestAuditOptions<R extends AuditedRequest = AuditedRequest> = {
  readonly client: HoldfastClient;
  /** Who asks; what is in `req.user` when absent. */
  readonly who?: (req: R) => NewEvent["actor"] | undefined;
  /** What is done; the method and the pattern of the route when absent, such as `POST /orders/:id`. */
  readonly what?: (req: R) => string | undefined;
  /** On what it is done. */
  readonly targets?: (req: R) => NewEvent["targets"];
  /** Whose data it is about. */
  readonly tenant?: (req: R) => string | undefined;
  /** Requests that are not recorded. */
  readonly skip?: (req: R) => boolean;
  /** Members of the request to record; none when absent. */
  readonly record?: RecordedParts;
  /** Names of what is withheld in them; {@link SECRET_NAMES} when absent. */
  readonly secretNames?: RegExp;
  /** Records what is about to be done before it is, and refuses the request with 503 when that cannot be recorded. */
  readonly before?: boolean | ((req: R) => boolean);
  /** How long a request is held for that; 5 s when absent. */
  readonly beforeMs?: number;
  /** Told what was not recorded, and why; a line on standard error when absent. */
  readonly onLost?: (error: HoldfastError, event: NewEvent) => void;
};

const BEFORE_MS = 5_000;
const ACTION_MAX = 256;

/** Makes the middleware; it belongs before the routes, and behind what authenticates and parses bodies where `before` is used. */
export function audit<R extends AuditedRequest = AuditedRequest>(
  options: RequestAuditOptions<R>,
): (req: R, res: AuditedResponse, next: (error?: unknown) => void) => void {
  if (options.before !== undefined && options.client.mode === "best-effort") {
    const message = "expected a client in mode block or spool for `before`, got best-effort, which promises nothing";
    throw new HoldfastError("options_invalid", message);
  }
  return (req, res, next) => {
    const time = new Date();
    const started = performance.now();
    watchRoute(req);
    if (safely(() => options.skip?.(req) === true, false)) return next();
    const record = (intent?: string): void => {
      const ms = Math.round(performance.now() - started);
      append(options, () => eventOf(options, req, res, { time, ms, intent }));
    };
    const isBefore = safely(() => isAsked(options, req), options.before !== undefined);
    if (!isBefore) {
      res.once("close", () => record());
      return next();
    }
    const intent = newId();
    const close = { isAnnounced: false, isClosed: false };
    res.once("close", () => {
      close.isClosed = true;
      if (close.isAnnounced) record(intent);
    });
    announce(options, req, { time, intent }).then(
      () => {
        close.isAnnounced = true;
        // Nobody waits for it any more: what was announced is not done, and that is recorded.
        if (close.isClosed) record(intent);
        else next();
      },
      (error: unknown) => refuse(options, res, asHoldfastError(error)),
    );
  };
}

function isAsked<R extends AuditedRequest>({ before }: RequestAuditOptions<R>, req: R): boolean {
  return typeof before === "function" ? before(req) : before === true;
}

/** Records what is about to be done. @throws HoldfastError when that is not sure to be recorded */
async function announce<R extends AuditedRequest>(
  options: RequestAuditOptions<R>,
  req: R,
  { time, intent }: { readonly time: Date; readonly intent: string },
): Promise<void> {
  const event = { ...aboutRequest(options, req, `${req.method} (announced)`), time, intent };
  await options.client.append(event, { deadlineMs: options.beforeMs ?? BEFORE_MS });
}

function refuse<R extends AuditedRequest>(
  options: RequestAuditOptions<R>,
  res: AuditedResponse,
  error: HoldfastError,
): void {
  tellLost(options, error, undefined);
  if (res.headersSent || res.destroyed) return;
  const detail = "what was asked is recorded before it is done, and cannot be recorded at the moment";
  const body = JSON.stringify({ type: "about:blank", title: "Service Unavailable", status: 503, detail });
  res.writeHead(503, { "Content-Type": "application/problem+json", "Retry-After": "5" }).end(body);
}

type Ended = { readonly time: Date; readonly ms: number; readonly intent: string | undefined };

function eventOf<R extends AuditedRequest>(
  options: RequestAuditOptions<R>,
  req: R,
  res: AuditedResponse,
  { time, ms, intent }: Ended,
): NewEvent {
  const about = aboutRequest(options, req, `${req.method} (no route)`);
  const status = res.writableFinished ? { status: res.statusCode } : { ended: "aborted" };
  const metadata = { ...(about.metadata as object), ...status, duration_ms: ms };
  // The result of what was announced happened at its end.
  const when = intent === undefined ? { time } : { time: new Date(), result_of: intent };
  return { ...about, ...when, outcome: outcomeOf(res), metadata };
}

/** What is known of a request before and after. */
function aboutRequest<R extends AuditedRequest>(options: RequestAuditOptions<R>, req: R, otherwise: string): NewEvent {
  const { who, what, targets, tenant, record = {} } = options;
  const { source, flags } = options.secretNames ?? SECRET_NAMES;
  // One that remembers where it found something would find only every other one.
  const secretNames = new RegExp(source, flags.replaceAll(/[gy]/g, ""));
  const route = routeOf(req);
  const action = what?.(req) ?? (route === undefined ? otherwise : `${req.method} ${route}`);
  const whose = tenant?.(req);
  const on = targets?.(req);
  const { body, query, headers, params } = req;
  const parts = partsOf({ body, query, headers, params }, record, secretNames);
  return {
    action: action.slice(0, ACTION_MAX),
    actor: who?.(req) ?? userOf(req),
    context: contextOf(req),
    metadata: {
      method: req.method,
      ...(route !== undefined && { route }),
      ...(parts !== undefined && { request: parts }),
    },
    ...(whose !== undefined && { tenant: whose }),
    ...(on !== undefined && { targets: on }),
  };
}

/** Records an event; whatever becomes of that, the answer has been given. */
function append<R extends AuditedRequest>(options: RequestAuditOptions<R>, make: () => NewEvent): void {
  let event: NewEvent | undefined;
  const lose = (error: unknown): void => tellLost(options, asHoldfastError(error), event);
  try {
    event = make();
    options.client.append(event).then((became) => {
      if ((became as { readonly state: string }).state !== "dropped") return;
      lose(new HoldfastError("client_full", "expected room for an event, and there is none"));
    }, lose);
  } catch (error) {
    lose(error);
  }
}

function tellLost<R extends AuditedRequest>(
  { onLost }: RequestAuditOptions<R>,
  error: HoldfastError,
  event: NewEvent | undefined,
): void {
  if (onLost === undefined) console.error(`holdfast: a request is not recorded: ${error.message}`);
  else
    safely(
      () => onLost(error, event ?? { action: "request", actor: { type: "anonymous", id: "anonymous" } }),
      undefined,
    );
}

/** What the program's own functions do must not end its requests. */
function safely<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    console.error("holdfast: a function of the options failed:", error);
    return otherwise;
  }
}
