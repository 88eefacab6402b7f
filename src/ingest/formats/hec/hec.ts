/**
 * Splunk's HTTP Event Collector, as its clients and Docker's `splunk` driver use it: envelopes, JSON objects right after one
 * another, whatever content type they are sent under; or lines of text, about which the query says more.
 */

import { type Delivery, type Format, type Item, unreadable } from "../../format.ts";
import { jsonParts, lineParts } from "../../text/byte-parts.ts";
import { envelopeItem, lineItem } from "./envelope.ts";

const USER_AGENT = "user-agent";
/** What Docker's driver sends as; it knows no path but this one. */
const DOCKER_AGENT = "Go-http-client/";
const DOCKER_ROUTE = "event/1.0";

export const hec: Format = {
  name: "hec",
  headers: [USER_AGENT],
  query: ["time", "host", "source", "sourcetype", "index"],
  // The next try of Docker's driver holds what was not taken together with what is new, and none of it has an id.
  repeats: ({ headers, route }) => {
    return route === DOCKER_ROUTE && headers[USER_AGENT]?.startsWith(DOCKER_AGENT) === true ? "items" : "requests";
  },
  *items(body: Uint8Array, { query, route }: Delivery): Iterable<Item> {
    if (route === "raw") {
      for (const part of lineParts(body)) yield "bytes" in part ? unreadable(part.bytes) : lineItem(part.text, query);
      return;
    }
    for (const part of jsonParts(body)) {
      if ("bytes" in part) yield unreadable(part.bytes);
      else yield "value" in part ? envelopeItem(part.text, part.value, query) : unreadable(part.text);
    }
  },
};
