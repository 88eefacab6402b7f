/**
 * Receives the bodies of requests, within the limits and the budget of the service. What is large is taken in by a
 * thread beside it, what is small at once; both do the same (intake.ts).
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { parseJson } from "../../entry/i-json.ts";
import type { Preparation } from "../../entry/prepare.ts";
import type { OnMisspelt } from "../../ingest/intake/examine.ts";
import { type Form, type NativeSpelling, openIntake, type Received } from "../../ingest/intake/intake.ts";
import type { IntakePool, RemoteIntake } from "../../ingest/intake/pool.ts";
import { decodeUtf8 } from "../../ingest/intake/utf8.ts";
import type { RuleSet } from "../../ingest/rules/rule-set.ts";
import { Problem } from "../problem.ts";
import { within } from "../reply.ts";
import type { HttpLimits } from "../services.ts";
import { type BodyBudget, receiveBody } from "./body.ts";
import { Chunks } from "./chunks.ts";

export type Receiving = {
  readonly limits: HttpLimits;
  readonly budget: BodyBudget;
  readonly intakes: IntakePool;
  readonly preparation: Preparation;
  readonly misspelt?: OnMisspelt | undefined;
  readonly demanded?: RuleSet | undefined;
};

const NDJSON = ["application/x-ndjson", "application/ndjson"];
const JSON_TYPE = "application/json";

/** Bytes that a thread takes at a time: enough that messages cost nothing, and a few tens of milliseconds of work. */
const PIECE_BYTES = 1024 * 1024;
/** Where looking goes on behind what would be refused: 32 KiB can be 10,000 refusals, which are a second of work. */
const EXAMINED_AT_ONCE_BYTES = 1024;

/**
 * Receives the events of a request.
 * @throws Problem, EventError, IntakeError, DisconnectedError
 */
export async function receiveEvents(
  req: IncomingMessage,
  res: ServerResponse,
  receiving: Receiving,
): Promise<Received & { readonly bytes: number }> {
  return await receiveBatch(req, res, receiving, spellingOf(req));
}

/**
 * Receives events of which it is only asked what would become of them.
 * @throws Problem, EventError, IntakeError, DisconnectedError
 */
export async function receiveExamined(
  req: IncomingMessage,
  res: ServerResponse,
  receiving: Receiving,
): Promise<Received> {
  return await receiveBatch(req, res, receiving, { examined: spellingOf(req) });
}

function spellingOf(req: IncomingMessage): NativeSpelling {
  return contentType(req, [JSON_TYPE, ...NDJSON]) === JSON_TYPE ? "json" : "lines";
}

async function receiveBatch(
  req: IncomingMessage,
  res: ServerResponse,
  { limits, budget, intakes, preparation, misspelt, demanded }: Receiving,
  form: Form,
): Promise<Received & { readonly bytes: number }> {
  const { event, batchMax, requestBytesMax, atOnceBytesMax, answerMs } = limits;
  const rules = { event, batchMax, misspelt, demanded };
  const chunks = new Chunks();
  let remote: RemoteIntake | undefined;
  let held = 0;
  try {
    await receiveBody(req, res, { bytesMax: requestBytesMax }, (chunk) => {
      // The entries made of a chunk are about as large as the chunk, so the budget counts it until the end.
      budget.take(chunk.length);
      held += chunk.length;
      chunks.add(chunk);
      if (chunks.length < PIECE_BYTES) return undefined;
      remote ??= intakes.open(form, rules, preparation);
      return remote.push(chunks.takeCopy());
    });
    const atOnceMax = typeof form === "string" ? atOnceBytesMax : Math.min(atOnceBytesMax, EXAMINED_AT_ONCE_BYTES);
    if (remote === undefined && held <= atOnceMax) {
      const intake = openIntake(form, rules, preparation);
      intake.push(chunks.take());
      return { ...intake.end(), bytes: held };
    }
    remote ??= intakes.open(form, rules, preparation);
    return { ...(await within(answerMs, remote.end(chunks.takeCopy()))), bytes: held };
  } finally {
    budget.release(held);
    remote?.close();
  }
}

/**
 * Receives one JSON value.
 * @throws Problem, EventError, IntakeError, DisconnectedError
 */
export async function receiveValue(
  req: IncomingMessage,
  res: ServerResponse,
  { limits, budget }: Pick<Receiving, "limits" | "budget">,
): Promise<unknown> {
  contentType(req, [JSON_TYPE]);
  return await withBytes(req, res, limits, budget, (bytes) => parseJson(decodeUtf8(bytes), limits.event));
}

/** The media type without parameters, RFC 9110 §8.3.1. @throws Problem content_type_unsupported */
function contentType(req: IncomingMessage, accepted: readonly string[]): string {
  const header = req.headers["content-type"] ?? "";
  if (header === accepted[0]) return header;
  const [type = "", ...parameters] = header.split(";").map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((part) => !part.startsWith("charset=") || /^charset="?utf-?8"?$/.test(part));
  if (accepted.includes(type) && isUtf8) return type;
  const got = header === "" ? "none" : JSON.stringify(header);
  throw new Problem(
    "content_type_unsupported",
    `expected a Content-Type of ${accepted.join(" or ")} in UTF-8, got ${got}`,
  );
}

/** Reads a body whole, keeps it in the budget while it is used, and drops it. */
async function withBytes<T>(
  req: IncomingMessage,
  res: ServerResponse,
  limits: HttpLimits,
  budget: BodyBudget,
  use: (bytes: Buffer) => T,
): Promise<Awaited<T>> {
  const chunks = new Chunks();
  let held = 0;
  try {
    await receiveBody(req, res, { bytesMax: limits.requestBytesMax }, (chunk) => {
      budget.take(chunk.length);
      held += chunk.length;
      chunks.add(chunk);
    });
    return await use(chunks.take());
  } finally {
    budget.release(held);
  }
}
