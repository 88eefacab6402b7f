/** The forms of what foreign protocols answer, as far as they are not the API's own. */

import * as z from "zod";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** An acknowledgement as a text; some clients keep them so. */
export const ACK_TEXT = /^[0-9]{1,15}$/;

export const FOREIGN_SCHEMAS = {
  Foreign: z.unknown().meta({ description: "Whatever the sender sends" }),
  HecAnswer: z.strictObject({
    text: z.string(),
    code: z.int().meta({ description: "As Splunk numbers its answers: 0 is success, 17 is healthy" }),
    ackId: count.optional().meta({ description: "What to ask for at /services/collector/ack" }),
  }),
  HecQuestion: z.looseObject({ acks: z.array(z.union([count, z.string().regex(ACK_TEXT)])) }),
  HecAcks: z.strictObject({ acks: z.record(z.string(), z.boolean()) }),
  OtlpAnswer: z.strictObject({
    partialSuccess: z.strictObject({ errorMessage: z.string() }).optional().meta({
      description: "Absent when all is well; what is quarantined is told here, nothing is ever rejected",
    }),
  }),
  OtlpStatus: z.strictObject({ code: z.int().meta({ description: "Of google.rpc.Code" }), message: z.string() }),
  FirehoseAnswer: z.strictObject({
    requestId: z.string(),
    timestamp: count.meta({ description: "Milliseconds since 1970" }),
    errorMessage: z.string().optional(),
  }),
  GridAnswer: z
    .strictObject({ validationResponse: z.string() })
    .meta({ description: "To Azure Event Grid, which asks once whether its events are wanted" }),
  OktaAnswer: z
    .strictObject({ verification: z.string() })
    .meta({ description: "To Okta, which asks once whether an event hook is wanted" }),
} as const;
