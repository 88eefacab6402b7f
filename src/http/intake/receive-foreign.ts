/**
 * Receives the body of a foreign sender, whole, and has it made into entries. Nothing is refused for what is in it; it
 * is refused only when it is larger than the service takes, or the service holds too much already.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Preparation } from "../../entry/prepare.ts";
import type { ForeignFacts, ForeignForm } from "../../ingest/intake/foreign.ts";
import { type IntakeRules, isWhole, openIntake, type Received } from "../../ingest/intake/intake.ts";
import type { IntakePool } from "../../ingest/intake/pool.ts";
import { FORMATS } from "../../ingest/known-formats.ts";
import type { RuleSet } from "../../ingest/rules/rule-set.ts";
import { within } from "../reply.ts";
import type { HttpLimits } from "../services.ts";
import { type BodyBudget, receiveBody } from "./body.ts";
import { Chunks } from "./chunks.ts";
import { decodeBody } from "./decode.ts";

export type ForeignReceiving = {
  readonly limits: HttpLimits;
  readonly budget: BodyBudget;
  readonly intakes: IntakePool;
  readonly preparation: Preparation;
  /** Whether its sender shows no key. */
  readonly isUnproven: boolean;
};

/** Who sent a body, how it is taken in, and what its ledger demands. */
export type Recognised<S> = {
  readonly sender: S;
  readonly form: Omit<ForeignForm, "isUndecodable" | "itemsMax">;
  readonly demanded?: RuleSet | undefined;
};

/** Some entries of a body, how many bytes of it they are told to have, and what else is told of them. */
export type ForeignBody = {
  readonly entries: Received["entries"];
  readonly foreign: ForeignFacts;
  /** Schemas of the ledger that its events name. */
  readonly schemas: readonly string[] | undefined;
  readonly lastTime: string | undefined;
  /** Those of the whole body, decompressed, with its first entries; 0 with all others. */
  readonly bytes: number;
};

/**
 * What a foreign sender is told when its time is up. Ids are the exception here: an item is known again by its id, or by its bytes or
 * those of its request, which takes a time of its own that tells it from the same thing happening twice (ingest/intake/foreign.ts).
 */
export const AGAIN_AS_IT_WAS =
  "some of it may be recorded all the same; send the same bytes again: what has an id, or says when it happened, is recorded once, and only what says neither may be there twice";

/** Items that the thread of the service makes entries of in one go: some milliseconds of work. */
const AT_ONCE_ITEMS = 256;
/** Items of a large body that are recorded together: the leaves of a commit are hashed in one go, and others wait for that. */
const COMMIT_ITEMS = 2000;

/**
 * Receives a body and makes entries of it, some at a time: the next are made when whoever asked has recorded those before,
 * so that no body takes more memory than itself and so many entries. There is a part also of a body without items.
 * @param recognise looks at the bytes that were signed, those before decompression; throws when they are not to be taken
 * @throws Problem request_too_large, request_timeout, service_busy; IntakeError not_recorded; DisconnectedError
 */
export async function* receiveForeign<S>(
  req: IncomingMessage,
  res: ServerResponse,
  { limits, budget, intakes, preparation, isUnproven }: ForeignReceiving,
  recognise: (sent: Uint8Array) => Promise<Recognised<S>>,
): AsyncGenerator<ForeignBody & Pick<Recognised<S>, "sender">, void> {
  const { event, batchMax, foreignBytesMax, atOnceBytesMax } = limits;
  const chunks = new Chunks();
  const held = new Held(budget);
  try {
    await receiveBody(req, res, { bytesMax: foreignBytesMax, isDecoded: false, isUnproven }, (chunk) => {
      held.take(chunk.length);
      chunks.add(chunk);
    });
    const sent = chunks.take();
    const { sender, form, demanded } = await recognise(sent);
    held.leavePart();
    const hold = (bytes: number): void => held.take(bytes);
    const decoded = await decodeBody(sent, req.headers["content-encoding"], foreignBytesMax, hold);
    const body = decoded ?? sent;
    const rules = { event, batchMax, demanded };
    const whole = { ...form, ...(decoded === undefined && { isUndecodable: true }) };
    const isSmall = body.length <= atOnceBytesMax && !mayUnpack(form.format, body);
    const taking = isSmall
      ? takeSmall(body, whole, rules, { limits, intakes, preparation }, held)
      : takeInThread(body, whole, rules, { limits, intakes, preparation }, held);
    let { length: bytes } = body;
    for await (const received of taking) {
      yield { sender, ...partOf(received), bytes };
      bytes = 0;
    }
  } finally {
    held.release();
  }
}

