/** A line of text as an event: when it says when, and of whom a syslog header in front of it or the request says that it is. */

import type { Delivery } from "../../format.ts";
import { asMessage, asText, type JsonObject, known } from "../../text/foreign-values.ts";
import { foreignTime } from "../../text/times.ts";

const HOST = "x-syslog-host";
const PROGRAM = "x-syslog-program";
const FACILITY = "x-syslog-facility";
const LEVEL = "x-syslog-level";

/** What syslog-ng says of a line in the request that it sends it in. */
export const SYSLOG_HEADERS: readonly string[] = [HOST, PROGRAM, FACILITY, LEVEL];

/** A time with its zone, as the patterns of logging libraries begin with it. */
const TIME = /\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z\b|UTC\b|[+-]\d\d:?\d\d))/;
/** How far into a line it is looked for. */
const HEAD_LENGTH = 96;
/** The beginning of RFC 5424: priority, version, time, host and application. */
const SYSLOG = /^<(\d{1,3})>1 \S+ (\S{1,255}) (\S{1,48}) /;
/** What RFC 5424 puts where nothing is known. */
const NIL = "-";

export function lineEvent(text: string, headers: Delivery["headers"]): JsonObject {
  const [, priority, saidHost, saidProgram] = SYSLOG.exec(text) ?? [];
  const host = notNil(saidHost) ?? asText(headers[HOST]);
  const program = notNil(saidProgram) ?? asText(headers[PROGRAM]);
  const details = {
    priority: priority === undefined ? undefined : Number(priority),
    facility: asText(headers[FACILITY]),
    level: asText(headers[LEVEL]),
  };
  const metadata = known(details);
  return known({
    action: "log.line",
    time: foreignTime(TIME.exec(text.slice(0, HEAD_LENGTH))?.[0]),
    actor: host === undefined && program === undefined ? undefined : { type: "system", id: host ?? program },
    source: program,
    message: asMessage(text),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  });
}

function notNil(value: string | undefined): string | undefined {
  return value === NIL ? undefined : asText(value);
}
