/**
 * Answers for AWS: Firehose wants the id of its request back, with the time (https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html);
 * EventBridge and SNS look at nothing but the status.
 */

import type { IncomingMessage } from "node:http";
import { plain } from "./plain.ts";
import type { Protocol } from "./protocol.ts";

const REQUEST_ID = "x-amz-firehose-request-id";
const JSON_TYPE = "application/json";

export const aws: Protocol = {
  recorded: (recorded, req) => {
    const id = requestIdOf(req);
    if (id === undefined) return plain.recorded(recorded, req);
    const timestamp = 1000 * (recorded.checkpoint?.signedAt ?? Math.floor(Date.now() / 1000));
    return { type: JSON_TYPE, body: JSON.stringify({ requestId: id, timestamp }) };
  },
  refused: (refusal, req) => {
    const id = requestIdOf(req);
    if (id === undefined) return plain.refused(refusal, req);
    const answer = { requestId: id, timestamp: Date.now(), errorMessage: refusal.detail };
    return { type: JSON_TYPE, body: JSON.stringify(answer) };
  },
};

function requestIdOf({ headers }: IncomingMessage): string | undefined {
  const id = headers[REQUEST_ID];
  return typeof id === "string" ? id : undefined;
}
