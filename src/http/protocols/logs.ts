/** Answers for senders of logs: receipts; and for Okta, which asks once whether an event hook is wanted, what it wants to hear. */

import { plain } from "./plain.ts";
import type { Protocol } from "./protocol.ts";

/** https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request */
const CHALLENGE = "x-okta-verification-challenge";

export const logs: Protocol = {
  ...plain,
  greeted: ({ headers }) => {
    const challenge = headers[CHALLENGE];
    return typeof challenge === "string" ? { body: JSON.stringify({ verification: challenge }) } : undefined;
  },
};
