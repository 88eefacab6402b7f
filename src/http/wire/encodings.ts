/**
 * Answers compressed for who asks. What is made for one client is compressed whole before it leaves, so that a client
 * that does not read holds bytes and no compressor; what is the same for all was compressed when it was built.
 */

import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Reply } from "../reply.ts";
import { matches, tagOf } from "./entity-tags.ts";

/** Less is not worth it. */
const BYTES_MIN = 1024;
/** Twice as fast as the usual level, for a tenth more bytes. */
const LEVEL = 4;

const gzipAsync = promisify(gzip);

/** A coding that a client may take. */
export type ContentCoding = "zstd" | "gzip" | "br";

/** A body in the encodings that it was built in. */
export type Encoded = { readonly identity: Uint8Array; readonly gzip?: Uint8Array; readonly br?: Uint8Array };

type Chosen = { readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> };

/** A reply compressed when the client takes that. */
export async function compressed(req: IncomingMessage, reply: Reply): Promise<Reply> {
  const { body = "", caching = "no-store" } = reply;
  if (req.method !== "GET" || Buffer.byteLength(body) < BYTES_MIN) return reply;
  const headers = { ...reply.headers, Vary: "Accept-Encoding" };
  const tag = caching === "no-store" ? undefined : tagOf(body);
  const plain = { ...reply, headers, ...(tag !== undefined && { tag }) };
  if (!accepts(req, "gzip") || (tag !== undefined && matches(req, tag))) return plain;
  const packed = await gzipAsync(body, { level: LEVEL });
  return { ...plain, body: packed, headers: { ...headers, "Content-Encoding": "gzip" } };
}

/** The form of a body that was compressed before, the smallest that the client takes. */
export function chosen(req: IncomingMessage, body: Encoded): Chosen {
  for (const encoding of ["br", "gzip"] as const) {
    const packed = body[encoding];
    if (packed !== undefined && accepts(req, encoding))
      return { body: packed, headers: { "Content-Encoding": encoding, Vary: "Accept-Encoding" } };
  }
  return { body: body.identity, headers: { Vary: "Accept-Encoding" } };
}

/** Whether a client takes an encoding, RFC 9110 §12.5.3. */
export function accepts({ headers }: IncomingMessage, encoding: ContentCoding): boolean {
  const weights = new Map<string, number>();
  for (const each of (headers["accept-encoding"] as string | undefined)?.split(",") ?? []) {
    const [name = "", ...parameters] = each.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((part) => part.startsWith("q="))?.slice(2) ?? "1";
    weights.set(name === "x-gzip" ? "gzip" : name, Number(weight));
  }
  return (weights.get(encoding) ?? weights.get("*") ?? 0) > 0;
}
