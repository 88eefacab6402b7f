/**
 * Answers to CloudEvents over HTTP: receipts, as for senders that look at nothing but the status, and the handshake against abuse
 * (HTTP 1.1 Web Hooks for Event Delivery 1.0.2, §4), in which a target says that it wants what a sender is about to send.
 */

import { plain } from "./plain.ts";
import type { Protocol } from "./protocol.ts";

export const cloudevents: Protocol = {
  ...plain,
  // Nothing is granted by that but what the key of a request has to allow anyway, and no pace is asked for.
  handshake: ({ headers }) => {
    const { "webhook-request-origin": origin } = headers;
    if (typeof origin !== "string" || origin === "") return {};
    return { "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*" };
  },
};
