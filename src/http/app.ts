/**
 * The HTTP API as an Express app: which handler answers which operation of the table, and what every path answers to
 * a method that it does not have. Appending comes before everything else, so that nothing slows it down.
 */

import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import helmet from "helmet";
import { type Answering, admission } from "./admit.ts";
import { openApi } from "./api/description/openapi.ts";
import { type ForeignId, OPERATIONS, type Operation, type OperationId } from "./api/operations.ts";
import { formatName } from "./api/params.ts";
import { leavingTrace, noteRefused, noteSender } from "./auth/traces.ts";
import { BodyBudget, DisconnectedError } from "./intake/body.ts";
import { Problem, problemOf } from "./problem.ts";
import { protocolOf } from "./protocols/known-protocols.ts";
import { type Handler, json, type Reply, type ReplyTools, sendProblem, serve, within } from "./reply.ts";
import { registerMetrics } from "./request-metrics.ts";
import { appendEvents } from "./routes/append.ts";
import { checkEvents } from "./routes/check.ts";
import { proveEvent, readEvent } from "./routes/events/event.ts";
import { exportEvents } from "./routes/events/export.ts";
import { exportLedger } from "./routes/events/export-ledger.ts";
import { listIntents } from "./routes/events/intents.ts";
import { listSearches, putSearch, removeSearch } from "./routes/events/saved-searches.ts";
import { countEvents, countMatches, listEvents } from "./routes/events/search.ts";
import { SearchRecords } from "./routes/events/search-records.ts";
import { tailEvents } from "./routes/events/tail.ts";
import {
  CONTRACT_FILES_PATH,
  CONTRACT_FILES_ROUTE,
  type ContractFilePath,
  readContractFile,
} from "./routes/files/contract-files.ts";
import { DOCS_PAGES_PATH, DOCS_PAGES_ROUTE, serveDocsPages } from "./routes/files/docs-pages.ts";
import { PAGES, servePage } from "./routes/files/pages.ts";
import { encryptionAnswers } from "./routes/governance/encryption.ts";
import { erase, listErasures, readErasure } from "./routes/governance/erasures.ts";
import { liftHold, listHolds, placeHold } from "./routes/governance/holds.ts";
import {
  listRetentionPresets,
  previewRetention,
  putRetention,
  readRetention,
  readRetentionStatus,
} from "./routes/governance/retention.ts";
import {
  listSchemas,
  listViolations,
  previewRules,
  putRequirements,
  putSchema,
  readRequirements,
  readSchema,
} from "./routes/governance/rules.ts";
import { hecAcks, hecHealth } from "./routes/hec.ts";
import { ingest } from "./routes/ingest.ts";
import { createKey, listKeys, readOwnKey, revokeKey } from "./routes/keys.ts";
import { createLedger, listLedgers, readLedger } from "./routes/ledgers.ts";
import { listSources } from "./routes/sources.ts";
import { listAnchorsOf, proveConsistency, readCheckpoint, readCheckpointOfSize, readTile } from "./routes/tree.ts";
import { alertAnswers } from "./routes/watching/alerts.ts";
import { beginAudit, listAudits, readAudit } from "./routes/watching/audits.ts";
import { alive, metricsText, ready, status } from "./routes/watching/health.ts";
import { readinessOf } from "./routes/watching/readiness.ts";
import { readStanding } from "./routes/watching/standing/read-standing.ts";
import { watcherAnswers } from "./routes/watching/watchers.ts";
import type { Services } from "./services.ts";
import { connectionOf } from "./wire/connections.ts";
import { compressed } from "./wire/encodings.ts";

/** The app; whoever makes it also makes what it works with, and closes that. */
export function createApp(services: Services): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  const handlers = handlersOf(services);
  const refused: ReplyTools["refused"] = (req, problem, route) => noteRefused(services, req, problem, route);
  const tools: ReplyTools = { log: services.log, count: registerMetrics(services), refused };
  const append = OPERATIONS.appendEvents.route;
  app.post(expressPath(append), serve(tools, `POST ${append}`, handlers.appendEvents));
  app.use(secureHeaders(services.hstsS ?? 0));
  for (const [route, operations] of routes()) {
    const byMethod = new Map(operations.map(([id, { method }]) => [method, handlers[id]]));
    // Senders of logs try a path with HEAD before they use it, and have no key that may read.
    const isForSenders = operations.some(([, { permission }]) => permission === "append");
    app.all(expressPath(route), dispatcher(route, byMethod, tools, isForSenders, handshakeOf(operations)));
  }
  for (const [path, page] of Object.entries(PAGES)) {
    app.all(path, dispatcher(path, new Map([["get", servePage(page)]]), tools));
  }
  const contractFiles = new Map([["get", (req: Request) => readContractFile(services, contractPathOf(req))]]);
  app.all(CONTRACT_FILES_PATH, dispatcher(CONTRACT_FILES_ROUTE, contractFiles, tools));
  const docsPage = serveDocsPages();
  const docsPages = new Map([["get", (req: Request, res: Response) => docsPage(restOfPath(req))(req, res)]]);
  app.all(DOCS_PAGES_PATH, dispatcher(DOCS_PAGES_ROUTE, docsPages, tools));
  app.use((req: Request, res: Response) => {
    const detail = `expected a path of the API (see /openapi.json), got ${withoutKey(req.path)}`;
    const problem = new Problem("route_unknown", detail);
    refused(req, problem, "no route");
    sendProblem(req, res, problem);
  });
  app.use(onRouterError(services));
  return app;
}