/** Makes entries of what a request without a body says in its query, which is no longer than its head may be. */
export async function* takeQuery<S>(
  query: string,
  { limits: { event, batchMax }, preparation }: Pick<ForeignReceiving, "limits" | "preparation">,
  recognise: (sent: Uint8Array) => Promise<Recognised<S>>,
): AsyncGenerator<ForeignBody & Pick<Recognised<S>, "sender">, void> {
  const body = Buffer.from(query);
  const { sender, form, demanded } = await recognise(body);
  let { length: bytes } = body;
  for (const received of takeAtOnce(body, form, { event, batchMax, demanded }, preparation)) {
    yield { sender, ...partOf(received), bytes };
    bytes = 0;
  }
}

/**
 * Takes a small body in at once, unless it has too many items for that: 32 KiB have room for 16,000, which are a second of work. What was made of
 * the first of them is then made again, by a thread.
 */
async function* takeSmall(
  body: Uint8Array,
  form: ForeignForm,
  rules: IntakeRules,
  { limits, intakes, preparation }: Pick<ForeignReceiving, "limits" | "intakes" | "preparation">,
  held: Held,
): AsyncGenerator<Received, void> {
  const [first] = takeAtOnce(body, form, rules, preparation);
  if (first !== undefined && isWhole(first)) yield first;
  else yield* takeInThread(body, form, rules, { limits, intakes, preparation }, held);
}

function* takeAtOnce(
  body: Uint8Array,
  form: ForeignForm,
  rules: IntakeRules,
  preparation: Preparation,
): Generator<Received, void> {
  const intake = openIntake({ ...form, itemsMax: Math.min(AT_ONCE_ITEMS, rules.batchMax) }, rules, preparation);
  intake.push(Buffer.from(body.buffer, body.byteOffset, body.length));
  for (let received = intake.end(); ; received = intake.more?.() ?? received) {
    yield received;
    if (isWhole(received)) return;
  }
}

async function* takeInThread(
  body: Uint8Array,
  form: ForeignForm,
  rules: IntakeRules,
  { limits, intakes, preparation }: Pick<ForeignReceiving, "limits" | "intakes" | "preparation">,
  held: Held,
): AsyncGenerator<Received, void> {
  const itemsMax = Math.min(COMMIT_ITEMS, rules.batchMax);
  const remote = intakes.open({ ...form, itemsMax }, rules, preparation);
  try {
    for (let asking = remote.end(new Uint8Array(body)); ; asking = remote.more()) {
      held.keepFor(asking);
      const received = await within(limits.answerMs, asking, AGAIN_AS_IT_WAS);
      yield received;
      if (isWhole(received)) return;
    }
  } finally {
    remote.close();
  }
}

/** What is held of a body. It is given back when nobody has it any more, which a thread still may when its time is up. */
class Held {
  #budget: BodyBudget;
  #bytes = 0;
  #working: Promise<unknown> | undefined;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  /** @throws Problem service_busy */
  take(bytes: number): void {
    this.#budget.take(bytes);
    this.#bytes += bytes;
  }

  /** Its sender is known: what is kept for those who are not is for the next of them. */
  leavePart(): void {
    this.#budget = this.#budget.leave(this.#bytes);
  }

  /** Nothing is given back before this has ended, one way or the other. */
  keepFor(working: Promise<unknown>): void {
    const done = (): void => {
      if (this.#working === working) this.#working = undefined;
    };
    this.#working = working;
    working.then(done, done);
  }

  release(): void {
    const release = (): void => this.#budget.release(this.#bytes);
    if (this.#working === undefined) release();
    else this.#working.then(release, release);
  }
}

/** Whether something in a body may be packed, so that it is more than its length says. */
function mayUnpack(format: string, body: Uint8Array): boolean {
  const { packedMark } = FORMATS[format] ?? {};
  return (
    packedMark !== undefined && Buffer.from(body.buffer, body.byteOffset, body.length).includes(packedMark, 0, "latin1")
  );
}

function partOf({ entries, foreign, lastTime, schemas }: Received): Omit<ForeignBody, "bytes"> {
  if (foreign === undefined) throw new Error("expected what is told of a foreign body, got nothing");
  return { entries, foreign, lastTime, schemas };
}
