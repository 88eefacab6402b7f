/**
 * What foreign senders send: POST /v1/ledgers/{ledger}/ingest/{format} and the paths that their protocols ask for. Most of
 * them drop what is refused, so nothing is refused for what is in it.
 */

import type { IncomingMessage } from "node:http";
import type { RuleName } from "../../entry/event-error.ts";
import type { PreparedEntry } from "../../entry/prepare.ts";
import type { Delivery, Format, Note } from "../../ingest/format.ts";
import { withoutId } from "../../ingest/intake/entry-without-id.ts";
import { FORMATS } from "../../ingest/known-formats.ts";
import type { Counted } from "../../ingest/sources/source-counts.ts";
import type { Appended, Receipt } from "../../ledger/append/answer.ts";
import { type AppendRequest, ClaimDamagedError, IdempotencyConflictError } from "../../ledger/append/idempotency.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { Admitted } from "../admit.ts";
import { type ForeignId, OPERATIONS, type Operation } from "../api/operations.ts";
import { formatName, pickHeaders, pickQuery } from "../api/params.ts";
import { BodyBudget } from "../intake/body.ts";
import { AGAIN_AS_IT_WAS, type ForeignBody, receiveForeign, takeQuery } from "../intake/receive-foreign.ts";
import { Problem, problemOf } from "../problem.ts";
import { spellProblem } from "../protocols/foreign-status.ts";
import { protocolOf } from "../protocols/known-protocols.ts";
import type { Protocol, Recorded } from "../protocols/protocol.ts";
import { type Handler, type Reply, within } from "../reply.ts";
import type { Services } from "../services.ts";
import { noteRefusal } from "./note-refusal.ts";

/** Stands for the content of a request whose key is made of its bytes already. */
const SAME_REQUEST = new Uint8Array(32);
const NOTHING = new Uint8Array(0);
/** Receipts of more items would make an answer that no such sender reads. */
const RECEIPTS_MAX = 1000;

/** Of the room for bodies, those of senders of whom nothing is known until the body is there may take this part. */
const UNPROVEN_PART = 4;

/** Receives what one of the foreign routes gets. */
export function ingest(
  services: Services,
  budget: BodyBudget,
  id: ForeignId,
  admit: (...request: Parameters<Handler>) => Admitted<ForeignId>,
): Handler {
  const operation: Operation = OPERATIONS[id];
  const unproven = new BodyBudget(services.limits.bodiesBytesMax / UNPROVEN_PART, budget);
  return answerForeign(services, id, admit, async (admitted, { name, protocol }) => {
    const format = formatNamed(name);
    const greeting = admitted.req.method === "GET" ? protocol.greeted?.(admitted.req) : undefined;
    if (greeting !== undefined) return { status: 200, ...greeting };
    const room = admitted.isUnproven ? unproven : budget;
    const recorded = await record(services, room, admitted, format, operation).catch(async (error: unknown) => {
      await noteForeignRefusal(services, admitted, format, error);
      throw error;
    });
    return { status: 200, ...protocol.recorded(recorded, admitted.req) };
  });
}

/** Of a sender that showed its key; of one that only signs nothing is known when its signature is wrong. */
async function noteForeignRefusal(
  services: Services,
  { isUnproven, senderOf }: Admitted<ForeignId>,
  { name }: Format,
  error: unknown,
): Promise<void> {
  if (isUnproven) return;
  try {
    const { ledger, key } = await senderOf(NOTHING);
    noteRefusal(services, { ledger, key, format: name }, error);
  } catch {
    // It has a secret besides, by which the body would have to be signed.
  }
}

/** Which format a request is in, and who answers its sender. */
export type ForeignAddress = { readonly name: string | undefined; readonly protocol: Protocol };

