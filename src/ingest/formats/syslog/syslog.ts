/**
 * Syslog: messages of RFC 5424 and of what came before it, as listeners get them and as a body that is framed as a connection
 * is. What has no priority is a JSON object of a log library, or quarantined.
 */

import { isPrintable } from "../../../entry/schema.ts";
import { fromUtf8 } from "../../../merkle/bytes.ts";
import { type Format, type Item, unreadable } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { asObject, asText, firstText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { readForeign } from "../../text/json-values.ts";
import { namedMembers } from "../../text/log-record.ts";
import { timeOfCount } from "../../text/times.ts";
import { FrameSplitter, type SyslogFrame } from "./frames.ts";
import { readMessage, type SyslogMessage } from "./message.ts";

/** RFC 5424 §6.2.1; the first that a system names otherwise is called as most name it. */
const FACILITIES =
  "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7".split(
    " ",
  );
const SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
/** Of an application and a message id in an action. */
const NAME_MAX = 120;
/** A body is one request, which is bounded as such. */
const BODY_MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export const syslog: Format = {
  name: "syslog",
  headers: [],
  query: [],
  items(body: Uint8Array): Iterable<Item> {
    const items: Item[] = [];
    const splitter = new FrameSplitter(BODY_MESSAGE_BYTES_MAX, (frame) => items.push(itemOfFrame(frame)));
    splitter.push(body);
    splitter.end();
    return items;
  },
};

/**
 * One message as an item.
 * @param source what `_source` says of how it came; the same object for all that came alike
 */
export function itemOfFrame({ bytes, part, isIncomplete }: SyslogFrame, source?: JsonObject): Item {
  const exact = readText(bytes);
  const raw = exact ?? bytes;
  const more = moreOf(source, part, isIncomplete);
  // Only the first part of a message has its header, and which is the last nobody knows yet.
  const item = part !== undefined ? unreadable(raw) : itemOfText(raw, exact ?? fromUtf8(bytes));
  return more === undefined ? item : { ...item, source: more };
}

function moreOf(
  source: JsonObject | undefined,
  part: number | undefined,
  isIncomplete: true | undefined,
): JsonObject | undefined {
  if (part === undefined && isIncomplete === undefined) return source;
  return { ...source, ...known({ part, incomplete: isIncomplete }) };
}

function itemOfText(raw: Item["raw"], text: string): Item {
  const message = readMessage(text);
  if (message !== undefined) return { raw, event: eventOfMessage(message) };
  const record = text.startsWith("{") ? asObject(readForeign(text)?.value) : undefined;
  return record === undefined ? unreadable(raw) : { raw, event: eventOfRecord(record) };
}

function eventOfMessage(message: SyslogMessage): JsonObject {
  const { priority, time, timestamp, host, app, procid, msgid, data, text } = message;
  return known({
    action: actionOf(app, msgid),
    time,
    actor: systemOf(host ?? app, host === undefined ? undefined : app),
    message: text === "" ? undefined : text,
    metadata: known({
      severity: SEVERITIES[priority & 7],
      facility: FACILITIES[priority >> 3],
      priority,
      timestamp,
      host,
      app,
      procid,
      msgid,
      structured_data: data,
    }),
  });
}

/** A program, on a host; undefined where neither is named. */
function systemOf(id: string | undefined, name?: string): JsonObject | undefined {
  return id === undefined ? undefined : known({ type: "system", id, name });
}

function actionOf(app: string | undefined, msgid: string | undefined): string {
  const names = [app, msgid].filter((name) => asText(name, NAME_MAX) !== undefined && isPrintable(name as string));
  return names.length === 0 ? "syslog.message" : ["syslog", ...names].join(".");
}

/** What log libraries write that know lines of JSON and no syslog, such as pino's socket. */
function eventOfRecord(record: JsonObject): JsonObject {
  const { action, actor, time, message, more } = namedMembers(record);
  return known({
    ...more,
    action: action ?? "log.record",
    actor: actor ?? systemOf(firstText(record.hostname, record.host)),
    time: time ?? timeOfCount(record.time, "ms"),
    message,
    metadata: { record: fitForMember(record) },
  });
}