/** The path of a file below the path of all of them, of which Express makes a list. */
function restOfPath({ params }: Request): string {
  const { file } = params as Readonly<Record<string, string | readonly string[]>>;
  return Array.isArray(file) ? file.join("/") : String(file);
}

/** What a request for a file about the contract asks for. */
function contractPathOf(req: Request): ContractFilePath {
  const { match, chainId, address } = req.params as Readonly<Record<string, string>>;
  return { match: String(match), chainId: String(chainId), address: String(address), file: restOfPath(req) };
}

/** A path as it may be repeated: a sender that knows nothing but a URL has its key in there, and logs what it is answered. */
function withoutKey(path: string): string {
  return path.replace(/hf_[^/]*/g, "<key>").replace(/^\/in\/[^/]*/, "/in/<key>");
}

/** What answers the operations of the table, each handed requests that the table admits. */
type Answers = { readonly [Id in Exclude<OperationId, ForeignId>]: Answering<Id> };

function answersOf(services: Services, budget: BodyBudget): Answers {
  const searches = new SearchRecords(services.store, services.now);
  const readiness = readinessOf(services);
  let description: Reply | undefined;
  return {
    appendEvents: appendEvents(services, budget),
    listEvents: listEvents(services),
    listIntents: listIntents(services),
    listSearches: listSearches(searches),
    putSearch: putSearch(searches, services, budget),
    removeSearch: removeSearch(searches),
    countMatches: countMatches(services),
    tailEvents: tailEvents(services),
    countEvents: countEvents(services),
    exportEvents: exportEvents(services),
    exportLedger: exportLedger(services),
    readEvent: readEvent(services),
    proveEvent: proveEvent(services),
    listLedgers: listLedgers(services),
    createLedger: createLedger(services, budget),
    listSources: listSources(services),
    listSchemas: listSchemas(services),
    readSchema: readSchema(services),
    putSchema: putSchema(services, budget),
    readRequirements: readRequirements(services),
    putRequirements: putRequirements(services, budget),
    previewRules: previewRules(services, budget),
    listViolations: listViolations(services),
    checkEvents: checkEvents(services, budget),
    readRetention: readRetention(services),
    putRetention: putRetention(services, budget),
    previewRetention: previewRetention(services, budget),
    readRetentionStatus: readRetentionStatus(services),
    listRetentionPresets: listRetentionPresets(),
    listHolds: listHolds(services),
    placeHold: placeHold(services, budget),
    liftHold: liftHold(services, budget),
    erase: erase(services, budget),
    listErasures: listErasures(services),
    readErasure: readErasure(services),
    beginAudit: beginAudit(services, budget),
    listAudits: listAudits(services),
    readAudit: readAudit(services),
    readLedger: readLedger(services),
    readCheckpoint: readCheckpoint(),
    readCheckpointOfSize: readCheckpointOfSize(),
    proveConsistency: proveConsistency(),
    listAnchors: listAnchorsOf(services),
    readTile: readTile(),
    createKey: createKey(services, budget),
    listKeys: listKeys(services),
    readOwnKey: readOwnKey(services),
    revokeKey: revokeKey(services),
    ...encryptionAnswers(services),
    ...alertAnswers(services, budget),
    ...watcherAnswers(services, budget),
    status: status(services),
    hecHealth: hecHealth(services),
    hecHealthV1: hecHealth(services),
    alive: alive(services),
    ready: ready(readiness),
    readStanding: readStanding(services, readiness),
    metrics: metricsText(services),
    // Made when somebody asks: it takes a tenth of a second, a quarter of what a start computes.
    openapi: () => {
      description ??= json(200, openApi(services.version, services), "revalidate");
      return description;
    },
  };
}

type Handlers = Readonly<Record<OperationId, Handler>>;

function handlersOf(services: Services): Handlers {
  const budget = new BodyBudget(services.limits.bodiesBytesMax);
  const answers = answersOf(services, budget);
  const ids = Object.keys(OPERATIONS) as OperationId[];
  const handlers = ids.map((id): [OperationId, Handler] => {
    const handler = isForeign(id) ? foreignHandler(services, budget, id) : handlerOf(services, id, answers);
    return [id, handler];
  });
  return Object.fromEntries(handlers) as Handlers;
}