/** Answers requests of a foreign route; what cannot be done is thrown as its protocol spells it. */
export function answerForeign(
  { log }: Pick<Services, "log">,
  id: ForeignId,
  admit: (...request: Parameters<Handler>) => Admitted<ForeignId>,
  answer: (admitted: Admitted<ForeignId>, address: ForeignAddress) => Promise<Reply>,
): Handler {
  const operation: Operation = OPERATIONS[id];
  return async (req, res): Promise<Reply> => {
    const name = formatName(operation.foreign?.format, req);
    const protocol = protocolOf(name);
    try {
      return await answer(admit(req, res), { name, protocol });
    } catch (error) {
      const { problem, unexpected } = problemOf(error);
      if (unexpected) log.error({ err: error, requestId: problem.extra.requestId }, "a request failed");
      throw spellProblem(protocol, problem, req);
    }
  };
}

function formatNamed(name: string | undefined): Format {
  if (name !== undefined && Object.hasOwn(FORMATS, name)) return FORMATS[name] as Format;
  const known = Object.keys(FORMATS).join(", ");
  throw new Problem("format_unknown", `expected one of ${known} as the format, got ${JSON.stringify(name)}`);
}

/** Appends entries, as long as the rules hold by which they were looked at. */
type Append = (request: AppendRequest) => Promise<Appended>;

async function record(
  services: Services,
  budget: BodyBudget,
  { req, res, senderOf, isUnproven }: Admitted<ForeignId>,
  format: Format,
  { foreign }: Operation,
): Promise<Recorded> {
  const { limits, hash, salts, contentKey, intakes, rules } = services;
  const preparation = { hash, salts, ...(contentKey && { contentKey }) };
  const receiving = { limits, budget, intakes, preparation, isUnproven };
  const { route } = foreign ?? {};
  const delivery: Delivery = {
    headers: pickHeaders(format.headers, req),
    query: pickQuery(format.query, req),
    ...(route !== undefined && { route }),
  };
  const recognise = async (sent: Uint8Array) => {
    const sender = await senderOf(sent);
    const { key, ledger, isSigned } = sender;
    const demanded = rules.of(ledger.record.id);
    const form = {
      format: format.name,
      delivery,
      key: key.id,
      source: key.source,
      isSigned,
      receivedAt: services.now(),
      rawBytesMax: limits.requestBytesMax,
    };
    return { sender: { key, ledger, demanded }, form, demanded };
  };
  const parts =
    req.method === "GET"
      ? takeQuery(queryOf(req, format), receiving, recognise)
      : receiveForeign(req, res, receiving, recognise);
  const became = new Became();
  // No sender splits a request that is too large, so it is recorded in order, some thousands in one commit. When not all
  // could be recorded the request fails, and sent again it goes on where it stopped.
  for await (const { sender, ...part } of parts) {
    const { key, ledger, demanded } = sender;
    const append = async (request: AppendRequest): Promise<Appended> => {
      const admit = () => rules.admit(ledger.record.id, demanded, part.schemas);
      for (let wait = admit(); wait !== undefined; wait = admit()) await wait;
      return await ledger.append(request);
    };
    const counted = became.add(ledger, part, await appendSome(services, append, key.source, part));
    const place = { ledger: ledger.record.name, source: key.source, key: key.id, format: format.name };
    if (part.entries.length > 0) services.sources.count(place, counted);
    for (const rule of became.lastViolated)
      rules.violations.count(ledger.record.id, rule, key.source, { quarantined: 1 });
  }
  return became.recorded();
}

/**
 * What a GET says, of senders who can do nothing else; any other GET is of somebody who looks, and records nothing.
 * Why: docs/decisions/0149.
 */
function queryOf({ url = "" }: IncomingMessage, { takesQuery }: Format): string {
  const start = url.indexOf("?");
  const query = start === -1 ? "" : url.slice(start + 1);
  if (takesQuery === true && query !== "") return query;
  throw new Problem(
    "method_not_allowed",
    "expected a POST, or a GET that says what to record in its query, got another GET",
  );
}

/** What has become of a request so far. */
class Became {
  #ledger: Ledger | undefined;
  readonly #receipts: Receipt[] = [];
  #items = 0;
  #lastIndex = -1;
  #duplicates = 0;
  #quarantined = 0;
  #checkpoint: SignedCheckpoint | undefined;
  #answer: Recorded["answer"];
  #lastViolated: readonly RuleName[] = [];

  /** The rules that items which were recorded last do not keep. */
  get lastViolated(): readonly RuleName[] {
    return this.#lastViolated;
  }

