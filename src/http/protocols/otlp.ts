/**
 * Answers of OTLP/HTTP: in the encoding of the request, an ExportLogsServiceResponse that says nothing where everything
 * is well, and a google.rpc.Status where it is not (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response).
 */

import type { IncomingMessage } from "node:http";
import { varintLength, writeVarint } from "../../entry/varint.ts";
import { concat, utf8 } from "../../merkle/bytes.ts";
import type { Protocol } from "./protocol.ts";

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";

/** Codes of google.rpc.Code for statuses. */
const CODES: Readonly<Record<number, number>> = { 401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 429: 8, 503: 14 };
const UNKNOWN = 2;

/** Tags of fields whose values are bytes, 8 times the number and 2, and of an integer. */
const PARTIAL_SUCCESS = 0x0a;
const ERROR_MESSAGE = 0x12;
const STATUS_CODE = 0x08;
const STATUS_MESSAGE = 0x12;

export const otlp: Protocol = {
  recorded({ quarantined }, req) {
    // Nothing is ever rejected: a sender drops what is.
    const warning = quarantined === 0 ? undefined : `${quarantined} could not be read and were recorded as they came`;
    if (!isProtobuf(req)) {
      return {
        type: JSON_TYPE,
        body: JSON.stringify(warning === undefined ? {} : { partialSuccess: { errorMessage: warning } }),
      };
    }
    const body =
      warning === undefined ? new Uint8Array(0) : bytesField(PARTIAL_SUCCESS, bytesField(ERROR_MESSAGE, utf8(warning)));
    return { type: PROTOBUF_TYPE, body };
  },
  refused({ status, detail }, req) {
    const code = CODES[status] ?? UNKNOWN;
    if (!isProtobuf(req)) return { type: JSON_TYPE, body: JSON.stringify({ code, message: detail }) };
    return {
      type: PROTOBUF_TYPE,
      body: concat(Uint8Array.of(STATUS_CODE, code), bytesField(STATUS_MESSAGE, utf8(detail))),
    };
  },
};

/** Whoever says nothing of an encoding is answered in the one that people can read. */
function isProtobuf({ headers }: IncomingMessage): boolean {
  return /protobuf/i.test(headers["content-type"] ?? "");
}

function bytesField(tag: number, value: Uint8Array): Uint8Array {
  const head = new Uint8Array(1 + varintLength(value.length));
  head[0] = tag;
  writeVarint(head, 1, value.length);
  return concat(head, value);
}
