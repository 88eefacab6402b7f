/**
 * Receives the body of a foreign sender, whole, and has it made into entries. Nothing is refused for what is in it; it
 * is refused only when it is larger than the service takes, or the service holds too much already.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Preparation } from "../../entry/prepare.ts";
import type { ForeignFacts, ForeignForm } from "../../ingest/intake/foreign.ts";
import { openIntake, type Received } from "../../ingest/intake/intake.ts";
import type { IntakePool } from "../../ingest/intake/pool.ts";
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
};

/** Who sent a body, how it is taken in, and what its ledger demands. */
export type Recognised<S> = {
  readonly sender: S;
  readonly form: Omit<ForeignForm, "isUndecodable">;
  readonly demanded?: RuleSet | undefined;
};

/** The entries of a body, how many bytes it had decompressed, and what else is told of it. */
export type ForeignBody = {
  readonly entries: Received["entries"];
  readonly foreign: ForeignFacts;
  /** Schemas of the ledger that its events name. */
  readonly schemas: readonly string[] | undefined;
  readonly lastTime: string | undefined;
  readonly bytes: number;
};

/**
 * Receives a body and makes entries of it.
 * @param recognise looks at the bytes that were signed, those before decompression; throws when they are not to be taken
 * @throws Problem request_too_large, service_busy; IntakeError not_recorded; DisconnectedError
 */
export async function receiveForeign<S>(
  req: IncomingMessage,
  res: ServerResponse,
  { limits, budget, intakes, preparation }: ForeignReceiving,
  recognise: (sent: Uint8Array) => Recognised<S>,
): Promise<ForeignBody & Pick<Recognised<S>, "sender">> {
  const { event, batchMax, foreignBytesMax, atOnceBytesMax, answerMs } = limits;
  const chunks = new Chunks();
  let held = 0;
  const hold = (bytes: number): void => {
    budget.take(bytes);
    held += bytes;
  };
  try {
    await receiveBody(req, res, { bytesMax: foreignBytesMax, isDecoded: false }, (chunk) => {
      hold(chunk.length);
      chunks.add(chunk);
    });
    const sent = chunks.take();
    const { sender, form, demanded } = recognise(sent);
    const decoded = await decodeBody(sent, req.headers["content-encoding"], foreignBytesMax);
    if (decoded !== undefined && decoded !== sent) hold(decoded.length);
    const body = decoded ?? sent;
    const whole = { ...form, ...(decoded === undefined && { isUndecodable: true }) };
    const rules = { event, batchMax, demanded };
    if (body.length <= atOnceBytesMax) {
      const intake = openIntake(whole, rules, preparation);
      intake.push(Buffer.from(body.buffer, body.byteOffset, body.length));
      return { sender, ...bodyOf(intake.end(), body) };
    }
    const remote = intakes.open(whole, rules, preparation);
    try {
      return { sender, ...bodyOf(await within(answerMs, remote.end(new Uint8Array(body))), body) };
    } finally {
      remote.close();
    }
  } finally {
    budget.release(held);
  }
}

/** Makes entries of what a request without a body says in its query, which is no longer than its head may be. */
export function takeQuery<S>(
  query: string,
  { limits: { event, batchMax }, preparation }: Pick<ForeignReceiving, "limits" | "preparation">,
  recognise: (sent: Uint8Array) => Recognised<S>,
): ForeignBody & Pick<Recognised<S>, "sender"> {
  const body = Buffer.from(query);
  const { sender, form, demanded } = recognise(body);
  const intake = openIntake(form, { event, batchMax, demanded }, preparation);
  intake.push(body);
  return { sender, ...bodyOf(intake.end(), body) };
}

function bodyOf({ entries, foreign, lastTime, schemas }: Received, { length: bytes }: Uint8Array): ForeignBody {
  if (foreign === undefined) throw new Error("expected what is told of a foreign body, got nothing");
  return { entries, foreign, lastTime, schemas, bytes };
}