  /** Adds what became of some items, and counts them. */
  add(ledger: Ledger, { foreign, bytes, lastTime }: ForeignBody, appended: Appended | undefined): Counted {
    const { receipts = [], checkpoint } = appended ?? {};
    this.#ledger = ledger;
    let duplicates = 0;
    for (const receipt of receipts) {
      if (receipt.duplicate) duplicates++;
      if (receipt.index > this.#lastIndex) this.#lastIndex = receipt.index;
      if (this.#receipts.length < RECEIPTS_MAX) this.#receipts.push(receipt);
    }
    const isNew = (position: number): boolean => receipts[position]?.duplicate === false;
    const quarantined = foreign.quarantined.filter(isNew).length;
    this.#lastViolated = foreign.violated.flatMap(({ position, ...rule }) => (isNew(position) ? [rule] : []));
    this.#items += receipts.length;
    this.#duplicates += duplicates;
    this.#quarantined += quarantined;
    this.#checkpoint = checkpoint;
    this.#answer ??= foreign.answer;
    const { sequences } = foreign;
    return { recorded: receipts.length - duplicates, quarantined, duplicates, bytes, lastTime, sequences };
  }

  recorded(): Recorded {
    if (this.#ledger === undefined) throw new Error("expected at least one part of a body, got none");
    return {
      ledger: this.#ledger,
      items: this.#items,
      receipts: this.#items > RECEIPTS_MAX ? [] : this.#receipts,
      lastIndex: this.#lastIndex,
      checkpoint: this.#checkpoint,
      duplicates: this.#duplicates,
      quarantined: this.#quarantined,
      answer: this.#answer,
    };
  }
}

/** Appends some entries of a request in one commit; undefined when there are none. */
async function appendSome(
  { limits, hash }: Services,
  append: Append,
  source: string,
  { entries, foreign: { repeatKey } }: ForeignBody,
): Promise<Appended | undefined> {
  if (entries.length === 0) return undefined;
  const request = {
    entries,
    source,
    ...(repeatKey !== undefined && { idempotencyKey: repeatKey, requestContent: SAME_REQUEST }),
  };
  return await within(limits.answerMs, appendWhatever(hash, append, request), AGAIN_AS_IT_WAS);
}

/** How often a claim that cannot be read is replaced by another, before nothing is claimed instead of it. */
const DAMAGED_MAX = 2;

/** Appends entries also where an id stands for something else, or what stands under it cannot be read: without it then. */
async function appendWhatever(hash: Hash, append: Append, request: AppendRequest, damaged = 0): Promise<Appended> {
  try {
    return await append(request);
  } catch (error) {
    if (error instanceof IdempotencyConflictError && error.items.length > 0) {
      const taken = new Set(error.items.map(({ position }) => position));
      const entries = replaced(hash, request.entries, "id_conflict", taken);
      return await appendWhatever(hash, append, { ...request, entries }, damaged);
    }
    if (!(error instanceof ClaimDamagedError)) throw error;
    return await appendWhatever(hash, append, withoutDamaged(hash, request, error, damaged), damaged + 1);
  }
}

/** The same request under other claims than those that cannot be read: sent again, it is known by these. */
function withoutDamaged(
  hash: Hash,
  { idempotencyKey, ...request }: AppendRequest,
  { positions, isOfRequest }: ClaimDamagedError,
  damaged: number,
): AppendRequest {
  const isLast = damaged >= DAMAGED_MAX;
  const entries = replaced(hash, request.entries, "claim_damaged", new Set(positions), isLast);
  if (idempotencyKey === undefined) return { ...request, entries };
  const name = isOfRequest ? `${idempotencyKey} claim_damaged` : idempotencyKey;
  return isOfRequest && isLast ? { ...request, entries } : { ...request, entries, idempotencyKey: name };
}

function replaced(
  hash: Hash,
  entries: readonly PreparedEntry[],
  note: Note,
  positions: ReadonlySet<number>,
  isUnknown = false,
): PreparedEntry[] {
  return entries.map((entry, position) => {
    return positions.has(position) ? withoutId(hash, entry, note, isUnknown) : entry;
  });
}
