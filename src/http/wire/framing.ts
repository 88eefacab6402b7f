/**
 * Requests that two readers could take for different ones, which is how requests are smuggled past a proxy. Node's
 * parser refuses most (RFC 9112 §11.2; test/http/wire/framing.test.ts has the table); here is what it lets pass.
 */

import type { IncomingMessage } from "node:http";
import { Problem } from "../problem.ts";

const CLOSE = { headers: { Connection: "close" } };
/** A name or an address, and a port, RFC 3986 §3.2.2. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** Headers of which a request has one at the most; Node keeps the first of several and forgets the others. */
const ONCE: Readonly<Record<number, string>> = { 4: "host", 13: "authorization" };

/** What is wrong with how a request is framed, if something is; the connection cannot be trusted any more then. */
export function framingProblem(req: IncomingMessage): Problem | undefined {
  const { "transfer-encoding": codings, host = "" } = req.headers;
  if (req.httpVersionMajor !== 1) return invalid(`HTTP/1.1, got HTTP/${req.httpVersion}`);
  if (codings !== undefined && req.httpVersionMinor === 0) return invalid("no Transfer-Encoding in HTTP/1.0, got one");
  if (codings !== undefined && codings.trim().toLowerCase() !== "chunked") {
    const detail = `expected Transfer-Encoding: chunked and nothing else, got ${JSON.stringify(codings)}; Content-Encoding is for compression`;
    return new Problem("transfer_encoding_unsupported", detail, CLOSE);
  }
  // RFC 9112 §3.2
  if (!HOST.test(host)) return invalid(`a host in the header Host, got ${JSON.stringify(host)}`);
  const repeated = repeatedHeader(req.rawHeaders);
  return repeated === undefined ? undefined : invalid(`one header ${repeated}, got several`);
}

function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i] as string;
    const name = ONCE[length];
    if (name === undefined || (rawHeaders[i] as string).toLowerCase() !== name) continue;
    // A bit for each, by their lengths.
    if ((seen & (1 << length)) !== 0) return name;
    seen |= 1 << length;
  }
  return undefined;
}

function invalid(expected: string): Problem {
  return new Problem("request_invalid", `expected ${expected}`, CLOSE);
}
