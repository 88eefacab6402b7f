/**
 * From the body of a request to entries that are ready to be recorded: one event, an array of them, or one on each
 * line. The first thing that is wrong refuses the whole request, and says where it is.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { EventError, pointer } from "../entry/error.ts";
import { checkEvent } from "../entry/event.ts";
import { parseJson } from "../entry/json.ts";
import { type Preparation, type PreparedEntry, prepareEntry } from "../entry/prepare.ts";
import { shapeOf } from "../entry/shape.ts";
import { type BodyBudget, decodeUtf8, receiveBody } from "./body.ts";
import { LineSplitter } from "./lines.ts";
import { Problem, type ProblemExtra } from "./problem.ts";
import type { HttpLimits } from "./services.ts";

/** Events of one request; one that came alone is answered with a bundle. */
export type Received = { readonly alone: boolean; readonly entries: readonly PreparedEntry[] };

export type Receiving = { readonly limits: HttpLimits; readonly budget: BodyBudget; readonly preparation: Preparation };

/** Bytes of a line for each byte that an event may have: escapes and spaces make it longer than its canonical text. */
const SPELLING_FACTOR = 8;
/** Events of an array that are prepared before other requests get their turn. */
const TURN = 64;
const OPENING_BRACKET = 0x5b;
const NDJSON = ["application/x-ndjson", "application/ndjson"];
const JSON_TYPE = "application/json";

/**
 * Receives the events of a request.
 * @throws Problem, EventError, DisconnectedError
 */
export async function receiveEvents(
  req: IncomingMessage,
  res: ServerResponse,
  receiving: Receiving,
): Promise<Received> {
  const type = contentType(req, [JSON_TYPE, ...NDJSON]);
  return type === JSON_TYPE ? await receiveJson(req, res, receiving) : await receiveLines(req, res, receiving);
}

/**
 * Receives one JSON value.
 * @throws Problem, EventError, DisconnectedError
 */
export async function receiveValue(
  req: IncomingMessage,
  res: ServerResponse,
  { limits, budget }: Pick<Receiving, "limits" | "budget">,
): Promise<unknown> {
  contentType(req, [JSON_TYPE]);
  return await withBytes(req, res, limits, budget, (bytes) => parseJson(decodeUtf8(bytes), limits.event));
}

/**
 * Receives a body of any type, as it is.
 * @throws Problem, DisconnectedError
 */
export function receiveBytes(
  req: IncomingMessage,
  res: ServerResponse,
  { limits, budget }: Pick<Receiving, "limits" | "budget">,
): Promise<Uint8Array> {
  return withBytes(req, res, limits, budget, (bytes): Uint8Array => bytes);
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
  const chunks: Buffer[] = [];
  let held = 0;
  try {
    await receiveBody(req, res, { bytesMax: limits.requestBytesMax }, (chunk) => {
      budget.take(chunk.length);
      held += chunk.length;
      chunks.push(chunk);
    });
    const [first] = chunks;
    return await use(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
  } finally {
    budget.release(held);
  }
}

function receiveJson(req: IncomingMessage, res: ServerResponse, receiving: Receiving): Promise<Received> {
  const { limits, budget, preparation } = receiving;
  return withBytes(req, res, limits, budget, (bytes) => {
    const isArray = firstByte(bytes) === OPENING_BRACKET;
    const depthMax = limits.event.depthMax + (isArray ? 1 : 0);
    const text = decodeUtf8(bytes);
    requireShape(text, isArray, depthMax, limits);
    const value = parseJson(text, { depthMax });
    if (Array.isArray(value)) return prepareAll(value, receiving);
    const entry = prepareEntry(checkEvent(value, limits.event), preparation);
    return { alone: true, entries: [entry] };
  });
}

/** Refuses before parsing what would be refused after it: the parser holds up everybody else, for seconds if it is led to. */
function requireShape(text: string, isArray: boolean, depthMax: number, { event, batchMax }: HttpLimits): void {
  const lengthMax = event.bytesMax * SPELLING_FACTOR;
  if (text.length <= lengthMax) return;
  if (!isArray) throw new EventError("event_too_large", "", `a text of at most ${lengthMax} bytes`, "a longer one");
  const { commas } = shapeOf(text, depthMax);
  if (commas >= batchMax) throw tooMany(batchMax, commas + 1);
}

async function prepareAll(values: readonly unknown[], { limits, preparation }: Receiving): Promise<Received> {
  if (values.length > limits.batchMax) throw tooMany(limits.batchMax, values.length);
  if (values.length === 0) throw new Problem("batch_empty", "expected at least one event, got an empty array");
  const entries: PreparedEntry[] = [];
  for (let i = 0; i < values.length; i++) {
    if (i % TURN === TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    try {
      entries.push(prepareEntry(checkEvent(values[i], limits.event), preparation));
    } catch (error) {
      throw located(error, `event ${i} of the array`, pointer(i), {});
    }
  }
  return { alone: false, entries };
}

async function receiveLines(req: IncomingMessage, res: ServerResponse, receiving: Receiving): Promise<Received> {
  const { limits, budget, preparation } = receiving;
  const entries: PreparedEntry[] = [];
  const lineBytesMax = limits.event.bytesMax * SPELLING_FACTOR;
  let held = 0;
  const lines = new LineSplitter(lineBytesMax, (line, number) => {
    try {
      if (line.length > lineBytesMax) {
        throw new EventError("event_too_large", "", `a line of at most ${lineBytesMax} bytes`, "a longer one");
      }
      if (isBlank(line)) return;
      if (entries.length === limits.batchMax) throw tooMany(limits.batchMax, undefined);
      const event = checkEvent(parseJson(decodeUtf8(line), limits.event), limits.event);
      entries.push(prepareEntry(event, preparation));
    } catch (error) {
      throw located(error, `line ${number}`, "", { line: number });
    }
  });
  try {
    await receiveBody(req, res, { bytesMax: limits.requestBytesMax }, (chunk) => {
      // The entries made of a chunk are about as large as the chunk, so the budget counts it until the end.
      budget.take(chunk.length);
      held += chunk.length;
      lines.push(chunk);
    });
    lines.end();
  } finally {
    budget.release(held);
  }
  if (entries.length === 0) throw new Problem("batch_empty", "expected at least one line with an event, got none");
  return { alone: false, entries };
}

/** The same error, saying also where in the request it is. */
function located(error: unknown, place: string, prefix: string, extra: ProblemExtra): unknown {
  if (error instanceof Problem) {
    return new Problem(error.code, `${place}: ${error.message}`, { ...error.extra, ...extra, cause: error });
  }
  if (!(error instanceof EventError)) return error;
  const errors = [{ path: prefix + error.path, expected: error.expected, got: error.got }];
  return new Problem(error.code, `${place}: ${error.message}`, { errors, ...extra, cause: error });
}

function tooMany(batchMax: number, got: number | undefined): Problem {
  return new Problem("batch_too_large", `expected at most ${batchMax} events in one request, got ${got ?? "more"}`);
}

/** First byte that is no white space of JSON. */
function firstByte(bytes: Uint8Array): number | undefined {
  return bytes.find((byte) => !isSpace(byte));
}

function isBlank(line: Uint8Array): boolean {
  return line.every(isSpace);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d && byte !== 0x0b && byte !== 0x0c);
}
