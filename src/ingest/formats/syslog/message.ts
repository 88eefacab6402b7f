/**
 * One message of syslog, read: RFC 5424, and what came before it (RFC 3164 and its many spellings), which is what the rest
 * is taken for that has a priority. What a message does not say is not made up: no year, no zone, no host.
 */

import { asTime } from "../../text/times.ts";
import { readStructuredData, type StructuredData } from "./structured-data.ts";

export type SyslogMessage = {
  /** 0 to 191: eight times the facility, and the severity. */
  readonly priority: number;
  /** Whether it has the header of RFC 5424. */
  readonly isModern: boolean;
  /** RFC 3339, where it says all of it. */
  readonly time?: string | undefined;
  /** The time as it is spelled, where it does not say the year or the zone. */
  readonly timestamp?: string | undefined;
  readonly host?: string | undefined;
  readonly app?: string | undefined;
  readonly procid?: string | undefined;
  readonly msgid?: string | undefined;
  readonly data?: StructuredData | undefined;
  readonly text: string;
};

const PRIORITY = /^<(\d{1,3})>/;
const PRIORITY_MAX = 191;
const VERSION = /^1 /;
/** Timestamp, host, application, process and message ids: nothing of them holds a space. */
const FIELDS = 5;
/** Of what RFC 3164 calls a tag; anything longer is text. */
const TAG = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{0,128})\])?: ?/;
const BSD_TIME =
  /^((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?) /;
const ISO_TIME = /^(\d{4}-\d\d-\d\dT[\d:.+Zz-]{5,32}) /;
const HOST = /^([^\s:[\]]{1,255}|[0-9A-Fa-f:.]{2,45}) /;
const NONE = "-";
const BYTE_ORDER_MARK = "\ufeff";
const ENDS = /[\r\n\0]+$/;

/** Reads a message; undefined when it has no priority, so that it is no message of syslog. */
export function readMessage(whole: string): SyslogMessage | undefined {
  const match = PRIORITY.exec(whole);
  if (match === null || Number(match[1]) > PRIORITY_MAX) return undefined;
  const priority = Number(match[1]);
  const rest = withoutEnds(whole.slice(match[0].length));
  return (VERSION.test(rest) ? readModern(priority, rest.slice(2)) : undefined) ?? readOld(priority, rest);
}

/** RFC 5424 §6; undefined when it is not that. */
function readModern(priority: number, header: string): SyslogMessage | undefined {
  const fields: string[] = [];
  let at = 0;
  while (fields.length < FIELDS) {
    const end = header.indexOf(" ", at);
    if (end <= at) return undefined;
    fields.push(header.slice(at, end));
    at = end + 1;
  }
  const [spelled, host, app, procid, msgid] = fields as [string, string, string, string, string];
  const time = asTime(spelled);
  if (time === undefined && spelled !== NONE) return undefined;
  const structured = readStructuredData(header, at);
  return {
    priority,
    isModern: true,
    time,
    host: orNone(host),
    app: orNone(app),
    procid: orNone(procid),
    msgid: orNone(msgid),
    data: structured?.data,
    // What is not structured as it should be is text, so that it can be searched.
    text: textOf(header.slice(structured?.end ?? at)),
  };
}

function readOld(priority: number, whole: string): SyslogMessage {
  const iso = ISO_TIME.exec(whole);
  const found = iso ?? BSD_TIME.exec(whole);
  let rest = found === null ? whole : whole.slice(found[0].length);
  const time = iso === null ? undefined : asTime(iso[1]);
  // Where no time is in front, no host is either.
  const host = found === null || TAG.test(rest) ? undefined : HOST.exec(rest)?.[1];
  if (host !== undefined) rest = rest.slice(host.length + 1);
  const tag = TAG.exec(rest);
  return {
    priority,
    isModern: false,
    time,
    timestamp: time === undefined ? found?.[1] : undefined,
    host,
    app: tag?.[1],
    procid: tag?.[2],
    text: tag === null ? rest : rest.slice(tag[0].length),
  };
}

/** A message behind its header: rsyslog puts one more space in front, others a byte order mark (RFC 5424 §6.4). */
function textOf(rest: string): string {
  let text = rest.startsWith(" ") ? rest.slice(1) : rest;
  if (text.startsWith(BYTE_ORDER_MARK)) return text.slice(1);
  if (text.startsWith(" ")) text = text.slice(1);
  return text;
}

function orNone(field: string): string | undefined {
  return field === NONE ? undefined : field;
}

/** Some count the end of a line in, or send a NUL. Not a pattern over the whole text, which would take its square. */
function withoutEnds(text: string): string {
  const last = text.slice(-4);
  return ENDS.test(last) ? text.slice(0, text.length - last.length) + last.replace(ENDS, "") : text;
}