function foreignHandler(services: Services, budget: BodyBudget, id: ForeignId): Handler {
  const { foreign }: Operation = OPERATIONS[id];
  const answer = foreign?.asks === "acks" ? hecAcks : ingest;
  const admit = admission(services, id);
  return answer(services, budget, id, (req, res) => {
    const admitted = admit(req, res);
    return { ...admitted, senderOf: async (sent) => noteSender(services, req, await admitted.senderOf(sent)) };
  });
}

function isForeign(id: OperationId): id is ForeignId {
  return "foreign" in OPERATIONS[id];
}

/** Whether its host may promise HTTPS for good is said by whoever set it; where TLS ends at a proxy, the proxy knows. */
function secureHeaders(maxAge: number): RequestHandler {
  const plain = helmet({ strictTransportSecurity: false });
  if (maxAge === 0) return plain;
  const lasting = helmet({ strictTransportSecurity: { maxAge, includeSubDomains: false } });
  return (req, res, next) => (req.secure ? lasting : plain)(req, res, next);
}

type RouteOperations = readonly (readonly [OperationId, Operation])[];

/** The operations of the table by their paths. */
function routes(): Map<string, RouteOperations> {
  const byRoute = new Map<string, (readonly [OperationId, Operation])[]>();
  for (const [id, operation] of Object.entries(OPERATIONS) as [OperationId, Operation][]) {
    byRoute.set(operation.route, [...(byRoute.get(operation.route) ?? []), [id, operation]]);
  }
  return byRoute;
}

type HandshakeOf = (req: Request) => Readonly<Record<string, string>>;

/** What the protocol of a route that foreign senders are pointed at says to OPTIONS. */
function handshakeOf(operations: RouteOperations): HandshakeOf {
  const foreign = operations.map(([, operation]) => operation.foreign).find((each) => each !== undefined);
  if (foreign === undefined) return () => ({});
  return (req) => protocolOf(formatName(foreign.format, req)).handshake?.(req) ?? {};
}

function expressPath(route: string): string {
  return route.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** Answers every method on a path: those it has, HEAD and OPTIONS, and a problem for the rest. */
function dispatcher(
  route: string,
  handlers: ReadonlyMap<string, Handler>,
  tools: ReplyTools,
  isForSenders = false,
  handshake: HandshakeOf = () => ({}),
): RequestHandler {
  const byMethod = new Map<string, RequestHandler>();
  for (const [method, answer] of handlers) {
    const handler = serve(tools, `${method.toUpperCase()} ${route}`, answer);
    byMethod.set(method.toUpperCase(), handler);
    if (method === "get") byMethod.set("HEAD", handler);
  }
  const allow = [...new Set([...byMethod.keys(), "HEAD", "OPTIONS"])].sort().join(", ");
  const empty: Handler = () => ({ status: 200, headers: { Allow: allow } });
  const options: Handler = (req) => ({ status: 200, headers: { ...handshake(req), Allow: allow } });
  byMethod.set("OPTIONS", serve(tools, `OPTIONS ${route}`, options));
  if (isForSenders) byMethod.set("HEAD", serve(tools, `HEAD ${route}`, empty));
  const refuse = serve(tools, `other ${route}`, (req) => {
    const headers = { Allow: allow };
    throw new Problem("method_not_allowed", `expected one of ${allow}, got ${req.method}`, { headers });
  });
  return (req, res, next) => (byMethod.get(req.method) ?? refuse)(req, res, next);
}

/** Admits requests of one operation and has them answered: in time, compressed, and what is much work in its turn. */
function handlerOf<Id extends keyof Answers>(services: Services, id: Id, answers: Answers): Handler {
  const { method, compress, takesTurn }: Operation = OPERATIONS[id];
  const { answerMs } = services.limits;
  const admit = admission(services, id);
  const answer: Answering<Id> = leavingTrace(services, id, answers[id] as Answering<Id>);
  // Where a body comes first, whoever answers starts the clock once it is there.
  if (method === "post" || method === "put") return (req, res) => answer(admit(req, res));
  const respond: Answering<Id> = async (request) => {
    const reply = await answer(request);
    return compress === true ? await compressed(request.req, reply) : reply;
  };
  const inTurn: Answering<Id> = async (request) => {
    const { socket } = request.req;
    const endTurn = await connectionOf(socket)?.takeTurn(request.key?.id);
    try {
      // Whoever has gone away meanwhile is not worked for.
      if (socket.destroyed) throw new DisconnectedError("the client disconnected while it waited for its turn");
      return await respond(request);
    } finally {
      endTurn?.();
    }
  };
  const work = takesTurn === true ? inTurn : respond;
  return (req, res) => within(answerMs, Promise.resolve(work(admit(req, res))));
}

/** What goes wrong in the router itself: a path that does not decode. Routes answer their own errors. */
function onRouterError(services: Services): ErrorRequestHandler {
  const { log } = services;
  return (error: unknown, req, res, _next) => {
    const { problem, unexpected } = problemOf(error);
    if (unexpected) log.error({ err: error, requestId: problem.extra.requestId }, "a request failed");
    noteRefused(services, req, problem, "no route");
    sendProblem(req, res, problem);
  };
}
